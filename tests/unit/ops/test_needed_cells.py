"""What a run's cell needs of what ran before it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from nbmlops.errors import NotebookError
from nbmlops.model.cell import Execution, FileUse, Outcome
from nbmlops.model.run import RunView, Tags
from nbmlops.model.snapshot import Scope
from nbmlops.model.trace import SessionTrace, Trace
from nbmlops.ops.needed_cells import needed_cells, needed_part
from nbmlops.ops.take_files import take_files
from nbmlops.project import Project


def ran(number: int, source: str, *, reads: str = "", writes: str = "") -> Execution:
    return Execution(
        id=f"e{number}",
        session="s",
        notebook="n.ipynb",
        order=number,
        source=source,
        started=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=0.0,
        inputs=(FileUse(path=reads, size=1),) if reads else (),
        outputs=(FileUse(path=writes, size=1),) if writes else (),
    )


def needed(*sources: str) -> list[int]:
    executions = tuple(ran(number, source) for number, source in enumerate(sources))
    return sorted(needed_cells(executions, len(sources) - 1, lambda name: None))


def trace(*executions: Execution, random: tuple[str, ...] = ()) -> Trace:
    session = SessionTrace(session="s", notebook="n.ipynb", folder=".", door="notebook", executions=executions)
    return Trace(sessions=(session,), random={name: f"before {name}" for name in random})


def run(execution: str, kind: str = "fit", **tags: str) -> RunView:
    tags = {Tags.EXECUTION: execution, Tags.KIND: kind, **tags}
    return RunView(id="r", name="r", status="FINISHED", experiment="x", tags=tags)


def ids(part: Trace) -> list[str]:
    return [execution.id for execution in part.executions]


def test_cells_that_the_last_one_does_not_need_are_left_out() -> None:
    assert needed("x = [1]", "y = sum(range(10**9))", "print(y)", "z = sum(x)") == [0, 3]


def test_a_cell_that_changes_an_input_by_a_method_is_needed() -> None:
    assert needed("x = [1]", "y = x", "y.append(2)", "z = sum(x)") == [0, 1, 2, 3]


def test_a_cell_of_which_an_import_or_a_function_is_used_comes_with_all_that_it_needs() -> None:
    assert needed("n = 1", "import math\nm = n", "k = 2", "def f():\n    return math.pi\nx = k", "print(f())") == [
        0,
        1,
        2,
        3,
        4,
    ]


def test_only_the_last_execution_that_bound_a_name_is_needed() -> None:
    assert needed("x = 1", "x = 2", "print(x)") == [1, 2]


def test_a_cell_that_wrote_a_file_which_is_read_is_needed() -> None:
    """The path is in no code: it was seen."""
    cells = (ran(0, "a()", writes="t.csv"), ran(1, "a()", writes="u.csv"), ran(2, "b()", reads="t.csv"))
    defined = ran(3, "def a(): pass\ndef b(): pass")
    assert needed_cells((defined, *cells), 3, lambda name: None) == {0, 1, 3}


def test_code_that_cannot_be_analysed_is_refused() -> None:
    with pytest.raises(NotebookError):
        needed("x = 1", "print(nowhere)")


def test_what_comes_after_the_cell_of_the_run_stays(project: Project) -> None:
    cells = (ran(0, "a = 1"), ran(1, "b = 2"), ran(2, "print(b)"), ran(3, "c = 3"))
    assert ids(needed_part(project, run("e2"), trace(*cells))) == ["e1", "e2", "e3"]


def test_random_states_that_a_cell_left_behind_are_there_before_the_next_that_stays(project: Project) -> None:
    cells = (ran(0, "a = 1"), ran(1, "b = 2"), ran(2, "c = 3"), ran(3, "print(a)"), ran(4, "print(a)"))
    part = needed_part(project, run("e3"), trace(*cells, random=("e0", "e1", "e2", "e4")))
    assert ids(part) == ["e0", "e3", "e4"]
    assert part.random == {"e0": "before e0", "e3": "before e2", "e4": "before e4"}


def test_modules_of_the_run_are_looked_into(project: Project) -> None:
    (project.root / "zoo.py").write_text(
        "def grow(animals):\n    animals.append(1)\n\ndef count(animals):\n    return 1\n"
    )
    code = take_files(project, [project.root / "zoo.py"], scope=Scope.CODE).snapshot
    cells = (ran(0, "import zoo\nx = []"), ran(1, "zoo.grow(x)"), ran(2, "y = zoo.count(x)"), ran(3, "print(x)"))
    part = needed_part(project, run("e3", **{Tags.CODE_SNAPSHOT: code}), trace(*cells))
    assert ids(part) == ["e0", "e1", "e3"]


def test_everything_stays_where_it_cannot_be_told(project: Project) -> None:
    cells = (ran(0, "a = 1"), ran(1, "b = 2"))
    whole = trace(*cells)
    assert ids(needed_part(project, run("e1"), whole)) == ["e1"]
    for kind in ("batch", "keep", "pipeline"):
        assert needed_part(project, run("e1", kind), whole) is whole
    assert needed_part(project, run("unknown"), whole) is whole
    failed = trace(replace(cells[0], outcome=Outcome.ERROR), cells[1])
    assert needed_part(project, run("e1"), failed) is failed
    odd = trace(ran(0, "this is no python"), cells[1])
    assert needed_part(project, run("e1"), odd) is odd
    two = replace(whole, sessions=whole.sessions * 2)
    assert needed_part(project, run("e1"), two) is two
