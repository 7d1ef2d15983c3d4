"""A window of the list of runs, and which of its rows a page has not been shown as they are now.

A page scrolls through a hundred of a hundred thousand runs and fetches again whenever something changes; most rows are
as they were. A token stands for what was sent; each answer that sends something has a token of its own, so that one
that gets lost on its way spoils nothing.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Any

import msgspec

from nbmlops.doors.server.documents import Rows
from nbmlops.errors import UsageError
from nbmlops.model.run import RunView
from nbmlops.ops.call import Call
from nbmlops.ops.runs import Request, runs

LIMIT = 500
_FARTHEST = 1 << 53
_TOKENS = 64
_ROWS = 5000
"""Per token; rows beyond are sent again."""


class Shown:
    """What each token's page has, as marks of rows. To a token that is not known (any more) all rows are new."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: OrderedDict[str, dict[str, int]] = OrderedDict()

    def news(self, token: str, rows: tuple[RunView, ...]) -> tuple[str, tuple[RunView, ...]]:
        """The token for next time, and the rows to be sent."""
        marks = {row.id: hash(msgspec.json.encode(row)) for row in rows}
        with self._lock:
            before = self._tokens.get(token)
            if before is not None:
                self._tokens.move_to_end(token)
            known = before or {}
            new = tuple(row for row in rows if known.get(row.id) != marks[row.id])
            if before is None or new:
                token = secrets.token_urlsafe(12)
                together = {id: mark for id, mark in known.items() if id not in marks} | marks
                self._tokens[token] = dict(list(together.items())[-_ROWS:])
            while len(self._tokens) > _TOKENS:
                self._tokens.popitem(last=False)
        return token, new


def window(call: Call, request: Any, shown: Shown, known: str, rev: int) -> Rows:
    """Raises UsageError for a window that is too large, and for what `runs` does not understand."""
    assert isinstance(request, Request)
    if not 0 <= request.limit <= LIMIT:
        raise UsageError(
            f"limit is {request.limit}; a window has up to {LIMIT} rows.",
            kind="arguments-malformed",
            hint="Ask for the rest with offset.",
        )
    if request.offset > _FARTHEST:
        raise UsageError(f"offset is {request.offset}; no list is that long.", kind="arguments-malformed")
    result = runs(call, request)
    token, new = shown.news(known, (*result.runs, *result.outer))
    return Rows(
        rev=rev,
        total=result.total,
        is_total=result.is_total,
        order=tuple(row.id for row in result.runs),
        rows=new,
        token=token,
        columns=result.columns,
        now=result.now,
    )
