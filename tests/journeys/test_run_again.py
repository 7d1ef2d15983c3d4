"""A pipeline is run again and again, as people work: with other values, edits, a failing cell, a resumed run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.journeys.conftest import Terminal, write
from tests.kernels import Kernel

NOTEBOOK = """
# %% tags=["parameters"]
lowest = 2
# %% [markdown]
# # Load
# %%
import json
from pathlib import Path

import helpers

rows = json.loads(Path("data/rows.json").read_text())
rows = helpers.clean(rows)
# %% [markdown]
# # Scores
# %%
scores = [helpers.score(row) for row in rows if row >= lowest]
assert scores, "no rows are left"
Path("scores.json").write_text(json.dumps(scores))
# %% [markdown]
# # Sum
# %%
total = sum(scores)
print("total:", total)
Path("total.txt").write_text(str(total))
"""
HELPERS = "def clean(rows):\n    return [row for row in rows if row]\n\ndef score(row):\n    return row * 10\n"


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Iterator[Terminal]:
    """A project with a pipeline that has run once."""
    folder = tmp_path_factory.mktemp("again")
    (folder / "data").mkdir()
    (folder / "data" / "rows.json").write_text("[0, 1, 2, 3]")
    (folder / "helpers.py").write_text(HELPERS)
    write(folder, "work.ipynb", NOTEBOOK)
    terminal = Terminal(folder, variables)
    terminal.good("init")
    terminal.good("export", "work.ipynb", "--no-verify")
    terminal.good("run", "pipelines/work")
    yield terminal
    terminal.close()


@pytest.fixture
def restored(terminal: Terminal) -> Iterator[Terminal]:
    """Whatever a test changes is as before afterwards, and so nothing has changed for the next one."""
    yield terminal
    (terminal.folder / "helpers.py").write_text(HELPERS)
    (terminal.folder / "data" / "rows.json").write_text("[0, 1, 2, 3]")


def run(terminal: Terminal, *words: str) -> dict[str, Any]:
    result: dict[str, Any] = terminal.good("run", "pipelines/work", *words)["result"]
    return result


def whys(result: dict[str, Any]) -> dict[str, str]:
    """Why the steps that were executed were."""
    return {step["step"]: step["why"] for step in result["steps"] if not step["is_kept"]}


def test_nothing_changed_makes_no_run_and_names_the_one_there_is(restored: Terminal) -> None:
    before = restored.good("runs")["runs"]
    answer = restored.good("run", "pipelines/work")
    assert not answer["is_new"]
    assert whys(answer["result"]) == {}
    assert restored.good("runs")["runs"] == before
    assert answer["result"]["run"] in {run["id"] for run in before}
    shown = restored.nbmlops("run", "pipelines/work").stdout
    assert "nothing has changed since run" in shown


def test_what_was_read_changed(restored: Terminal) -> None:
    (restored.folder / "data" / "rows.json").write_text("[0, 1, 2, 3, 0]")
    result = run(restored)
    assert whys(result) == {"load": "data/rows.json changed"}, "the same rows are left: what follows is kept"
    kept = next(step for step in result["steps"] if step["step"] == "sum")
    assert restored.good("show", kept["run"])["run"]["tags"]["nbmlops.kept_from"]
    snapshot = restored.good("show", run(restored, "--from", "sum")["run"])["run"]["tags"]["nbmlops.snapshot.data"]
    assert snapshot, "what kept steps had read belongs to the run"


def test_a_function_of_a_helper_changed(restored: Terminal) -> None:
    (restored.folder / "helpers.py").write_text(HELPERS.replace("* 10", "* 100") + "# a comment\n")
    result = run(restored)
    assert whys(result) == {"scores": "helpers.score changed", "sum": "scores changed"}


def test_a_file_that_a_step_had_written_is_brought_back(restored: Terminal) -> None:
    path = restored.folder / "scores.json"
    path.unlink()
    assert whys(run(restored)) == {}
    assert json.loads(path.read_text()) == [20, 30]


def test_a_step_that_was_edited_by_hand_runs_again(restored: Terminal) -> None:
    path = next((restored.folder / "pipelines" / "work" / "steps").glob("*sum.ipynb"))
    before = path.read_text()
    path.write_text(before.replace("sum(scores)", "max(scores)"))
    result = run(restored)
    assert list(whys(result)) == ["sum"]
    assert re.fullmatch(r"cell \d changed", whys(result)["sum"])
    path.write_text(before)


def test_the_plan_executes_nothing(restored: Terminal) -> None:
    before = restored.good("runs")["runs"]
    answer = restored.good("run", "pipelines/work", "--dry-run", "-p", "lowest=3")
    assert {each["step"]: each["action"] for each in answer["plan"]} == {
        "load": "keep", "scores": "run", "sum": "open",
    }  # fmt: skip
    assert answer["result"]["state"] == "waiting"
    assert restored.good("runs")["runs"] == before


def test_what_the_steps_showed_is_in_one_notebook_in_the_order_of_the_source(restored: Terminal) -> None:
    result = run(restored, "--force")
    notebook = nbformat.read(result["notebook"], as_version=4)
    source = nbformat.read(restored.folder / "work.ipynb", as_version=4)
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in source.cells]
    assert "total: 50" in notebook.cells[-1].outputs[0].text
    kept = run(restored, "--from", "sum")
    assert [step["is_kept"] for step in kept["steps"]] == [True, True, False]
    assert "total: 50" in Path(kept["notebook"]).read_text()
    assert all(Path(step["notebook"]).is_file() for step in kept["steps"])


def test_a_failed_run_is_entered_mended_and_resumed(restored: Terminal) -> None:
    failed = restored.nbmlops("run", "pipelines/work", "-p", "lowest=9", "--json")
    error = json.loads(failed.stdout)
    assert "no rows are left" in error["message"]
    assert "nbmlops resume" in error["hint"]
    with Kernel(restored.folder, restored.variables) as kernel:
        kernel.good("%load_ext nbmlops")
        assert "In step scores as when its cell had failed" in kernel.good("%mlops enter").shown
        assert kernel.good("rows, scores, lowest").shown == "([1, 2, 3], [], 9)"
        assert kernel.good("helpers.score(4)").shown == "40"
        kernel.good("scores = 5")
        assert "This notebook has" in kernel.run("%mlops enter").error
        kernel.good("%mlops enter --force")
        assert kernel.good("scores").shown == "[]"
    answer = restored.good("resume", "-p", "lowest=3")
    result = answer["result"]
    assert result["state"] == "done"
    assert [step["step"] for step in result["steps"] if step["is_kept"]] == ["load"]
    assert result["parameters"] == {"lowest": 3}


def test_steps_that_do_not_exist_are_named_with_near_ones(restored: Terminal) -> None:
    done = restored.nbmlops("run", "pipelines/work", "--from", "scoers")
    assert done.returncode != 0
    assert "no step 'scoers'. Did you mean scores?" in done.stderr


def test_a_step_alone_needs_what_the_others_gave(restored: Terminal) -> None:
    done = restored.nbmlops("run", "pipelines/work", "--only", "sum", "-p", "lowest=1")
    assert done.returncode != 0
    assert "nothing is kept of scores" in done.stderr


RULES = """
# %% [markdown]
# # Rules
# %%
made = [number for number in range(3)]
rules = {"double": lambda number: 2 * number, "made": made}
# %% [markdown]
# # Use
# %%
doubled = [rules["double"](number) for number in rules["made"]]
with open("doubled.txt", "w") as file:
    file.write(str(doubled))
"""


def test_functions_of_a_cell_are_the_same_in_every_process(terminal: Terminal) -> None:
    write(terminal.folder, "rules.ipynb", RULES)
    terminal.good("export", "rules.ipynb", "--no-verify")
    first = terminal.good("run", "pipelines/rules")["result"]["steps"]
    assert [step["is_kept"] for step in first] == [False, False]
    again = terminal.good("run", "pipelines/rules", "--only", "rules")["result"]["steps"]
    assert [step["is_kept"] for step in again[:1]] == [False]
    assert all(step["is_kept"] for step in terminal.good("run", "pipelines/rules")["result"]["steps"])
