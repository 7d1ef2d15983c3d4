from __future__ import annotations

import json
from datetime import UTC, datetime

import nbformat
import pytest

from nbmlops.model.cell import Execution, Outcome
from nbmlops.model.trace import CellOutputs
from nbmlops.replay.judge import comparable
from nbmlops.snapshot.code import code_contents, executed_notebook


def ran(source: str, count: int = 1, **more: object) -> Execution:
    facts: dict[str, object] = {
        "id": f"e{count}",
        "session": "s",
        "notebook": "n.ipynb",
        "order": count,
        "count": count,
        "cell_id": "c1",
        "source": source,
        "started": datetime(2026, 1, count, tzinfo=UTC),
        "seconds": 0.1 * count,
    }
    return Execution(**{**facts, **more})  # type: ignore[arg-type]


def test_what_ran_is_a_valid_notebook_in_the_order_in_which_it_ran() -> None:
    data = executed_notebook([ran("x = 'é'", 2), ran("1/0", 5, outcome=Outcome.ERROR)])
    notebook = nbformat.reads(data.decode(), as_version=4)
    nbformat.validate(notebook)
    assert [(cell.source, cell.execution_count) for cell in notebook.cells] == [("x = 'é'", 2), ("1/0", 5)]
    assert notebook.cells[1].metadata == {"nbmlops": {"cell": "c1", "outcome": "error"}}


def test_running_the_same_again_later_gives_the_same_bytes() -> None:
    later = ran("x", 1, id="other", started=datetime(2027, 1, 1, tzinfo=UTC), seconds=9.0, session="t")
    assert executed_notebook([ran("x", 1)]) == executed_notebook([later])


def test_secrets_are_not_kept() -> None:
    (cell,) = json.loads(executed_notebook([ran('password = "hunter2"')]))["cells"]
    assert cell["source"] == 'password = "[redacted]"'


@pytest.mark.parametrize(
    ("notebook", "path"),
    [("work/wine.ipynb", "work/wine.executed.ipynb"), ("", "executed.ipynb"), ("odd", "odd.executed.ipynb")],
)
def test_the_executed_notebook_never_takes_the_place_of_the_users_own(notebook: str, path: str) -> None:
    assert list(code_contents(notebook, [ran("x")])) == [path]


def test_what_cells_showed_is_in_it_with_a_line_for_what_was_too_much() -> None:
    printed = {"output_type": "stream", "name": "stdout", "text": "a\n"}
    outputs = {
        "e1": CellOutputs(execution="e1", outputs=(printed,)),
        "e2": CellOutputs(execution="e2", outputs=(printed,), left_out=12_345_678),
    }
    data = executed_notebook([ran("x", 1), ran("y", 2), ran("z", 3)], outputs=outputs).decode()
    nbformat.validate(nbformat.reads(data, as_version=4))
    whole, cut, silent = (cell["outputs"] for cell in json.loads(data)["cells"])
    assert (whole, silent) == ([printed], [])
    text = "nbmlops left out 12,345,678 bytes of this cell's output: more than it keeps of one cell.\n"
    assert cut == [printed, {"output_type": "stream", "name": "stderr", "text": text}]


def test_the_line_for_what_was_too_much_is_nothing_that_replays_compare() -> None:
    kept = {"e1": CellOutputs(execution="e1", outputs=(), left_out=9_000_000)}
    (cell,) = json.loads(executed_notebook([ran("x")], outputs=kept))["cells"]
    assert cell["outputs"]
    assert comparable(cell["outputs"]) == []
