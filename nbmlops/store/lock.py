"""Writers of the store beside each other, and gc alone: a file lock that goes with the process."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from nbmlops.lib.files import refusing_disk_errors


class StoreLock:
    """Held by the open file, not the process: two threads of one process are two holders."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """For everybody who adds; waits while somebody has it alone."""
        with self._held(fcntl.LOCK_SH):
            yield

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """For whoever takes away; waits until nobody adds."""
        with self._held(fcntl.LOCK_EX):
            yield

    @contextlib.contextmanager
    def _held(self, how: int) -> Iterator[None]:
        with refusing_disk_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)
