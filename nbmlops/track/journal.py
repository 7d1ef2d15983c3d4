"""The queue between a kernel and MLflow: a file of lines, so that nothing sent is lost with a process.

    <spool>/<session>.jsonl    messages, appended by the kernel, which holds a lock on it while it lives
    <spool>/<session>.state    how far the scribe got, and which MLflow run each key became
    <spool>/<session>.lock     held by the scribe that works on the journal
    <spool>/<session>.files/   payloads too big for a line: pickled models

Kernel killed: the scribe still reads to the end. Scribe killed: the next one goes on from the state. Server
away: the journal waits. A journal that is done with is removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from nbmlops.lib.files import write_atomic


class State(msgspec.Struct, kw_only=True):
    """Saved after each batch; what was handled after the last save is handled again, without harm."""

    uri: str
    offset: int = 0
    runs: dict[str, str] = {}
    open: list[str] = []
    goodbye_ms: int | None = None


_written_here: set[tuple[int, str]] = set()
"""Process and session. Whoever holds a lock and asks for it is given it, and loses it when it has been asked."""


class Journal:
    """The files of one session, as the scribe sees them."""

    def __init__(self, spool: Path, session: str) -> None:
        self.session = session
        self.path = spool / f"{session}.jsonl"
        self.files = spool / f"{session}.files"
        self._state = spool / f"{session}.state"
        self._lock = spool / f"{session}.lock"
        self._held: int | None = None

    def acquire(self, *, wait: bool = False) -> bool:
        """Become the only scribe of this journal. The lock goes with the process."""
        handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(handle)
            return False
        self._held = handle
        return True

    def release(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def load(self, uri: str) -> tuple[State, bool]:
        """The saved state, and whether an earlier scribe had begun."""
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=State), True
        except FileNotFoundError:
            return State(uri=uri), False
        except msgspec.MsgspecError:
            return State(uri=uri), True  # torn by a crash of the machine: begin again, keys prevent twins

    def save(self, state: State) -> None:
        write_atomic(self._state, msgspec.json.encode(state))

    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def lines(self, offset: int) -> Iterator[tuple[bytes, int]]:
        """Whole lines from `offset` on, each with the offset after it."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(offset)
            while (line := file.readline()).endswith(b"\n"):
                offset += len(line)
                yield line, offset

    def last_written_ms(self) -> int:
        return int(self.path.stat().st_mtime * 1000)

    def kernel_lives(self) -> bool:
        """Whether the process that writes this journal still runs."""
        if (os.getpid(), self.session) in _written_here:
            return True
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            return False
        finally:
            os.close(handle)

    def remove(self) -> None:
        shutil.rmtree(self.files, ignore_errors=True)
        for path in (self.path, self._state, self._lock):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        self.release()


class JournalPen:
    """The kernel's end. Not thread-safe; the caller holds its own lock."""

    def __init__(self, spool: Path, session: str) -> None:
        spool.mkdir(parents=True, exist_ok=True)
        self.session = session
        self.path = spool / f"{session}.jsonl"
        self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        _written_here.add((os.getpid(), session))
        # A record lock, not flock: a forked child of the kernel must not keep the session alive.
        fcntl.lockf(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._torn = False

    @property
    def offset(self) -> int:
        """Bytes written so far, asked of the file: a signal may come between a write and a sum of ours."""
        return os.fstat(self._handle).st_size

    def append(self, line: bytes) -> None:
        """Add a line. OSError when the disk does not take it; then what follows starts on a fresh line."""
        data = b"\n" + line if self._torn else line
        written = os.write(self._handle, data)
        self._torn = written != len(data)
        if self._torn:
            raise OSError(28, "the journal of runs could not be written whole", str(self.path))

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
            _written_here.discard((os.getpid(), self.session))


def sessions(spool: Path) -> tuple[str, ...]:
    """Sessions that have a journal, oldest first (their ids sort by time)."""
    if not spool.is_dir():
        return ()
    return tuple(sorted(path.name.removesuffix(".jsonl") for path in spool.glob("*.jsonl")))
