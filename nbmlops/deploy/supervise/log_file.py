"""What a service says, in a file that does not grow without end."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO

MOST_BYTES = 16 << 20
_TAIL_BYTES = 64 << 10


def open_log(path: Path) -> IO[bytes]:
    """To be written at its end. One that has grown long is kept as `NAME.1`, in place of the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > MOST_BYTES:
            os.replace(path, path.with_name(f"{path.name}.1"))
    return path.open("ab")


def tail(path: Path, lines: int) -> tuple[str, ...]:
    """The last lines; none where there is no file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES * max(1, lines // 500)))
            found = file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ()
    return tuple(found[-lines:]) if lines else ()


def last_line(path: Path) -> str:
    return next((line.strip() for line in reversed(tail(path, 50)) if line.strip()), "")
