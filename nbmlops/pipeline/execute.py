"""A pipeline's steps through an engine; a failing step ends what needs it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.model.pipeline import Pipeline, Step, StepResult
from nbmlops.pipeline.handoff import FOLDER_VARIABLE
from nbmlops.pipeline.order import in_order
from nbmlops.pipeline.schedule import AS_NEEDED, Cache, Choice, Interrupted, Schedule
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

    def specify(step: Step) -> StepSpec:
        return StepSpec(
            step=step.name,
            notebook=str(places.pipeline / step.notebook),
            output=str(places.work / step.notebook),
            folder=str(places.folder),
            kernel=pipeline.kernel,
            parameters={name: values[name] for name in step.parameters if name in values},
            environment={**environment(step), FOLDER_VARIABLE: str(places.handoff)},
            is_tracked=is_tracked,
            timeout=step.timeout,
        )

    return Schedule(
        in_order(pipeline),
        engine=engine,
        specify=specify,
        handoff=places.handoff,
        outputs={step.name: places.work / step.notebook for step in pipeline.steps},
        cache=cache,
        choice=choice,
        jobs=jobs,
        on_step=on_step,
        on_cell=on_cell,
        on_done=on_done,
    ).run()
