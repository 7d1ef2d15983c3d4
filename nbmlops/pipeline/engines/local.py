"""Steps as processes of this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.child import python_module, run_child
from nbmlops.lib.stop import Stop, timing
from nbmlops.model.pipeline import StepResult, StepState
from nbmlops.ports import StepProgress, StepSpec


class LocalEngine:
    def describe(self) -> str:
        return "this machine"

    def run(self, spec: StepSpec, report: Callable[[StepProgress], None], stop: Stop) -> StepResult:
        """Execute in a process of its own: a dying kernel or a full memory ends the step, not us."""
        results: list[StepResult] = []

        def heard(line: bytes) -> None:
            message = msgspec.json.decode(line)
            if "state" in message:
                results.append(msgspec.convert(message, StepResult))
            else:
                report(msgspec.convert(message, StepProgress))

        with tempfile.TemporaryDirectory(prefix="nbmlops-") as folder:
            spec_path = Path(folder) / "spec.json"
            spec_path.write_bytes(canonical_json(spec))
            with timing(stop, spec.timeout) as timed:
                ended = run_child(python_module("nbmlops.pipeline.step", str(spec_path)), heard, stop=timed.stop)
        if results:
            result = results[0]
        else:
            result = StepResult(step=spec.step, state=StepState.FAILED, error=ended.death("the step's process"))
        if timed.is_over and result.state is not StepState.DONE:
            result = msgspec.structs.replace(
                result, state=StepState.FAILED, error=f"not done after {spec.timeout:g} seconds, its timeout"
            )
        return result

    def close(self) -> None:
        """Each step's process has ended with the step."""
