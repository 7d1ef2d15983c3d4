"""The engine's side of the nursery: it is started with the first step, and ends when it is let go."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from nbmlops.errors import ExternalError
from nbmlops.lib.child import STOP_SECONDS, Ended, last_line
from nbmlops.lib.stop import Stop
from nbmlops.pipeline.step import SAME_HASHES

END_SECONDS = 5.0


def is_possible() -> bool:
    return hasattr(os, "pidfd_open") and hasattr(os, "fork") and Path("/proc/self/fd").is_dir()


class Nursery:
    """Threads may ask for steps at once."""

    def __init__(self, modules: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        self._requests = ours
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "nbmlops.pipeline.warm.nursery", str(theirs.fileno()), *modules],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**SAME_HASHES, **os.environ},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def run(self, spec: Path, on_line: Callable[[bytes], None], stop: Stop) -> Ended:
        """Execute a step to its end, handing on each line of its output.

        Raises ExternalError when the nursery is gone.
        """
        told, theirs = socket.socketpair()
        out, their_out = os.pipe()
        with told, told.makefile("rb") as answers, os.fdopen(out, "rb") as lines, tempfile.TemporaryFile() as errors:
            try:
                with theirs, self._lock:
                    socket.send_fds(self._requests, [str(spec).encode()], [theirs.fileno(), their_out, errors.fileno()])
            except OSError as error:
                raise ExternalError(
                    f"The process that starts steps is gone: {error}.", kind="nursery-gone", hint="Run it again."
                ) from error
            finally:
                os.close(their_out)
            answer = answers.readline()
            if not answer:
                raise ExternalError("The process that starts steps is gone.", kind="nursery-gone", hint="Run it again.")
            process = int(json.loads(answer))
            ended = threading.Event()
            try:
                with stop.ending(lambda: _end(process, ended)):
                    for line in lines:
                        on_line(line)
                    code = answers.readline()
            except BaseException:
                _end(process, ended, answers.readline)
                raise
            finally:
                ended.set()
            return Ended(code=int(json.loads(code)) if code else -signal.SIGKILL, tail=last_line(errors))

    def close(self) -> None:
        self._requests.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _end(process: int, ended: threading.Event, wait: Callable[[], object] | None = None) -> None:
    """Ask first, so that what there is gets saved and its kernel ends; then insist."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGINT)
    if wait is not None:
        timer = threading.Timer(STOP_SECONDS, _kill, (process,))
        timer.start()
        wait()
        timer.cancel()
    elif not ended.wait(STOP_SECONDS):
        _kill(process)


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
