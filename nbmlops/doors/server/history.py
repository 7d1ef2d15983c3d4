"""What changed when: each change of a project has a number, and one may ask what came after it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from nbmlops.doors.server.documents import Kind

ALL = tuple(Kind)
_KEPT = 256
"""Changes; a page that has missed more fetches everything."""


class History:
    """`rev` starts at the clock's milliseconds: after a restart of the server it goes on upwards."""

    def __init__(self) -> None:
        self.rev = time.time_ns() // 1_000_000
        self._start = self.rev
        self._changes: deque[tuple[int, frozenset[Kind]]] = deque()

    def add(self, kinds: Iterable[Kind]) -> int:
        self.rev += 1
        self._changes.append((self.rev, frozenset(kinds)))
        if len(self._changes) > _KEPT:
            self._start, _ = self._changes.popleft()
        return self.rev

    def since(self, rev: int | None) -> tuple[Kind, ...]:
        """The kinds that changed after `rev`; all where that is not known (any more)."""
        if rev is None or not self._start <= rev <= self.rev:
            return ALL
        found = {kind for number, kinds in self._changes if number > rev for kind in kinds}
        return tuple(kind for kind in ALL if kind in found)
