"""Who may write to a sweep's journal: a lock that is held by an open file, and so goes with its process.

Optuna's own is a link beside the journal. A Ctrl-C while somebody waits for it takes it from whoever has it.
"""

from __future__ import annotations

import fcntl
import os


class JournalLock:
    """What Optuna's JournalFileBackend wants of a `lock_obj`. Its storage asks from one thread at a time."""

    def __init__(self, journal: str) -> None:
        self._path = f"{journal}.flock"
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Wait for it."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        return True

    def release(self) -> None:
        """No effect for whoever does not have it."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
