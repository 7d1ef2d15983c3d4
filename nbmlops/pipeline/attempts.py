"""A step is tried as often as it says, with pauses that grow."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from nbmlops.lib.stop import Stop
from nbmlops.model.pipeline import Step, StepResult, StepState
from nbmlops.ports import Engine, StepProgress, StepSpec

LONGEST_WAIT = 300.0
"""Seconds between two tries, at most."""


def attempt(
    engine: Engine, step: Step, spec: StepSpec, report: Callable[[StepProgress], None], stop: Stop
) -> StepResult:
    """The last try's result. A step that was stopped is not tried again."""
    wait = step.backoff
    for number in range(1, step.retries + 2):
        result = msgspec.structs.replace(engine.run(spec, report, stop), tries=number)
        if result.state is not StepState.FAILED or number > step.retries:
            break
        report(StepProgress(step=step.name, cell=0, total=0, preview=f"try {number}: {result.error}"))
        if stop.wait(min(wait, LONGEST_WAIT)):
            break
        wait *= 2
    return result
