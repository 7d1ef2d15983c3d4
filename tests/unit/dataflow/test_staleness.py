"""Which cells no longer fit: small sessions, written as who reads and writes what."""

from __future__ import annotations

from datetime import UTC, datetime

from nbmlops.dataflow.staleness import stale_cells
from nbmlops.model.cell import Execution, FileUse, Outcome

Run = tuple[str, str, str, str]
"""Cell id, source, names read, names written."""


def log(*runs: Run, files: dict[int, tuple[FileUse, ...]] | None = None) -> list[Execution]:
    return [
        Execution(
            id=f"e{order}",
            session="s",
            notebook="n.ipynb",
            order=order,
            count=order,
            cell_id=cell,
            source=source,
            started=datetime(2026, 1, 1, tzinfo=UTC),
            seconds=0.0,
            reads=tuple(reads.split()),
            writes=tuple(writes.split()),
            inputs=(files or {}).get(order, ()),
        )
        for order, (cell, source, reads, writes) in enumerate(runs, 1)
    ]


def told(executions: list[Execution], saved: dict[str, str] | None = None, *changed: str) -> dict[str, tuple[str, ...]]:
    found = stale_cells(executions, saved=saved or {}, has_changed=lambda path, size, modified_ns: path in changed)
    return {each.cell: each.reasons for each in found}


LINE = (("a", "x = 1", "", "x"), ("b", "y = x + 1", "x", "y"), ("c", "print(y)", "y", ""))


def test_a_notebook_run_from_the_top_fits() -> None:
    assert told(log(*LINE)) == {}


def test_running_a_changed_cell_makes_what_reads_it_stale_and_what_reads_that() -> None:
    assert told(log(*LINE, ("a", "x = 2", "", "x"))) == {
        "b": ("x was made anew by cell [4]",),
        "c": ("y comes from a cell that is stale: cell [2]",),
    }


def test_running_the_same_cell_again_changes_nothing() -> None:
    assert told(log(*LINE, ("a", "x = 1", "", "x"))) == {}


def test_running_the_rest_again_mends_it() -> None:
    assert told(log(*LINE, ("a", "x = 2", "", "x"), *LINE[1:])) == {}


def test_a_cell_edited_and_not_run_is_stale_with_all_below_it() -> None:
    saved = {"a": "x = 5", "b": "y = x + 1", "c": "print(y)"}
    assert told(log(*LINE), saved) == {
        "a": ("edited since it ran",),
        "b": ("x comes from a cell that is stale: cell [1]",),
        "c": ("y comes from a cell that is stale: cell [2]",),
    }


def test_a_changed_file_makes_its_reader_stale_but_not_what_does_not_read_it() -> None:
    use = FileUse(path="a.csv", size=3, modified_ns=1)
    executions = log(("a", "d = read()", "", "d"), ("b", "k = 1", "", "k"), files={1: (use,)})
    assert told(executions, None, "a.csv") == {"a": ("a.csv changed since it was read",)}
    assert told(executions) == {}


def test_what_was_read_from_below_is_told() -> None:
    executions = log(("a", "d = 1", "", "d"), ("b", "show(d)", "d", ""), ("c", "d = d + 1", "d", "d"),
                     ("b", "show(d)", "d", ""))  # fmt: skip
    saved = {"a": "d = 1", "b": "show(d)", "c": "d = d + 1"}
    assert told(executions, saved) == {"b": ("it read d as cell [3] had left it, which stands below",)}


def test_a_cell_that_failed_counts_for_nothing() -> None:
    executions = log(*LINE, ("a", "x = 2", "", "x"))
    from msgspec.structs import replace

    executions[-1] = replace(executions[-1], outcome=Outcome.ERROR)
    assert told(executions) == {}


def test_a_deleted_cell_is_not_looked_at() -> None:
    assert told(log(*LINE), {"b": "y = x + 1", "c": "print(y)"}) == {}


def test_parameters_that_were_put_into_a_batch_run_stand_where_they_ran() -> None:
    executions = log(("a", "k = 1", "", "k"), ("injected", "k = 5", "", "k"), ("b", "show(k)", "k", ""))
    saved = {"a": "k = 1", "b": "show(k)"}
    found = stale_cells(executions, saved=saved, has_changed=lambda *file: False, is_batch=True)
    assert found == ()
