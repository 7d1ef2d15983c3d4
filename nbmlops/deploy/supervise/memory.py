"""How much memory a replica takes."""

from __future__ import annotations

import contextlib

import psutil


def memory_of(pid: int) -> int:
    """Resident bytes of a process and those that it has started; 0 where there is none."""
    found = 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                found += each.memory_info().rss
    return found
