"""Fixtures for the doors: an isolated environment, a project with a run, a snapshot and a pipeline in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus

from nbmlops.doors.cli.main import run as cli
from nbmlops.project import Project
from nbmlops.testing.notebooks import notebook_file
from nbmlops.track.lists import find_run
from tests import isolation

NOTEBOOK = """
# %% [markdown]
# # Count
# %% tags=["parameters"]
factor = 2  # what each number is multiplied by
# %%
from pathlib import Path
numbers = [int(line) for line in Path("data/numbers.txt").read_text().split()]
# %%
total = sum(number * factor for number in numbers)
print(total)
"""


@pytest.fixture(scope="session")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of every process that these tests start."""
    return isolation.environment(tmp_path_factory.mktemp("home"), isolation.shared_cache(tmp_path_factory))


@pytest.fixture(autouse=True)
def isolated(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolation.apply(monkeypatch, variables)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Path:
    """A project whose notebook was tracked, its data kept, and a pipeline made. To be copied, not changed."""
    root = tmp_path_factory.mktemp("projects") / "counting"
    (root / "data").mkdir(parents=True)
    (root / "data" / "numbers.txt").write_text("1\n2\n3\n")
    (root / "count.ipynb").write_text(notebook_file(NOTEBOOK))
    with pytest.MonkeyPatch.context() as patch:
        isolation.apply(patch, variables)
        patch.chdir(root)
        assert cli(["init"]) == 0
        batch = [sys.executable, "-m", "papermill", "count.ipynb", "out.ipynb", "--engine", "nbmlops"]
        subprocess.run([*batch, "--no-progress-bar"], check=True, capture_output=True, env=variables, cwd=root)
        _log_model(root)
        assert cli(["snapshot", "data", "-m", "first"]) == 0
        assert cli(["export", "count.ipynb", "--no-verify"]) == 0
    return root


def _log_model(root: Path) -> None:
    """A model of the run, as MLflow's registry asks for: there is nothing in it but its description."""
    project = Project(root)
    run = find_run(project.uri, "count")
    client = MlflowClient(project.uri)
    experiment = client.get_run(run.id).info.experiment_id
    made = client.create_logged_model(experiment, name="model", source_run_id=run.id)
    place = Path(made.artifact_location.removeprefix("file://"))
    place.mkdir(parents=True)
    (place / "MLmodel").write_text("flavors: {}\n")
    client.finalize_logged_model(made.model_id, LoggedModelStatus.READY)


@pytest.fixture
def project(counted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to work in."""
    monkeypatch.chdir(copy_of(counted, tmp_path / "project"))
    return tmp_path / "project"


def copy_of(project: Path, target: Path) -> Path:
    shutil.copytree(project, target)
    return target


Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """`say("runs", "--json")` -> exit code, standard output, standard error; in this process."""

    def said(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return said


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    """Of the Jupyter server that tests of REST start in their process."""
    return {
        "ServerApp": {
            "jpserver_extensions": {"nbmlops": True},
            "allow_unauthenticated_access": False,
        }
    }


@pytest.fixture
def root(jp_root_dir: Path, counted: Path) -> Path:
    """That server's folder, with a project in it."""
    copy_of(counted, jp_root_dir / "counting")
    (jp_root_dir.parent / "outside").mkdir()
    return jp_root_dir
