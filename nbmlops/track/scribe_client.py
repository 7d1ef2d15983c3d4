"""The kernel's end of the scribe: say and forget.

    scribe = Scribe(command, spool, session=session)     # nothing starts yet
    scribe.send(OpenRun(...))                            # microseconds; starts the process the first time
    scribe.flush(10.0).runs                              # MLflow run ids, when somebody must know
    scribe.close()                                       # at exit

`send` appends one line to the session's journal and rings at the scribe's pipe. It never raises: tracking
that fails must not fail the user's cell. Nothing is held back in the kernel, so nothing is lost with it, however
it ends, and a forked child has nothing to write twice.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from nbmlops.lib.waiting import readable, writable
from nbmlops.track.journal import Journal, JournalPen
from nbmlops.track.messages import Flushed, FlushRequest, Goodbye, Message, encoder

_MOST_STARTS = 5
_SECONDS_BETWEEN_STARTS = 2.0
SECONDS_BETWEEN_RINGS = 0.1
"""The scribe looks into the journal once more after a ring (LOOKS_AGAIN_AFTER in scribe.py), so what is written
in between need not ring: in a loop that logs metrics, waking it each time would cost more than the line."""

_log = logging.getLogger("nbmlops")


def command(root: Path, session: str, uri: str = "", module: str = "nbmlops.track.scribe") -> tuple[str, ...]:
    """How the scribe is started with the kernel's own Python."""
    return (sys.executable, "-m", module, "--root", str(root), "--session", session, "--uri", uri)


class Scribe:
    def __init__(
        self,
        command: Sequence[str],
        spool: Path,
        *,
        session: str,
        env: Mapping[str, str] | None = None,
        is_elsewhere: bool = False,
    ) -> None:
        """`is_elsewhere`: only the journal is written here; another session's scribe will send it."""
        self.session = session
        self.is_elsewhere = is_elsewhere
        self.spool = spool
        self._command = tuple(command)
        self._env = env
        self._lock = threading.RLock()
        self._flush_lock = threading.Lock()
        self._pen: JournalPen | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._replies = b""
        self._asked = 0
        self._starts = 0
        self._started_at = -_SECONDS_BETWEEN_STARTS
        self._rang_at = -SECONDS_BETWEEN_RINGS
        self._complained = False
        self._closed = False
        _forget_in_children(self)

    @property
    def files(self) -> Path:
        """Where payloads go that are too big for a message. Made when first asked for."""
        folder = self.spool / f"{self.session}.files"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def pid(self) -> int | None:
        """Of the scribe process, once it runs."""
        return self._process.pid if self._process is not None else None

    def send(self, message: Message) -> bool:
        """Put a message into the journal. False (and one line in the log) when that fails."""
        try:
            line = encoder.encode(message) + b"\n"
            with self._lock:
                if self._closed:
                    return False
                if self._pen is None:
                    self._pen = JournalPen(self.spool, self.session)
                self._pen.append(line)
                self._ring()
        except Exception as error:  # noqa: BLE001 - full disk, odd value: the user's cell goes on all the same
            if not self._complained:
                self._complained = True
                _log.warning("a run could not be recorded: %s", error)
            return False
        return True

    def flush(self, timeout: float = 30.0) -> Flushed:
        """Wait until everything sent is in MLflow, or is known to have to wait. Never raises."""
        deadline = time.monotonic() + timeout
        with self._flush_lock:
            if self._pen is None or self.is_elsewhere:
                return Flushed(done=self._pen is None)
            if self._closed:
                return Flushed(errors=("the session is closed; the scribe finishes by itself",))
            try:
                for _ in range(2):
                    reply = self._ask(deadline)
                    if reply is not None:
                        return reply
            except OSError as error:
                return Flushed(errors=(f"the scribe does not answer: {error}",))
        return Flushed(errors=(f"the scribe did not answer within {timeout:g} s; what was sent is kept",))

    def progress(self) -> int:
        """Bytes of the journal that are in MLflow, as the scribe has last noted."""
        return Journal(self.spool, self.session).load("")[0].offset

    def close(self, timeout: float = 0.0, *, is_clean: bool = True) -> bool:
        """Say goodbye. The scribe finishes by itself; `timeout` is how long to wait for that.

        Without a clean end there is no goodbye: runs that are still open become KILLED.
        """
        with self._lock:
            if self._closed or self._pen is None:
                self._closed = True
                return True
            if is_clean:
                self.send(Goodbye(ended_ms=time.time_ns() // 1_000_000))
            self._closed = True
            self._pen.close()
            process = self._process
            if process is None:
                return False
        _hang_up(process)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            # It goes on without us; Popen would warn about a child that outlives it.
            process.returncode = 0
            return False
        return True

    def _ring(self) -> None:
        """Wake the scribe, started if there is none. A full pipe means that it has been woken enough."""
        now = time.monotonic()
        if now - self._rang_at < SECONDS_BETWEEN_RINGS:
            return
        process = self._running()
        if process is None or process.stdin is None:
            return
        self._rang_at = now
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(process.stdin.fileno(), b"\n")

    def _running(self) -> subprocess.Popen[bytes] | None:
        if self.is_elsewhere:
            return None
        if self._process is not None and self._process.poll() is None:
            return self._process
        now = time.monotonic()
        if self._starts >= _MOST_STARTS or now - self._started_at < _SECONDS_BETWEEN_STARTS:
            return None
        if self._process is not None:
            _hang_up(self._process)
        self._starts += 1
        self._started_at = now
        self._replies = b""
        with (self.spool.parent / "scribe.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                env={**os.environ, **(self._env or {})},
                # Of its own session: Ctrl-C in the notebook or the terminal is not meant for it.
                start_new_session=True,
            )
        assert self._process.stdin is not None
        handle = self._process.stdin.fileno()
        fcntl.fcntl(handle, fcntl.F_SETFL, fcntl.fcntl(handle, fcntl.F_GETFL) | os.O_NONBLOCK)
        return self._process

    def _ask(self, deadline: float) -> Flushed | None:
        """One request and its reply; None when there was none in time, or the scribe died over it."""
        with self._lock:
            process = self._running()
            while process is None and self._starts < _MOST_STARTS and time.monotonic() < deadline:
                time.sleep(0.1)
                process = self._running()
            if process is None or process.stdin is None or process.stdout is None or self._pen is None:
                return None
            self._asked += 1
            request = FlushRequest(id=self._asked, upto=self._pen.offset)
            line = b"\n" + msgspec.json.encode(request) + b"\n"
            while True:
                try:
                    os.write(process.stdin.fileno(), line)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        return None
                    writable(process.stdin.fileno(), 0.1)
                except BrokenPipeError:
                    return None
        while (left := deadline - time.monotonic()) > 0:
            if not readable(process.stdout.fileno(), left):
                return None
            data = os.read(process.stdout.fileno(), 1 << 16)
            if not data:
                process.wait(1.0)
                return None
            *lines, self._replies = (self._replies + data).split(b"\n")
            for text in lines:
                reply = msgspec.json.decode(text, type=Flushed)
                if reply.id == request.id:
                    return reply
        return None

    def _forget(self) -> None:
        """In a forked child: the session is the parent's, and our copy of the pipe would keep it open."""
        self._closed = True
        self._lock = threading.RLock()
        if self._process is not None:
            _hang_up(self._process)
            self._process.returncode = 0


def _hang_up(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _forget_in_children(scribe: Scribe) -> None:
    here = weakref.ref(scribe)

    def forget() -> None:
        found = here()
        if found is not None:
            found._forget()

    os.register_at_fork(after_in_child=forget)
