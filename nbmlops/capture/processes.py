"""Whose process a notice names: this kernel, one that a cell has started, or a stranger such as a file browser."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path

from nbmlops.lib.process import is_own

SCRIBE = "nbmlops.ops.scribe"
"""Our own child, which reads the data of the runs it records."""
_DEEPEST = 64


class Kin(Enum):
    SELF = "self"
    CHILD = "child"
    STRANGER = "stranger"


class Family:
    """Asked once per window, since processes come and go; remembers what it has found."""

    def __init__(self, has_started: bool) -> None:
        """`has_started`: the cell has begun a process, so that one that is gone was probably it."""
        self._self = os.getpid()
        self._has_started = has_started
        self._known: dict[int, Kin] = {self._self: Kin.SELF}

    def kin(self, pid: int) -> Kin:
        found = self._known.get(pid)
        if found is None:
            found = self._known[pid] = self._unnamed() if pid == 0 else self._look(pid)
        return found

    def _look(self, pid: int) -> Kin:
        current = pid
        for _ in range(_DEEPEST):
            if is_own(current):
                return Kin.STRANGER
            parent = _parent(current)
            if parent is None:
                return Kin.CHILD if self._has_started else Kin.STRANGER
            if _is_ours(current):
                return Kin.STRANGER
            if parent == self._self:
                return Kin.CHILD
            if parent <= 1:
                return Kin.STRANGER
            current = parent
        return Kin.STRANGER

    def _unnamed(self) -> Kin:
        """Without privileges the kernel does not name others: a child, if there is one that it could be."""
        return Kin.CHILD if self._has_started or any(_living_children()) else Kin.STRANGER


def _parent(pid: int) -> int | None:
    """None when the process is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        return int(stat.rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def _is_ours(pid: int) -> bool:
    """The scribe, or one that Python itself keeps for its processes: they read no data for a cell."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return SCRIBE.encode() in line or b"resource_tracker" in line


def _living_children() -> list[int]:
    """Processes of this one that are not ours."""
    found: list[int] = []
    try:
        threads = os.listdir("/proc/self/task")
    except OSError:
        return found
    for thread in threads:
        try:
            children = Path(f"/proc/self/task/{thread}/children").read_text().split()
        except OSError:
            continue
        found += [int(child) for child in children if not _is_ours(int(child))]
    return found
