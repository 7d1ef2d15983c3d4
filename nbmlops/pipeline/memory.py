"""What a step's kernel and its children use of the memory, watched; whoever uses more than it may is ended.

    with watching(limit_bytes, processes) as watch:     # processes(): ids of those that count, with their children
        ...
    if watch.is_over: ...

Measured, not enforced by the system: a control group takes rights that a user's session seldom has, and limits of
address space count what was only reserved. So a step may be over its limit for some tenths of a second. Pages that
several processes share count once (Linux: /proc).
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from nbmlops.errors import StateError

PROC = Path("/proc")
LOOK_SECONDS = 0.05


class Watch:
    def __init__(self, limit_bytes: int, processes: Callable[[], Iterable[int]]) -> None:
        self.is_over = False
        self._limit = limit_bytes
        self._processes = processes
        self._ended = threading.Event()

    def look(self) -> None:
        """Until it is told to end."""
        while not self._ended.wait(LOOK_SECONDS):
            family = with_children(self._processes())
            # What is shared counts for each here: it takes long to know better, and seldom matters.
            if sum(map(_resident, family)) > self._limit and sum(map(_own_share, family)) > self._limit:
                self.is_over = True
                for process in family:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
                return

    def end(self) -> None:
        self._ended.set()


@contextlib.contextmanager
def watching(limit_bytes: int, processes: Callable[[], Iterable[int]]) -> Iterator[Watch]:
    """`limit_bytes` 0: nothing is watched. Raises StateError where the system does not tell what processes use."""
    watch = Watch(limit_bytes, processes)
    if not limit_bytes:
        yield watch
        return
    if not (PROC / "self" / "smaps_rollup").exists():
        raise StateError(
            "Memory limits of steps cannot be kept on this system.",
            kind="memory-unwatched",
            hint="Take `memory` out of pipeline.yaml, or run it on Linux.",
        )
    thread = threading.Thread(target=watch.look, name="nbmlops-memory", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.end()
        thread.join()


def with_children(processes: Iterable[int]) -> list[int]:
    found: list[int] = []
    waiting = list(processes)
    while waiting:
        process = waiting.pop()
        if process in found:
            continue
        found.append(process)
        for task in _names(PROC / str(process) / "task"):
            waiting += map(int, _text(PROC / str(process) / "task" / task / "children").split())
    return found


def oom_kills() -> int:
    """How many processes the system has ended for lack of memory since it was started; 0 where it does not tell."""
    return next(
        (int(line.split()[1]) for line in _text(PROC / "vmstat").splitlines() if line.startswith("oom_kill ")), 0
    )


def _resident(process: int) -> int:
    return _sum(PROC / str(process) / "status", ("VmRSS:", "VmSwap:"))


def _own_share(process: int) -> int:
    return _sum(PROC / str(process) / "smaps_rollup", ("Pss:", "SwapPss:"))


def _sum(path: Path, fields: tuple[str, ...]) -> int:
    return sum(int(line.split()[1]) * 1024 for line in _text(path).splitlines() if line.startswith(fields))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _text(path: Path) -> str:
    """Empty for a process that has ended."""
    try:
        return path.read_text()
    except OSError:
        return ""
