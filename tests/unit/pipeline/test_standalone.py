"""One step by itself, as a container executes it."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from nbmlops.errors import NotFoundError
from nbmlops.model.documents import identity
from nbmlops.pipeline.handoff import read
from nbmlops.pipeline.standalone import provide
from nbmlops.track.lists import list_runs
from tests.ports.torture import SECRET, TORTURES, Torture, laid_out


def started(
    project: Path, workspace: Path, step: str, *more: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nbmlops.pipeline.standalone", "--project", str(project)]
    command += ["--pipeline", "pipelines/torture", "--workspace", str(workspace), "--step", step, *more]
    return subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=120, check=False
    )


def torture(words: str) -> Torture:
    return next(each for each in TORTURES if words in each.name)


def test_a_step_says_what_it_does_and_leaves_notebook_page_and_result(tmp_path: Path) -> None:
    project = tmp_path / "project"
    laid_out(torture("relative paths"), project)
    page, notebook = tmp_path / "kept" / "page.html", tmp_path / "kept" / "notebook.ipynb"
    done = started(project, tmp_path / "run", "load", "--keep-page", str(page), "--keep-notebook", str(notebook))
    assert done.returncode == 0, done.stderr
    assert "load: cell 2 of " in done.stdout
    assert json.loads((tmp_path / "run" / "work" / "results" / "load.json").read_text())["state"] == "done"
    assert "<html" in page.read_text()
    assert json.loads(notebook.read_text())["cells"]
    # The image's project stays as it was.
    assert sorted(os.listdir(project)) == ["data", "pipelines", "work.ipynb"]


def test_a_missing_secret_fails_the_step_by_name(tmp_path: Path) -> None:
    project = tmp_path / "project"
    laid_out(torture("`secrets`"), project)
    done = started(project, tmp_path / "run", "read")
    assert done.returncode == 1
    assert f"the environment variable {SECRET} is not set" in done.stderr


def test_a_step_has_a_run_where_the_container_knows_mlflow(tmp_path: Path) -> None:
    project = tmp_path / "project"
    laid_out(torture("relative paths"), project)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    done = started(project, tmp_path / "run", "load", MLFLOW_TRACKING_URI=uri)
    assert done.returncode == 0, done.stderr
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        query = "select e.name, r.status from runs r join experiments e using (experiment_id)"
        assert database.execute(query).fetchall() == [("test", "FINISHED")]


def test_a_step_says_in_mlflow_what_it_is_and_whose(tmp_path: Path) -> None:
    project = tmp_path / "project"
    pipeline, _ = laid_out(torture("relative paths"), project)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    done = started(project, tmp_path / "run", "load", "--run", "wine-x7k2p", MLFLOW_TRACKING_URI=uri)
    assert done.returncode == 0, done.stderr
    (run,) = list_runs(uri, tags={"nbmlops.orchestrated": "wine-x7k2p"})
    assert (run.name, run.tags["nbmlops.kind"], run.tags["nbmlops.step"]) == ("load", "step", "load")
    assert run.tags["nbmlops.pipeline"] == identity(pipeline)
    assert run.tags["nbmlops.notebook"].endswith(".ipynb")


def test_a_container_does_not_end_before_all_is_in_mlflow(tmp_path: Path) -> None:
    project = tmp_path / "project"
    text = """
    # %% tags=["keep"]
    from pathlib import Path
    from nbmlops.doors.magics import extension
    Path("patience.txt").write_text(str(extension._loaded.patience))
    """
    laid_out(Torture(name="patience", text=textwrap.dedent(text), states={"analysis": "done"}), project)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    done = started(project, tmp_path / "run", "analysis", MLFLOW_TRACKING_URI=uri)
    assert done.returncode == 0, done.stderr
    assert float((tmp_path / "run" / "project" / "patience.txt").read_text()) >= 600


def test_what_the_container_sets_wins_over_the_file(tmp_path: Path) -> None:
    project = tmp_path / "project"
    laid_out(torture("`env`"), project)
    done = started(project, tmp_path / "run", "read", GREETING="from the manifest")
    assert done.returncode == 0, done.stderr
    found = read(tmp_path / "run" / "work" / "handoff" / "read", ("found",))["found"]
    assert found == ("from the manifest", "1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["load", "-p", "m=1"], "has no parameter 'm'"),
        (["laod"], "has no step 'laod'. It has: load, use."),
    ],
)
def test_what_cannot_be_is_one_line(arguments: list[str], words: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    laid_out(torture("relative paths"), project)
    done = started(project, tmp_path / "run", *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_an_image_without_the_project_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no project in"):
        provide(tmp_path / "absent", tmp_path / "run" / "project")


def test_steps_that_begin_at_once_share_one_copy_of_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for number in range(200):
        (project / f"folder {number}").mkdir(parents=True)
        (project / f"folder {number}" / "file").write_text(str(number))
    target = tmp_path / "run" / "project"
    errors: list[BaseException] = []

    def one() -> None:
        try:
            provide(project, target)
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(list(target.rglob("file"))) == 200
    assert os.listdir(target.parent) == ["project"], "nothing half-made is left"
