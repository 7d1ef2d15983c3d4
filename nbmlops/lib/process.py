"""Running a command with a time limit, and telling whether a process is still the one it was."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


def output_of(command: Sequence[str], *, folder: Path, timeout_seconds: float = 10) -> bytes | None:
    """Standard output of a command; None when it is missing, fails or takes too long."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=timeout_seconds, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


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
