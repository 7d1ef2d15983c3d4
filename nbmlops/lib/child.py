"""A child process that reports in JSON lines, from both sides.

In the child:   report = claim_output(); end_with_parent(); report(message)
In the parent:  ended = run_child(command, on_line)
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import msgspec

from nbmlops.lib.stop import Stop

STOP_SECONDS = 10
"""How long a child may take to save what it has when it is told to stop."""
PARENT_SECONDS = 1.0
"""How often a child looks whether its parent is still there."""
_TAIL_LINES = 20


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    code: int
    """Negative: the signal that ended it."""
    tail: str
    """The last line that it wrote to standard error."""

    def death(self, who: str) -> str:
        """Why a process is gone that has not said so itself."""
        if self.code < 0:
            name = signal.Signals(-self.code).name
            more = " (out of memory?)" if -self.code == signal.SIGKILL else ""
            return f"{who} was ended by {name}{more}"
        return f"{who} ended with code {self.code}: {self.tail}" if self.tail else f"{who} ended with {self.code}"


def run_child(
    command: Sequence[str],
    on_line: Callable[[bytes], None],
    *,
    folder: Path | None = None,
    environment: dict[str, str] | None = None,
    stop: Stop | None = None,
) -> Ended:
    """Run a process to its end, handing on each line of its output.

    `stop` ends it from another thread; an exception in this one (Ctrl-C) stops the process first.
    """
    stop = stop or Stop()
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=folder,
            env=environment,
            # Ctrl-C in a terminal reaches the whole group; the child is told by us, once, and in order.
            start_new_session=True,
        ) as process:
            try:
                assert process.stdout is not None
                with stop.ending(lambda: _stop(process)):
                    for line in process.stdout:
                        on_line(line)
                    process.wait()
            except BaseException:
                _stop(process)
                raise
        return Ended(code=process.returncode, tail=last_line(errors))


def claim_output() -> Callable[[msgspec.Struct], None]:
    """Keep the real standard output for reports; whatever libraries print goes to standard error.

    Reports may come from any thread and be of any length.
    """
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    lock = threading.Lock()

    def report(message: msgspec.Struct) -> None:
        rest = memoryview(msgspec.json.encode(message) + b"\n")
        with lock:
            while rest:
                rest = rest[pipe.write(rest) :]

    return report


def end_with_parent() -> None:
    """Whoever started us may be killed outright: then this process is interrupted too, and nothing runs on unseen."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_SECONDS)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()


def python_module(module: str, *arguments: str, python: str = sys.executable) -> list[str]:
    return [python, "-m", module, *arguments]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask first, so that what there is gets saved and its kernel ends; then insist."""
    for wanted in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, wanted)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            return


def last_line(errors: IO[bytes]) -> str:
    """The last line of a file that has any text, if it is among the last few."""
    errors.seek(0)
    lines = deque(errors.read().decode(errors="replace").splitlines(), maxlen=_TAIL_LINES)
    return next((line for line in reversed(lines) if line.strip()), "")
