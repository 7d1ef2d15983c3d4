"""A step in a process of its own, from the outside: what every engine does, wherever it does it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.child import Ended, python_module, run_child
from nbmlops.lib.stop import Stop, timing
from nbmlops.model.pipeline import StepResult, StepState
from nbmlops.ports import StepProgress, StepSpec

Start = Callable[[Path, Callable[[bytes], None], Stop], Ended]
"""Execute the spec in a file, handing on each line that the step reports."""


def start(path: Path, heard: Callable[[bytes], None], stop: Stop) -> Ended:
    return run_child(python_module("nbmlops.pipeline.step", str(path)), heard, stop=stop)


def run_step(spec: StepSpec, report: Callable[[StepProgress], None], stop: Stop, *, start: Start = start) -> StepResult:
    """A dying kernel or a full memory ends the step, not us."""
    results: list[StepResult] = []

    def heard(line: bytes) -> None:
        message = msgspec.json.decode(line)
        if "state" in message:
            results.append(msgspec.convert(message, StepResult))
        else:
            report(msgspec.convert(message, StepProgress))

    with tempfile.TemporaryDirectory(prefix="nbmlops-") as folder:
        path = Path(folder) / "spec.json"
        path.write_bytes(canonical_json(spec))
        with timing(stop, spec.timeout) as timed:
            ended = start(path, heard, timed.stop)
    if results:
        result = results[0]
    else:
        result = StepResult(step=spec.step, state=StepState.FAILED, error=ended.death("the step's process"))
    if timed.is_over and result.state is not StepState.DONE:
        result = msgspec.structs.replace(
            result, state=StepState.FAILED, error=f"not done after {spec.timeout:g} seconds, its timeout"
        )
    return result
