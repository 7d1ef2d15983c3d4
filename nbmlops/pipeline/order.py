"""In which order steps run. Pure: the plan is data."""

from __future__ import annotations

from nbmlops.errors import UsageError
from nbmlops.model.pipeline import Pipeline, Step


def in_order(pipeline: Pipeline) -> tuple[Step, ...]:
    """Steps after what they need, otherwise as written. Raises UsageError for cycles and unknown needs."""
    steps = {step.name: step for step in pipeline.steps}
    if len(steps) < len(pipeline.steps):
        given = [step.name for step in pipeline.steps]
        twice = next(name for name in given if given.count(name) > 1)
        raise UsageError(f"There are two steps {twice!r}.", kind="pipeline-malformed")
    ordered: list[Step] = []
    done: set[str] = set()
    waiting = list(pipeline.steps)
    for step in waiting:
        for need in needs_of(step):
            if need not in steps:
                raise UsageError(f"Step {step.name} needs {need!r}, which is no step.", kind="pipeline-malformed")
    while waiting:
        ready = next((step for step in waiting if done.issuperset(needs_of(step))), None)
        if ready is None:
            names = " → ".join(step.name for step in waiting)
            raise UsageError(f"Steps need each other in a circle: {names}.", kind="pipeline-malformed")
        waiting.remove(ready)
        ordered.append(ready)
        done.add(ready.name)
    return tuple(ordered)


def needs_of(step: Step) -> tuple[str, ...]:
    """Steps that must have run before, each once."""
    return tuple(dict.fromkeys((*step.needs, *(take.step for take in step.takes))))
