"""What was seen of the files in one cell: per path, what was done with it and who saw it, as bits of one number."""

from __future__ import annotations

import functools
import sys
import time

from nbmlops.lib.process import reaped_faults

READ, WRITTEN, STALE, EITHER = 1, 2, 4, 8
"""STALE: written after it was read, so that what was read is gone. EITHER: opened by what may write (a database)."""
BY_SELF, BY_CHILD = 16, 32
AUDIT, FANOTIFY, INOTIFY, READER, REMOTE = 64, 128, 256, 512, 1024
_NAMES = {AUDIT: "audit", FANOTIFY: "fanotify", INOTIFY: "inotify", READER: "reader", REMOTE: "remote"}

Use = int


@functools.lru_cache(maxsize=256)
def witnesses(use: Use) -> tuple[str, ...]:
    """Who saw it, by name."""
    return tuple(name for bit, name in _NAMES.items() if use & bit)


def then(before: Use, use: Use) -> Use:
    """Both, `use` being the later one.

    A file read after it was written is an input as it is now; one written after it was read is not any more.
    """
    if use & WRITTEN and before & READ:
        return before | use | STALE
    return before | use


class Sightings:
    """Filled by the audit hook and the readers while a cell runs. Any thread may add."""

    def __init__(self) -> None:
        self.uses: dict[str, Use] = {}
        self.remote: dict[str, RemoteUse] = {}
        self.has_started = False
        """Whether a process was begun in a way that Python tells of."""
        self._reaped = reaped_faults()
        self.begun_ns = _file_clock_ns()

    @property
    def has_children(self) -> bool:
        """Whether the cell has started a process, or one of this process' has ended in it."""
        return self.has_started or reaped_faults() != self._reaped

    def add(self, path: str, use: Use) -> None:
        self.uses[path] = then(self.uses.get(path, 0), use)


class RemoteUse:
    """An object of another machine that was read or written."""

    def __init__(self) -> None:
        self.use: Use = 0
        self.size: int | None = None
        self.version = ""
        self.is_asked = False
        """Whether the server was asked about it in this cell."""


def _file_clock_ns() -> int:
    """Now, by the clock that file systems stamp files with: it lags by some milliseconds."""
    clock = getattr(time, "CLOCK_REALTIME_COARSE", 5 if sys.platform == "linux" else None)
    return time.time_ns() if clock is None else time.clock_gettime_ns(clock)
