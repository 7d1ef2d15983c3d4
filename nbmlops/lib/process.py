"""Running a command with a time limit, and telling whether a process is still the one it was."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

if sys.platform != "win32":
    import resource

_asking: set[int] = set()
"""Threads in `run`."""
_own: deque[int] = deque(maxlen=64)
_own_faults = 0


class Ended(NamedTuple):
    """A command that has come to its end."""

    code: int
    output: bytes
    errors: bytes


def output_of(command: Sequence[str], *, folder: Path, timeout_seconds: float = 10) -> bytes | None:
    """Standard output of a command; None when it is missing, fails or takes too long."""
    import subprocess  # most commands start no other

    try:
        ended = run(command, folder=folder, timeout_seconds=timeout_seconds)
    except (OSError, subprocess.SubprocessError):
        return None
    return None if ended.code else ended.output


def run(
    command: Sequence[str],
    *,
    folder: Path,
    timeout_seconds: float,
    data: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    is_apart: bool = False,
) -> Ended:
    """Run a command to its end, with `data` as its standard input.

    `is_apart`: it has no terminal to ask at, and what it has started ends with it when it takes too long. Raises
    OSError when it cannot be started and subprocess.TimeoutExpired.
    """
    import subprocess

    global _own_faults
    thread = threading.get_ident()
    before = _children_faults()
    _asking.add(thread)
    try:
        with subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=is_apart,
        ) as process:
            _own.append(process.pid)
            try:
                output, errors = process.communicate(data, timeout=timeout_seconds)
            except BaseException:
                if is_apart and sys.platform != "win32":
                    with contextlib.suppress(OSError):
                        os.killpg(process.pid, signal.SIGKILL)
                process.kill()
                raise
        return Ended(process.returncode, output, errors)
    finally:
        _asking.discard(thread)
        _own_faults += _children_faults() - before


def is_own(pid: int) -> bool:
    """Whether a process was one of the commands that `run` ran lately."""
    return pid in _own


def is_asking() -> bool:
    """Whether this thread is in `run`: the process that it starts is ours, not the user's."""
    return threading.get_ident() in _asking


def reaped_faults() -> int:
    """A number that grows whenever a child of this process has ended, but for the commands of `run`.

    Every process has page faults; how it was started does not matter.
    """
    return _children_faults() - _own_faults


def _children_faults() -> int:
    if sys.platform == "win32":
        return 0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_minflt + used.ru_majflt


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def process_started(pid: int) -> float:
    """When a process started, in the kernel's own count: a reused pid has another. 0 where unknown, -1 if gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return -1.0 if Path("/proc/self/stat").exists() else _started_elsewhere(pid)
    except OSError:
        return 0.0
    fields = stat.rsplit(")", 1)[1].split()
    return -1.0 if fields[0] == "Z" else float(fields[19])


def _started_elsewhere(pid: int) -> float:
    """Without /proc we only learn whether some process has the number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return -1.0
    except OSError:
        return 0.0
    return 0.0
