"""What the operating system tells of the files in a folder, in one form for fanotify and inotify.

Both use the same bits on Linux. A notice is a plain tuple, since a cell may cause thousands:

    path, bits, pid = notice        # pid 0: another process, which one is not known; None: nobody says
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Iterable
from typing import Any, Protocol

MODIFIED = 0x2
CLOSED_WRITTEN = 0x8
OPENED = 0x20
MOVED_HERE = 0x80
CREATED = 0x100
OVERFLOW = 0x4000
FOLDER = 0x40000000
WANTED = MODIFIED | CLOSED_WRITTEN | OPENED | MOVED_HERE | CREATED

Notice = tuple[str, int, int | None]


class Notifier(Protocol):
    """One queue of notices. Everything that can fail raises OSError."""

    name: str

    def add(self, folder: str) -> None:
        """Hear of the files directly in this folder from now on. Links are followed."""

    def queued_bytes(self) -> int: ...

    def collect(self) -> tuple[Iterable[Notice], bool]:
        """What has come since the last time, without waiting; and whether notices were lost meanwhile."""

    def close(self) -> None: ...


@functools.lru_cache(maxsize=1)
def libc() -> Any:
    """The C library, for the calls that Python does not offer. Raises OSError where it lacks them."""
    if sys.platform != "linux":
        raise OSError("this system does not tell which files are opened")
    found = ctypes.CDLL(None, use_errno=True)
    try:
        found.fanotify_mark.argtypes = [
            ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p,
        ]  # fmt: skip
        found.fanotify_init.argtypes = [ctypes.c_uint, ctypes.c_uint]
        found.inotify_add_watch.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32]
    except AttributeError as error:
        raise OSError("the C library of this system has no fanotify") from error
    return found


def refused(call: str) -> OSError:
    """The error of the last call into the C library."""
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {os.strerror(number)}")


def waiting_bytes(handle: int) -> int:
    import fcntl  # not on every system on which this module is imported
    import termios

    answer = bytearray(4)
    fcntl.ioctl(handle, termios.FIONREAD, answer)
    return int.from_bytes(answer, "little")


def read_all(handle: int, most_bytes: int = 1 << 16) -> Iterable[bytes]:
    """Whole buffers until nothing is waiting. `handle` does not block."""
    while True:
        try:
            data = os.read(handle, most_bytes)
        except BlockingIOError:
            return
        if not data:
            return
        yield data
