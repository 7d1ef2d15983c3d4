"""Steps as processes of this machine."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from nbmlops.lib.child import Ended
from nbmlops.lib.stop import Stop
from nbmlops.model.pipeline import Step, StepResult
from nbmlops.pipeline.engines import process
from nbmlops.pipeline.needs import largest, missing_secrets, refusal, visible_cards
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

    def check(self, steps: Sequence[Step], folder: Path) -> None:
        step, cores = largest(steps, "cpu"), len(os.sched_getaffinity(0))
        if step is not None and step.cpu > cores:
            why = f"{step.cpu:g} cores are asked for, and this machine has {cores}"
            raise refusal("local", step, "cpu", why, "Ask for fewer, or run it elsewhere: --engine dask")
        step, cards = largest(steps, "gpu"), visible_cards()
        if step is not None and step.gpu > cards:
            why = f"{step.gpu} graphics cards are asked for, and this machine shows {cards}"
            raise refusal("local", step, "gpu", why, "Ask for fewer, or run it elsewhere: --engine dask")
        for step in steps:
            if missing := missing_secrets(step):
                why = f"the environment variable {missing[0]} is not set"
                raise refusal("local", step, "secrets", why, f"Set it where you start nbmlops: {missing[0]}=...")

    def places(self) -> int:
        return len(os.sched_getaffinity(0))

    def prepare(self, notebooks: Sequence[Path]) -> None:
        with self._lock:
            if self._is_warm and self._nursery is None:
                self._nursery = client.Nursery(modules_to_preload(notebooks))

    def run(self, spec: StepSpec, report: Callable[[StepProgress], None], stop: Stop) -> StepResult:
        """Execute in a process of its own: a dying kernel or a full memory ends the step, not us."""
        is_forked = self._is_warm and not spec.is_fresh
        if is_forked and self._nursery is None:
            self.prepare([Path(spec.notebook)])
        return process.run_step(spec, report, stop, start=self._fork if is_forked else process.start)

    def close(self) -> None:
        nursery, self._nursery = self._nursery, None
        if nursery is not None:
            nursery.close()

    def _fork(self, path: Path, heard: Callable[[bytes], None], stop: Stop) -> Ended:
        assert self._nursery is not None
        return self._nursery.run(path, heard, stop)
