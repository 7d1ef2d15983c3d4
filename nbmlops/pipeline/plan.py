"""What a run would do, step by step, without doing it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nbmlops.model.pipeline import Pipeline
from nbmlops.pipeline.order import in_order, needs_of
from nbmlops.pipeline.schedule import Choice
from nbmlops.pipeline.step_cache import StepCache


class Action(StrEnum):
    RUN = "run"
    KEEP = "keep"
    OPEN = "open"
    """Known when the steps before it have run: with the same results as before, it is kept."""
    LEAVE = "leave"


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    action: Action
    why: str
    entry: str = ""
    """Id of the results that would be kept."""
    seconds: float = 0.0
    """What it took when it was last executed, where that is known."""


def plan(pipeline: Pipeline, cache: StepCache, choice: Choice) -> tuple[PlannedStep, ...]:
    """Raises NotebookError for a step whose notebook is broken."""
    given: dict[str, dict[str, str]] = {}
    planned: list[PlannedStep] = []
    for step in in_order(pipeline):
        unsure = [need for need in needs_of(step) if need not in given]
        forced = choice.forced.get(step.name, "")
        if unsure and not forced:
            if step.name in choice.left_out:
                planned.append(PlannedStep(step=step.name, action=Action.LEAVE, why="not asked for"))
            else:
                why = f"depends on what {' and '.join(unsure)} will give"
                planned.append(PlannedStep(step=step.name, action=Action.OPEN, why=why))
            continue
        if forced:
            planned.append(PlannedStep(step=step.name, action=Action.RUN, why=forced))
            continue
        found = cache.look(step, {take.name: given[take.step][take.name] for take in step.takes})
        if found.entry is not None:
            given[step.name] = cache.values_of(found.entry)
            planned.append(
                PlannedStep(
                    step=step.name, action=Action.KEEP, why=found.why, entry=found.entry.id, seconds=found.entry.seconds
                )
            )
        else:
            action = Action.LEAVE if step.name in choice.left_out else Action.RUN
            planned.append(PlannedStep(step=step.name, action=action, why=found.why))
    return tuple(planned)
