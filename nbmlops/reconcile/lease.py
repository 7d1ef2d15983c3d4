"""Who is at a reconciler: one process at a time, on one machine or on several that share the folder.

`NAME.lease` says which process, since when, where, and when its heart last beat; `NAME.lock` is held while that is read
and written, so that two cannot both take it. It is taken over when its holder is dead (on this machine that can be
seen), or has not been heard of for `ttl` seconds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import msgspec

from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.lib.process import boot_id, process_started

TTL_SECONDS = 60.0
BEAT_SECONDS = 5.0


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    """Of this hold: a process may hold it again later."""
    pid: int
    started: float
    """Of the process, in the kernel's count: a number that is used again has another."""
    host: str
    machine: str
    """Machine, its start and its space of process numbers: where it is the same, pid and ticks mean the same."""
    since: float
    beat: float
    """Seconds since 1970, by the holder's clock."""
    ticks: float
    """The same in seconds that no clock setting changes; of this machine's start only."""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class Lease:
    """`with lease.taken() as holder`: the one in the way, or None when it is ours."""

    def __init__(
        self, folder: Path, name: str, *, ttl: float = TTL_SECONDS, beat: float = BEAT_SECONDS, beats: bool = True
    ) -> None:
        """`beats`: a thread says every few seconds that we are alive, once `beating` was asked for."""
        self.path = folder / f"{name}.lease"
        self.lock = folder / f"{name}.lock"
        self.ttl = ttl
        self.beat_seconds = beat
        self._beats = beats
        self._token = ""
        self._last_beat = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def taken(self) -> Iterator[Holder | None]:
        other = self.take()
        if other is not None:
            yield other
            return
        try:
            yield None
        finally:
            self.give_back()

    def take(self) -> Holder | None:
        """None: it is ours. Else whoever has it."""
        with self._locked():
            there = self._read()
            if there is not None and there.token != self._token and self._is_alive(there):
                return there
            self._token = os.urandom(12).hex()
            self._write(None)
        return None

    def beating(self) -> None:
        """From now on, until it is given back. Before anything that may take long."""
        if self._beats and self._thread is None:
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._keep, args=(self._stop,), name="nbmlops-lease", daemon=True)
            self._thread.start()

    def held(self) -> bool:
        """Whether it is still ours; asked before each deed."""
        if not self._token or time.monotonic() - self._last_beat > self.ttl:
            return False
        there = self._read()
        return there is not None and there.token == self._token

    def holder(self) -> Holder | None:
        """Whoever has it now and is alive; ourselves too."""
        there = self._read()
        return there if there is not None and self._is_alive(there) else None

    def give_back(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None
        if not self._token:
            return
        with contextlib.suppress(OSError), self._locked():
            there = self._read()
            if there is not None and there.token == self._token:
                self.path.unlink(missing_ok=True)
        self._token = ""

    def beat(self) -> bool:
        """False: it was taken over."""
        with self._locked():
            there = self._read()
            if there is None or there.token != self._token:
                return False
            self._write(there)
        return True

    def _keep(self, stop: threading.Event) -> None:
        while not stop.wait(self.beat_seconds):
            # A folder that cannot be written for a while: what counts is how old the last beat is.
            with contextlib.suppress(Exception):
                if not self.beat():
                    return

    def _is_alive(self, there: Holder) -> bool:
        if there.machine == _machine():
            started = process_started(there.pid)
            if started < 0 or (started and there.started and started != there.started):
                return False
            return time.monotonic() - there.ticks <= self.ttl
        # Another machine's clock: one that is far ahead says as little as one that is far behind.
        return abs(time.time() - there.beat) <= self.ttl

    def _read(self) -> Holder | None:
        """None: nobody, or something that no lease is."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Holder)
        except (OSError, msgspec.MsgspecError, UnicodeError, RecursionError):
            return None

    def _write(self, before: Holder | None) -> None:
        now = time.time()
        ours = Holder(
            token=self._token,
            pid=os.getpid(),
            started=process_started(os.getpid()),
            host=socket.gethostname(),
            machine=_machine(),
            since=before.since if before is not None else now,
            beat=now,
            ticks=time.monotonic(),
        )
        write_atomic(self.path, msgspec.json.encode(ours))
        self._last_beat = ours.ticks

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with refusing_disk_errors(self.lock):
            self.lock.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


@lru_cache(maxsize=1)
def _machine() -> str:
    try:
        processes = os.readlink("/proc/self/ns/pid")
    except OSError:
        processes = ""
    return f"{socket.gethostname()} {boot_id()} {processes}"
