"""Steps as processes of this machine, one at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.child import python_module, run_child
from nbmlops.model.pipeline import StepResult, StepState
from nbmlops.ports import StepProgress, StepSpec


class LocalEngine:
    def describe(self) -> str:
        return "this machine"

    def run(self, spec: StepSpec, report: Callable[[StepProgress], None]) -> StepResult:
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
            ended = run_child(python_module("nbmlops.pipeline.step", str(spec_path)), heard)
        if results:
            return results[0]
        return StepResult(step=spec.step, state=StepState.FAILED, error=ended.death("the step's process"))
