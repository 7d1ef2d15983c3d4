"""Steps as processes of this machine."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.child import Ended, python_module, run_child
from nbmlops.lib.stop import Stop, timing
from nbmlops.model.pipeline import StepResult, StepState
from nbmlops.pipeline.warm import client
from nbmlops.pipeline.warm.preload import modules_to_preload
from nbmlops.ports import StepProgress, StepSpec


class LocalEngine:
    """`is_warm`: steps are forked from a process that has imported what they will, where the system allows it."""

    def __init__(self, *, is_warm: bool = True) -> None:
        self._is_warm = is_warm and client.is_possible()
        self._nursery: client.Nursery | None = None
        self._lock = threading.Lock()

    def describe(self) -> str:
        return "this machine"

    def prepare(self, notebooks: Sequence[Path]) -> None:
        with self._lock:
            if self._is_warm and self._nursery is None:
                self._nursery = client.Nursery(modules_to_preload(notebooks))

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
                ended = self._execute(spec, spec_path, heard, timed.stop)
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
        nursery, self._nursery = self._nursery, None
        if nursery is not None:
            nursery.close()

    def _execute(self, spec: StepSpec, path: Path, heard: Callable[[bytes], None], stop: Stop) -> Ended:
        if not self._is_warm or spec.is_fresh:
            return run_child(python_module("nbmlops.pipeline.step", str(path)), heard, stop=stop)
        if self._nursery is None:
            self.prepare([Path(spec.notebook)])
        assert self._nursery is not None
        return self._nursery.run(path, heard, stop)
