"""Traces are kept for as long as their runs: what was stored once must stay readable."""

from __future__ import annotations

from datetime import UTC, datetime

from nbmlops.model.cell import CellFailure, Completeness, Execution, FileUse, Outcome
from nbmlops.model.documents import decode
from nbmlops.model.trace import SessionTrace, Trace

STORED = (
    b'{"executed":"d1","imported":["numpy==2.0"],"kind":"trace","random":{"e":"d2"},"sessions":[{"door":"notebook",'
    b'"executions":[{"cell_id":"c","completeness":"watched","count":3,"failure":{"error":"ValueError","message":"no",'
    b'"traceback":"t"},"frames":{"df":"a.csv"},"id":"e","incomplete":["why"],"inputs":[{"by_child":true,'
    b'"digest":"d3","modified_ns":7,"path":"a.csv","seen":["inotify"],"size":5,"version":"v"}],"kind":"execution",'
    b'"notebook":"n.ipynb","order":2,"outcome":"error","outputs":[{"by_child":false,"digest":null,"modified_ns":null,'
    b'"path":"b.csv","seen":["audit"],"size":null,"version":""}],"reads":["x"],"run":"r","seconds":0.5,"session":"s",'
    b'"source":"f(x)","started":"2026-01-02T03:04:05Z","version":2,"writes":["df"]}],"folder":"sub",'
    b'"notebook":"n.ipynb","session":"s"}],"version":1}'
)
"""As it was written in version 1, with no field at its default."""

EXECUTIONS = {1: 2}
"""Version of traces -> version of the executions that are written out in them."""


def test_a_trace_of_version_1_is_read_in_full() -> None:
    execution = Execution(
        id="e",
        session="s",
        notebook="n.ipynb",
        order=2,
        count=3,
        cell_id="c",
        source="f(x)",
        started=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        seconds=0.5,
        outcome=Outcome.ERROR,
        failure=CellFailure(error="ValueError", message="no", traceback="t"),
        reads=("x",),
        writes=("df",),
        inputs=(
            FileUse(path="a.csv", seen=("inotify",), by_child=True, size=5, modified_ns=7, digest="d3", version="v"),
        ),
        outputs=(FileUse(path="b.csv"),),
        frames={"df": "a.csv"},
        completeness=Completeness.WATCHED,
        incomplete=("why",),
        run="r",
    )
    session = SessionTrace(session="s", notebook="n.ipynb", folder="sub", door="notebook", executions=(execution,))
    expected = Trace(sessions=(session,), random={"e": "d2"}, executed="d1", imported=("numpy==2.0",))
    assert decode(STORED, Trace, place="here") == expected


def test_when_executions_get_a_version_so_do_traces() -> None:
    assert EXECUTIONS.get(Trace.VERSION) == Execution.VERSION
