"""One executed cell -> one Execution.

recorder.begin(source, cell_id)       # before the cell
execution = recorder.finish(...)      # after it: names, files, outcome, seconds
"""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Mapping
from datetime import datetime

import msgspec

from nbmlops.capture.files import FileWatch
from nbmlops.capture.names import names
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.redact import redact
from nbmlops.model.cell import CellFailure, Execution, Outcome

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LONGEST_TRACEBACK = 20_000


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that is running."""

    id: str
    source: str
    cell_id: str | None
    order: int
    started: datetime
    clock: float
    reads: tuple[str, ...]
    writes: tuple[str, ...]


class Recorder:
    def __init__(self, session: str, notebook: str, files: FileWatch) -> None:
        self.session = session
        self.notebook = notebook
        self.files = files
        self.order = 0
        self.running: Begun | None = None
        self._namespace: Mapping[str, object] = {}

    def begin(self, source: str, plain: str, namespace: Mapping[str, object], cell_id: str | None = None) -> Begun:
        """`source` is what was asked to run, `plain` the same as plain Python (magics rewritten)."""
        self.order += 1
        self._namespace = namespace
        reads, writes = names(plain, namespace)
        self.running = Begun(
            id=new_id(),
            source=source,
            cell_id=cell_id,
            order=self.order,
            started=utc_now(),
            clock=time.perf_counter(),
            reads=reads,
            writes=writes,
        )
        self.files.begin()
        return self.running

    def finish(self, error: BaseException | None, count: int | None, run: str | None = None) -> Execution | None:
        """The record of the running cell; None when none was begun."""
        begun, self.running = self.running, None
        if begun is None:
            return None
        seconds = time.perf_counter() - begun.clock
        seen = self.files.end()
        return Execution(
            id=begun.id,
            session=self.session,
            notebook=self.notebook,
            order=begun.order,
            count=count,
            cell_id=begun.cell_id,
            source=_storable(begun.source),
            started=begun.started,
            seconds=round(seconds, 6),
            outcome=_outcome(error),
            failure=failure_of(error) if error is not None else None,
            reads=begun.reads,
            writes=begun.writes,
            inputs=seen.inputs,
            outputs=seen.outputs,
            frames=self.files.frames.named(self._namespace),
            completeness=seen.completeness,
            incomplete=seen.incomplete,
            run=run,
        )


def _outcome(error: BaseException | None) -> Outcome:
    if error is None:
        return Outcome.OK
    return Outcome.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Outcome.ERROR


def failure_of(error: BaseException) -> CellFailure:
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return CellFailure(
        error=type(error).__name__,
        message=_storable(_said(error))[:2000],
        traceback=_storable(_COLOUR.sub("", text))[-LONGEST_TRACEBACK:],
    )


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as failed:  # noqa: BLE001 - __str__ is the user's own code
        return f"<its text cannot be shown: {type(failed).__name__}>"


def _storable(text: str) -> str:
    """Without secrets, and without the halves of characters that UTF-8 cannot hold."""
    return redact(text).encode("utf-8", "backslashreplace").decode("utf-8")
