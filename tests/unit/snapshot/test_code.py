from __future__ import annotations

import json
from datetime import UTC, datetime

import nbformat
import pytest

from nbmlops.lib.digest import digest_bytes
from nbmlops.model.cell import Execution, Outcome
from nbmlops.model.snapshot import Entry
from nbmlops.snapshot.code import code_entries, executed_notebook


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
    module = Entry(path="zoo.py", digest="d", size=1)
    entries, contents = code_entries(notebook, [ran("x")], [module, module])
    assert list(contents) == [path]
    content = contents[path]
    assert entries == (Entry(path=path, digest=digest_bytes(content), size=len(content)), module)
