"""Steps as processes of this machine, one at a time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from nbmlops.lib.canonical import canonical_json
from nbmlops.model.pipeline import StepResult, StepState
from nbmlops.ports import StepProgress, StepSpec

STOP_SECONDS = 10
"""How long a step may take to save what it has when it is told to stop."""
_TAIL_LINES = 20


class LocalEngine:
    def describe(self) -> str:
        return "this machine"

    def run(self, spec: StepSpec, report: Callable[[StepProgress], None]) -> StepResult:
        """Execute in a process of its own: a dying kernel or a full memory ends the step, not us."""
        with tempfile.TemporaryDirectory(prefix="nbmlops-") as folder, tempfile.TemporaryFile() as errors:
            spec_path = Path(folder) / "spec.json"
            spec_path.write_bytes(canonical_json(spec))
            with subprocess.Popen(
                [sys.executable, "-m", "nbmlops.pipeline.step", str(spec_path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                # Ctrl-C in a terminal reaches the whole group; the step is told by us, once, and in order.
                start_new_session=True,
            ) as process:
                try:
                    result = _follow(process, report)
                    process.wait()
                except BaseException:
                    _stop(process)
                    raise
            return result or StepResult(
                step=spec.step, state=StepState.FAILED, error=_death(process.returncode, _tail(errors))
            )


def _follow(process: subprocess.Popen[bytes], report: Callable[[StepProgress], None]) -> StepResult | None:
    assert process.stdout is not None
    for line in process.stdout:
        message = msgspec.json.decode(line)
        if "state" in message:
            return msgspec.convert(message, StepResult)
        report(msgspec.convert(message, StepProgress))
    return None


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask first, so that the partial notebook is written and its kernel ends; then insist."""
    for wanted in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, wanted)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            return


def _death(code: int, tail: str) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        more = " (out of memory?)" if -code == signal.SIGKILL else ""
        return f"the step's process was ended by {name}{more}"
    return f"the step's process ended with code {code}: {tail}" if tail else f"the step's process ended with {code}"


def _tail(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = deque(errors.read().decode(errors="replace").splitlines(), maxlen=_TAIL_LINES)
    return next((line for line in reversed(lines) if line.strip()), "")
