"""A pipeline's steps through an engine; a failing step ends what needs it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.lib.sizes import bytes_of
from nbmlops.model.pipeline import Pipeline, Step, StepResult
from nbmlops.pipeline.fan_out import base_of, executed_as
from nbmlops.pipeline.handoff import AS_VARIABLE, FOLDER_VARIABLE
from nbmlops.pipeline.order import in_order
from nbmlops.pipeline.schedule import AS_NEEDED, Cache, Choice, Interrupted, Own, Schedule
from nbmlops.pipeline.step_cache import Found
from nbmlops.ports import Engine, StepProgress, StepSpec

__all__ = ["Interrupted", "Places", "execute"]


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where one execution reads and writes."""

    pipeline: Path
    """The pipeline's folder."""
    folder: Path
    """Working directory of the steps."""
    work: Path
    """Executed notebooks go to `work/steps`, handed values to `work/handoff`."""

    @property
    def handoff(self) -> Path:
        return self.work / "handoff"

    def output(self, step: Step) -> Path:
        """The executed notebook of a step, or of one instance of it."""
        return self.work / executed_as(step.notebook, step.name)


def execute(
    pipeline: Pipeline,
    *,
    places: Places,
    engine: Engine,
    values: Mapping[str, Any],
    environment: Callable[[Step], dict[str, str]] = lambda step: {},
    is_tracked: bool = True,
    cache: Cache | None = None,
    choice: Choice = AS_NEEDED,
    jobs: int = 1,
    on_step: Callable[[Step, StepResult], None] = lambda step, result: None,
    on_cell: Callable[[StepProgress], None] = lambda progress: None,
    on_done: Callable[[Step, StepResult, Found], None] = lambda step, result, found: None,
) -> tuple[StepResult, ...]:
    """Results of all steps in the order in which they ended. Only parameters that reach a step are given to it.

    Raises Interrupted on Ctrl-C, after the running steps have saved what they had.
    """

    def specify(step: Step, own: Own) -> StepSpec:
        given = {**environment(step), **own.environment}
        return specification(pipeline, step, places, {**values, **own.parameters}, given, is_tracked=is_tracked)

    return Schedule(
        in_order(pipeline),
        engine=engine,
        specify=specify,
        handoff=places.handoff,
        output=places.output,
        values=values,
        cache=cache,
        choice=choice,
        jobs=jobs,
        on_step=on_step,
        on_cell=on_cell,
        on_done=on_done,
    ).run()


def specification(
    pipeline: Pipeline,
    step: Step,
    places: Places,
    values: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    is_tracked: bool,
) -> StepSpec:
    """The same step, wherever it is executed."""
    instance = {AS_VARIABLE: step.name} if base_of(step.name) != step.name else {}
    return StepSpec(
        step=step.name,
        notebook=str(places.pipeline / step.notebook),
        output=str(places.output(step)),
        folder=str(places.folder),
        kernel=pipeline.kernel,
        parameters={name: values[name] for name in step.parameters if name in values},
        environment={**step.env, **environment, **instance, FOLDER_VARIABLE: str(places.handoff)},
        is_tracked=is_tracked,
        # A library that was imported ahead has not seen these variables.
        is_fresh=bool(step.env),
        timeout=step.timeout,
        memory=bytes_of(step.memory) if step.memory else 0,
        cpu=step.cpu,
        gpu=step.gpu,
    )
