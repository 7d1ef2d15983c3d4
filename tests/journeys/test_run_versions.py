"""A pipeline is run on the data and with the code of another day; the project stays as it is."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import Terminal, one_line, write
from tests.kernels import Kernel

NOTEBOOK = """
# %% tags=["parameters"]
factor = 2
# %% [markdown]
# # Load
# %%
import json
from pathlib import Path

import helpers

rows = json.loads(Path("data/rows.json").read_text())
# %% [markdown]
# # Sum
# %%
total = helpers.total(rows) * factor
Path("total.txt").write_text(str(total))
get_ipython().run_line_magic("mlops", f"log total={total}")
"""
OLD, NEW = "def total(rows):\n    return sum(rows)\n", "def total(rows):\n    return max(rows)\n"


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=Nobody", "-c", "user.email=nobody@example.org", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Iterator[Terminal]:
    """The pipeline has run on old data with old code; both have changed since, in git too."""
    folder = tmp_path_factory.mktemp("versions")
    (folder / "data").mkdir()
    (folder / "data" / "rows.json").write_text("[1, 2, 3]")
    (folder / "helpers.py").write_text(OLD)
    write(folder, "work.ipynb", NOTEBOOK)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "old")
    terminal = Terminal(folder, variables)
    terminal.good("init")
    terminal.good("export", "work.ipynb", "--no-verify")
    terminal.good("run", "pipelines/work", "--name", "then")
    (folder / "data" / "rows.json").write_text("[10, 20, 30]")
    (folder / "helpers.py").write_text(NEW)
    git(folder, "commit", "-q", "-a", "-m", "new")
    terminal.good("run", "pipelines/work", "--name", "now")
    yield terminal
    terminal.close()


def run(terminal: Terminal, *words: str) -> dict[str, Any]:
    result: dict[str, Any] = terminal.good("run", "pipelines/work", *words)["result"]
    return result


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".nbmlops" not in path.parts and ".git" not in path.parts
    }


@pytest.mark.parametrize(
    ("words", "total"),
    [
        (["--data", "then"], 6.0),
        (["--code", "then"], 120.0),
        (["--data", "then", "--code", "then"], 12.0),
        (["--code", "HEAD~1"], 120.0),
        (["--data", "then", "--code", "HEAD"], 6.0),
    ],
)
def test_a_run_has_the_total_of_its_data_and_its_code(terminal: Terminal, words: list[str], total: float) -> None:
    before = files(terminal.folder)
    result = run(terminal, *words, "--force")
    assert result["metrics"] == {"total": total}
    assert files(terminal.folder) == before, "the project is not touched"
    assert (Path(result["workspace"]) / "total.txt").read_text() == str(int(total))
    shown = terminal.good("show", result["run"])["run"]["tags"]
    for name, word in (("data", "--data"), ("code", "--code")):
        assert shown.get(f"nbmlops.run.{name}", "") == result[name]
        assert bool(result[name]) == (word in words)
    if words[-1].startswith("HEAD"):
        assert result["code"] == git(terminal.folder, "rev-parse", words[-1])
        assert shown["nbmlops.git.commit"] == result["code"]


def test_what_such_a_run_has_read_is_its_data(terminal: Terminal) -> None:
    then = terminal.good("show", "then")["run"]["tags"]["nbmlops.snapshot.data"]
    result = run(terminal, "--data", "then", "--force")
    tags = terminal.good("show", result["run"])["run"]["tags"]
    assert tags["nbmlops.snapshot.data"] == then == result["data"]
    assert "nbmlops.snapshot.problem" not in tags


def test_steps_are_kept_where_the_files_are_as_they_were(terminal: Terminal) -> None:
    """Both data and code as in the first run: nothing has to be executed, there or here."""
    answer = terminal.good("run", "pipelines/work", "--data", "then", "--code", "then")
    assert not answer["is_new"]
    assert answer["result"]["metrics"] == {"total": 12.0}
    answer = terminal.good("run", "pipelines/work")
    assert not answer["is_new"], "what runs in workspaces leave does not stand for the project's own"
    assert answer["result"]["metrics"] == {"total": 60.0}
    assert (terminal.folder / "total.txt").read_text() == "60"


def test_other_parameters_on_old_data_run_only_what_depends_on_them(terminal: Terminal) -> None:
    result = run(terminal, "--data", "then", "--code", "then", "-p", "factor=5")
    assert {step["step"]: step["is_kept"] for step in result["steps"]} == {"load": True, "sum": False}
    assert result["metrics"] == {"total": 30.0}


def test_a_dry_run_lays_out_nothing_that_stays(terminal: Terminal) -> None:
    before = {path.name for path in (terminal.folder / ".nbmlops" / "runs").iterdir()}
    answer = terminal.good("run", "pipelines/work", "--data", "then", "--dry-run", "-p", "factor=7")
    assert {each["step"]: each["action"] for each in answer["plan"]} == {"load": "keep", "sum": "run"}
    assert {path.name for path in (terminal.folder / ".nbmlops" / "runs").iterdir()} == before


def test_a_run_that_broke_there_goes_on_there(terminal: Terminal) -> None:
    done = terminal.nbmlops("run", "pipelines/work", "--data", "then", "--name", "broken", "-p", "factor=11", "--json")
    assert done.returncode == 0
    resumed = terminal.good("resume", "broken", "-p", "factor=13")["result"]
    assert resumed["metrics"] == {"total": 39.0}
    assert resumed["data"] == json.loads(done.stdout)["result"]["data"]


def test_a_notebook_may_run_it_too(terminal: Terminal) -> None:
    before = files(terminal.folder)
    with Kernel(terminal.folder, terminal.variables) as kernel:
        kernel.run("%load_ext nbmlops")
        reply = kernel.run("_ = %mlops run pipelines/work --data then -p factor=17", seconds=240)
        assert reply.error == ""
    kept = max((terminal.folder / ".nbmlops" / "runs").glob("*/result.json"), key=lambda path: path.stat().st_mtime)
    result = json.loads(kept.read_text())
    assert result["metrics"] == {"total": 51.0}
    tags = terminal.good("show", result["run"])["run"]["tags"]
    assert tags["nbmlops.run.data"] == tags["nbmlops.snapshot.data"] == result["data"]
    assert files(terminal.folder) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--data", "never-taken"], "There is no snapshot or run 'never-taken'"),
        (["--code", "never-taken"], "There is no snapshot, run or commit 'never-taken'"),
        (["--data", "code"], "is a snapshot of code, not of data"),
        (["--code", "data"], "is a snapshot of data, not of code"),
    ],
)
def test_what_cannot_be_laid_out_is_refused_in_one_line(terminal: Terminal, words: list[str], says: str) -> None:
    before = {path.name for path in (terminal.folder / ".nbmlops" / "runs").iterdir()}
    done = terminal.nbmlops("run", "pipelines/work", *words)
    assert done.returncode != 0
    assert says in one_line(done)
    assert {path.name for path in (terminal.folder / ".nbmlops" / "runs").iterdir()} == before


def test_a_file_that_is_in_no_snapshot_is_not_there(terminal: Terminal) -> None:
    """Otherwise the run would rest on the project as it is now, unnoticed."""
    (terminal.folder / "other.json").write_text("[5]")
    taken = terminal.good("snapshot", "other.json")["record"]["snapshot"]
    done = terminal.nbmlops("run", "pipelines/work", "--data", taken)
    assert done.returncode == 6
    assert "data/rows.json" in one_line(done)
    (terminal.folder / "other.json").unlink()
