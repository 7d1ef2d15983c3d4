"""A pipeline's steps through an engine; a failing step ends what needs it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.model.pipeline import Pipeline, Step, StepResult, StepState
from nbmlops.pipeline.handoff import FOLDER_VARIABLE
from nbmlops.pipeline.order import in_order
from nbmlops.pipeline.page import Pages
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
    with_pages: bool = True,
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
        return specification(pipeline, step, places, values, environment(step), is_tracked=is_tracked)

    with Pages() as pages:

        def ended(step: Step, result: StepResult) -> None:
            if with_pages and result.notebook and result.state is not StepState.RUNNING:
                pages.make(Path(result.notebook), page_of(Path(result.notebook)))
            on_step(step, result)

        results = Schedule(
            in_order(pipeline),
            engine=engine,
            specify=specify,
            handoff=places.handoff,
            outputs={step.name: places.work / step.notebook for step in pipeline.steps},
            cache=cache,
            choice=choice,
            jobs=jobs,
            on_step=ended,
            on_cell=on_cell,
            on_done=on_done,
        ).run()
    return tuple(_with_page(result) for result in results)


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
    return StepSpec(
        step=step.name,
        notebook=str(places.pipeline / step.notebook),
        output=str(places.work / step.notebook),
        folder=str(places.folder),
        kernel=pipeline.kernel,
        parameters={name: values[name] for name in step.parameters if name in values},
        environment={**step.env, **environment, FOLDER_VARIABLE: str(places.handoff)},
        is_tracked=is_tracked,
        # A library that was imported ahead has not seen these variables.
        is_fresh=bool(step.env),
        timeout=step.timeout,
        cpu=step.cpu,
        gpu=step.gpu,
    )


def page_of(notebook: Path) -> Path:
    return notebook.with_suffix(".html")


def _with_page(result: StepResult) -> StepResult:
    """A page is a convenience: where it could not be made, the result does not name it."""
    page = page_of(Path(result.notebook)) if result.notebook else None
    return msgspec.structs.replace(result, page=str(page)) if page is not None and page.is_file() else result
