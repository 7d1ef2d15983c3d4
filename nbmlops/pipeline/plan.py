"""What a run would do, step by step, without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from nbmlops.errors import UsageError
from nbmlops.model.pipeline import Pipeline, Step
from nbmlops.model.step_cache import StepEntry
from nbmlops.pipeline.conditions import givers, items, rests_on, why_not
from nbmlops.pipeline.fan_out import base_of, instance
from nbmlops.pipeline.order import in_order, needs_of
from nbmlops.pipeline.schedule import Choice
from nbmlops.pipeline.step_cache import StepCache, digests_of_lists


class Action(StrEnum):
    RUN = "run"
    KEEP = "keep"
    OPEN = "open"
    """Known when the steps before it have run: with the same results as before, it is kept."""
    LEAVE = "leave"
    SKIP = "skip"
    """Its condition is false, or what it rests on was left out for such a reason."""


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    action: Action
    why: str
    entry: str = ""
    """Id of the results that would be kept."""
    seconds: float = 0.0
    """What it took when it was last executed, where that is known."""


def nothing_to_run(planned: Sequence[PlannedStep]) -> bool:
    return not any(each.action in (Action.RUN, Action.OPEN) for each in planned)


def plan(pipeline: Pipeline, cache: StepCache, choice: Choice) -> tuple[PlannedStep, ...]:
    """Raises NotebookError for a step whose notebook is broken, UsageError for a condition that cannot be decided."""
    return _Planner(pipeline, cache, choice).plan()


class _Planner:
    """Decides as the schedule does, as far as that is known before anything runs."""

    def __init__(self, pipeline: Pipeline, cache: StepCache, choice: Choice) -> None:
        self._pipeline = pipeline
        self._steps = {step.name: step for step in pipeline.steps}
        self._cache = cache
        self._choice = choice
        self._planned: list[PlannedStep] = []
        self._given: dict[str, dict[str, str]] = {}
        """By step whose results are known, the digests of its values."""
        self._entries: dict[str, StepEntry] = {}
        self._fans: dict[str, tuple[str, ...]] = {}
        self._passed: set[str] = set()

    def plan(self) -> tuple[PlannedStep, ...]:
        for step in in_order(self._pipeline):
            if not step.exit:
                self._decide(step)
        is_idle = nothing_to_run(self._planned)
        for step in (step for step in self._pipeline.steps if step.exit):
            if step.name in self._choice.left_out:
                self._add(step, Action.LEAVE, "not asked for")
            elif is_idle and step.name not in self._choice.forced:
                self._add(step, Action.LEAVE, "it ends a run, and there is none")
            else:
                self._add(step, Action.RUN, "it ends the run")
        return tuple(self._planned)

    def _decide(self, step: Step) -> None:
        missing = [need for need in needs_of(step) if need not in self._given]
        parameters = self._cache.values
        gone = [need for need in missing if need in self._passed]
        if resting := [need for need in gone if rests_on(self._steps, step, need, parameters)]:
            self._passed.add(step.name)
            self._add(step, Action.SKIP, f"{resting[0]} was left out")
            return
        unsure = [need for need in missing if need not in gone]
        named = set(givers(self._steps, step, parameters).values()) if step.when or step.foreach else set()
        if named & set(unsure):
            is_left = step.name in self._choice.left_out
            self._add(
                step,
                Action.LEAVE if is_left else Action.OPEN,
                "not asked for" if is_left else f"depends on what {' and '.join(unsure)} will give",
            )
            return
        try:
            if why := why_not(self._steps, step, parameters, self._handed):
                self._passed.add(step.name)
                self._add(step, Action.SKIP, why)
                return
            item, values = items(self._steps, step, parameters, self._handed) if step.foreach else ("", [])
        except ValueError as error:
            raise UsageError(
                f"Step {step.name}: {error}.", kind="condition-undecided", hint="Correct it in pipeline.yaml."
            ) from None
        if not step.foreach:
            self._look(step, unsure, {})
            return
        parts = [instance(step, number, item) for number in range(len(values))]
        for part, value in zip(parts, values, strict=True):
            self._look(part, unsure, {item: value})
        self._fans[step.name] = tuple(part.name for part in parts)
        if not parts:
            self._add(step, Action.KEEP, f"foreach {item}: no items")
        if all(part.name in self._given for part in parts):
            self._given[step.name] = digests_of_lists(step, [self._given[part.name] for part in parts])

    def _look(self, step: Step, unsure: list[str], more: dict[str, Any]) -> None:
        """A step by itself, or one instance of it."""
        base = base_of(step.name)
        is_left = base in self._choice.left_out
        if forced := self._choice.forced.get(base, ""):
            self._add(step, Action.RUN, forced)
        elif unsure and is_left:
            self._add(step, Action.LEAVE, "not asked for")
        elif unsure:
            self._add(step, Action.OPEN, f"depends on what {' and '.join(unsure)} will give")
        else:
            given = {take.name: digest for take in step.takes if (digest := self._given[take.step].get(take.name))}
            found = self._cache.look(step, given, more)
            if found.entry is None:
                self._add(step, Action.LEAVE if is_left else Action.RUN, found.why)
                return
            self._entries[step.name] = found.entry
            self._given[step.name] = self._cache.values_of(found.entry)
            self._add(step, Action.KEEP, found.why, found.entry)

    def _handed(self, giver: str, name: str) -> Any:
        if giver in self._fans:
            return [self._handed(part, name) for part in self._fans[giver]]
        return self._cache.handed(self._entries[giver], name)

    def _add(self, step: Step, action: Action, why: str, entry: StepEntry | None = None) -> None:
        self._planned.append(
            PlannedStep(
                step=step.name,
                action=action,
                why=why,
                entry=entry.id if entry is not None else "",
                seconds=entry.seconds if entry is not None else 0.0,
            )
        )
