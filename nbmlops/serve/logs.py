"""A number for each prediction, and a line of JSON about it: never what was sent, nor what was answered.

`time`, `request`, `protocol`, `status`, `milliseconds`, `rows`, `revision`; where the model failed also `error`, its
type, and `message`, its first line; `contract`, the rules that its rows break. Failures are told always, the rest where
it is asked for.
"""

from __future__ import annotations

import itertools
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nbmlops.serve.protocols import protocol_of
from nbmlops.serve.replayed import REPLAYED
from nbmlops.serve.words import first_line

if TYPE_CHECKING:
    from nbmlops.quality.door import Breach
    from nbmlops.serve.request_log.log import RequestLog  # needs Arrow, which is there only where requests are kept
    from nbmlops.serve.request_log.tables import Entry

HEADER = "x-request-id"
_NAME = HEADER.encode()
CONTRACT_HEADER = b"x-nbmlops-contract"
"""Of an answer to rows that break the contract: `warned` or `quarantined`."""
_MOST_NAMED = 10
_LONGEST = 128
_PRINTABLE = frozenset(range(0x20, 0x7F))

Write = Callable[[bytes], None]


class Note(msgspec.Struct):
    """What is known of a request while it is answered."""

    request_id: str
    is_kept: bool = False
    """Whether it is one of the sample that is kept."""
    rows: int | None = None
    failure: BaseException | None = None
    asked: Asked | None = None
    """Only where requests are kept."""
    broken: tuple[str, ...] = ()
    """Rules of the contract that its rows break."""
    way: str = ""
    """What is done then: `warn` or `quarantine`."""
    may_lie_apart: bool = False


class Asked(msgspec.Struct):
    inputs: Any
    names: tuple[str, ...]
    """Of an array's columns."""
    outputs: Any


_current: ContextVar[Note | None] = ContextVar("note", default=None)


def note_rows(rows: int | None) -> None:
    """That the model is asked with, for the request that is being answered here."""
    note = _current.get()
    if note is not None:
        note.rows = rows


def note_answer(inputs: Any, names: tuple[str, ...], outputs: Any) -> None:
    """What the model was asked, and what it has answered; for those who keep requests."""
    note = _current.get()
    if note is not None and (note.is_kept or (note.broken and note.may_lie_apart)):
        note.asked = Asked(inputs, names, outputs)


def note_breaches(found: Sequence[Breach], way: str) -> None:
    """What of its rows breaks the contract."""
    note = _current.get()
    if note is not None and found:
        note.broken = tuple(each.name for each in found[:_MOST_NAMED])
        note.way = way if way != "quarantine" or any(each.is_serious for each in found) else "warn"


def note_failure(error: BaseException) -> None:
    """For which nobody but the model or the service is to blame."""
    note = _current.get()
    if note is not None:
        note.failure = error


def to_stdout(line: bytes) -> None:
    """A full disk, or a reader who has gone, does not keep the service from answering."""
    try:
        sys.stdout.write(line.decode() + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        return


class Logged:
    """Around the application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        all_requests: bool,
        revision: str = "",
        write: Write = to_stdout,
        kept: RequestLog | None = None,
        apart: RequestLog | None = None,
    ) -> None:
        """`kept`: where requests are kept, if they are; `apart`: those that break the contract."""
        self._app = app
        self._kept = kept
        self._apart = apart
        self._all_requests = all_requests
        self._revision = revision
        self._write = write
        self._prefix = secrets.token_hex(6)
        self._count = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol = protocol_of(scope)
        if not protocol:
            await self._app(scope, receive, send)
            return
        note = Note(_given_id(scope) or f"{self._prefix}-{next(self._count)}")
        is_replayed = note.request_id.startswith(REPLAYED)
        note.is_kept = self._kept is not None and not is_replayed and self._kept.wants(note.request_id)
        note.may_lie_apart = self._apart is not None and not is_replayed
        status = 500
        began = time.perf_counter()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (_NAME, note.request_id.encode())]
                if note.broken:
                    headers.append((CONTRACT_HEADER, b"quarantined" if note.way == "quarantine" else b"warned"))
                message = {**message, "headers": headers}
            await send(message)

        token = _current.set(note)
        try:
            await self._app(scope, receive, named)
        except Exception as error:
            note.failure = error
            raise
        finally:
            _current.reset(token)
            if note.asked is not None and status == 200:
                is_apart = note.way == "quarantine" and note.may_lie_apart
                log = self._apart if is_apart else self._kept if note.is_kept else None
                if log is not None:
                    log.put(_entry(note, note.asked, protocol, time.perf_counter() - began, is_apart=is_apart))
            if self._all_requests or note.failure is not None:
                self._write(self._line(note, protocol, status, time.perf_counter() - began))

    def _line(self, note: Note, protocol: str, status: int, seconds: float) -> bytes:
        document: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "request": note.request_id,
            "protocol": protocol,
            "status": status,
            "milliseconds": round(seconds * 1000, 3),
            "rows": note.rows,
            "revision": self._revision or None,
        }
        if note.broken:
            document["contract"] = note.broken
        if note.failure is not None:
            cause = note.failure.__cause__ or note.failure
            document |= {"error": type(cause).__name__, "message": first_line(str(cause))}
        return msgspec.json.encode(document)


def _entry(note: Note, asked: Asked, protocol: str, seconds: float, *, is_apart: bool) -> Entry:
    from nbmlops.serve.request_log.tables import Entry

    return Entry(
        request_id=note.request_id,
        time=datetime.now(UTC),
        protocol=protocol,
        milliseconds=seconds * 1000,
        inputs=asked.inputs,
        names=asked.names,
        outputs=asked.outputs,
        broken="; ".join(note.broken) if is_apart else "",
    )


def _given_id(scope: Scope) -> str:
    """The caller's own; empty where there is none that can be sent back and written down."""
    for name, value in scope["headers"]:
        if name == _NAME:
            return value.decode("ascii") if len(value) <= _LONGEST and _PRINTABLE.issuperset(value) else ""
    return ""
