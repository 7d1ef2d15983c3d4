"""The result of a pipeline of which nothing has to be executed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from nbmlops.lib.clock import utc_now
from nbmlops.lib.redact import MARK, is_secret_name
from nbmlops.model.documents import identity
from nbmlops.model.pipeline import Pipeline, PipelineResult, StepResult, StepState
from nbmlops.model.step_cache import StepEntry
from nbmlops.pipeline.fan_out import base_of
from nbmlops.pipeline.plan import Action, PlannedStep, nothing_to_run
from nbmlops.pipeline.step_cache import kept_result
from nbmlops.project import Project


def is_at_hand(project: Project, planned: tuple[PlannedStep, ...]) -> bool:
    """Whether all was executed here. What came from a remote is first laid out, as a run of kept steps."""
    entries = [project.records.get(StepEntry, each.entry) for each in planned if each.entry]
    return all(entry is not None and project.records.get(PipelineResult, entry.result) for entry in entries)


def unchanged(
    project: Project,
    pipeline: Pipeline,
    folder: Path,
    chosen: dict[str, Any],
    planned: tuple[PlannedStep, ...],
    began: float,
) -> PipelineResult:
    """What earlier runs have left: nothing is executed, and MLflow gets no run."""
    entries = {each.step: entry for each in planned if (entry := project.records.get(StepEntry, each.entry))}
    last = max(entries.values(), key=lambda entry: entry.made, default=None)
    earlier = project.records.get(PipelineResult, last.result) if last is not None else None
    is_whole = nothing_to_run(planned)
    return PipelineResult(
        id=earlier.id if earlier is not None and is_whole else "",
        pipeline=identity(pipeline),
        name=pipeline.name,
        folder=earlier.folder if earlier is not None and is_whole else "",
        run=earlier.run if earlier is not None and is_whole else "",
        source=project.relative(folder),
        parameters={name: MARK if is_secret_name(name) else value for name, value in chosen.items()},
        state=StepState.DONE if is_whole else StepState.WAITING,
        started=utc_now(),
        seconds=round(time.monotonic() - began, 3),
        steps=tuple(_expected(each, entries.get(each.step)) for each in planned),
        notebook=earlier.notebook if earlier is not None and is_whole else "",
        metrics={
            name: value
            for step, entry in entries.items()
            if base_of(step) == step
            for name, value in entry.metrics.items()
        },
    )


def _expected(planned: PlannedStep, entry: StepEntry | None) -> StepResult:
    if entry is not None:
        return kept_result(planned.step, entry, planned.why)
    states = {Action.KEEP: StepState.DONE, Action.SKIP: StepState.SKIPPED}
    return StepResult(step=planned.step, state=states.get(planned.action, StepState.WAITING), why=planned.why)
