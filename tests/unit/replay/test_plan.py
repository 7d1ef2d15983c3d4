"""What has to lie there before a replay begins, and what is not played."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from nbmlops.model.cell import Execution, FileUse
from nbmlops.model.trace import SessionTrace, Trace
from nbmlops.replay.plan import files_needed, problems, sessions_to_play

SAVED = FileUse(path="a.csv", size=3, modified_ns=1, digest="d" * 64)
OVERWRITTEN = FileUse(path="a.csv")


def ran(source: str = "pass", reads: tuple[FileUse, ...] = (), writes: tuple[FileUse, ...] = ()) -> Execution:
    return Execution(
        id=source,
        session="s",
        notebook="sub/n.ipynb",
        order=1,
        source=source,
        started=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=0.0,
        inputs=reads,
        outputs=writes,
    )


def trace(*executions: Execution) -> Trace:
    session = SessionTrace(session="s", notebook="sub/n.ipynb", folder="sub", door="notebook", executions=executions)
    return Trace(sessions=(session,))


def test_a_file_is_needed_unless_the_run_made_it_first() -> None:
    assert files_needed([ran(reads=(SAVED,))]) == {"a.csv"}
    assert files_needed([ran(writes=(SAVED,)), ran(reads=(SAVED,))]) == frozenset()
    assert files_needed([ran(reads=(SAVED,), writes=(SAVED,))]) == frozenset()  # written, then read back
    assert files_needed([ran(reads=(OVERWRITTEN,), writes=(SAVED,))]) == {"a.csv"}  # read, then overwritten
    assert files_needed([ran(reads=(SAVED,)), ran(writes=(SAVED,))]) == {"a.csv"}
    assert files_needed([ran(reads=(FileUse(path="s3://b/a.csv"),))]) == frozenset()


def test_what_stands_in_the_way_of_an_exact_replay_is_known_beforehand() -> None:
    outside = FileUse(path="/data/b.csv", size=1, digest="e" * 64)
    remote = FileUse(path="s3://bucket/c.csv", version="7")
    found = problems(trace(ran("token = '[redacted]'", reads=(OVERWRITTEN, outside, remote))))
    assert found == (
        "a secret was taken out of the code; the cell that has it cannot run as it did",
        "a.csv was not kept as it was read",
        "/data/b.csv lies outside of the project; it is read as it is now",
        "s3://bucket/c.csv is read from where it lies, as it is now",
    )
    assert problems(trace(ran(reads=(SAVED,)))) == ()


def test_verbs_that_act_on_the_project_are_not_played_and_those_that_log_are() -> None:
    source = "if x:\n    %mlops export n.ipynb\n%mlops log a={x}\n%mlops restore data"
    (session,) = sessions_to_play(
        trace(ran(source)),
        root=Path("/replay"),
        random=lambda execution: {"random": [1]},
        environment={"A": "1"},
        plan=lambda session: "PLAN",
        values=None,
        wanted=("a",),
    )
    assert session.cells[0].source == (
        "if x:\n    pass  # %mlops export n.ipynb\n%mlops log a={x}\npass  # %mlops restore data"
    )
    assert (session.folder, session.notebook) == ("/replay/sub", "/replay/sub/n.ipynb")
    assert session.environment == {"A": "1", "NBMLOPS_RUN": "PLAN"}
    assert (session.cells[0].random, session.wanted) == ({"random": [1]}, ("a",))
