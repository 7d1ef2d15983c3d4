"""A pipeline's steps through an engine, one after another; a failing step ends it, the rest is skipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.model.pipeline import Pipeline, Step, StepResult, StepState
from nbmlops.pipeline.handoff import FOLDER_VARIABLE
from nbmlops.pipeline.order import in_order
from nbmlops.pipeline.page import Pages
from nbmlops.ports import Engine, StepProgress, StepSpec


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


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in the middle; carries what was done."""

    def __init__(self, results: tuple[StepResult, ...]) -> None:
        super().__init__()
        self.results = results


def execute(
    pipeline: Pipeline,
    *,
    places: Places,
    engine: Engine,
    values: Mapping[str, Any],
    environment: Callable[[Step], dict[str, str]] = lambda step: {},
    is_tracked: bool = True,
    with_pages: bool = True,
    on_step: Callable[[Step, StepResult], None] = lambda step, result: None,
    on_cell: Callable[[StepProgress], None] = lambda progress: None,
) -> tuple[StepResult, ...]:
    """Results of all steps in the order in which they ran. Only parameters that reach a step are given to it.

    Raises Interrupted on Ctrl-C, after the running step has saved what it had.
    """
    with Pages() as pages:
        results = _each(
            pipeline, places, engine, values, environment, is_tracked, pages if with_pages else None, on_step, on_cell
        )
    return tuple(_with_written_page(result) for result in results)


def _with_written_page(result: StepResult) -> StepResult:
    """A page is a convenience: where it could not be made, the result does not name it."""
    is_missing = bool(result.page) and not Path(result.page).is_file()
    return msgspec.structs.replace(result, page="") if is_missing else result


def _each(
    pipeline: Pipeline,
    places: Places,
    engine: Engine,
    values: Mapping[str, Any],
    environment: Callable[[Step], dict[str, str]],
    is_tracked: bool,
    pages: Pages | None,
    on_step: Callable[[Step, StepResult], None],
    on_cell: Callable[[StepProgress], None],
) -> tuple[StepResult, ...]:
    results: list[StepResult] = []
    is_broken = False
    for step in in_order(pipeline):
        if is_broken:
            result = StepResult(step=step.name, state=StepState.SKIPPED)
        else:
            on_step(step, StepResult(step=step.name, state=StepState.RUNNING))
            spec = _spec(pipeline, step, places, values, environment(step), is_tracked)
            try:
                result = engine.run(spec, on_cell)
            except KeyboardInterrupt:
                saved = spec.output if Path(spec.output).is_file() else ""
                results.append(StepResult(step=step.name, state=StepState.KILLED, notebook=saved))
                raise Interrupted(tuple(results)) from None
            is_broken = result.state is not StepState.DONE
            if pages is not None and result.notebook:
                page = Path(spec.output).with_suffix(".html")
                pages.make(Path(spec.output), page)
                result = msgspec.structs.replace(result, page=str(page))
        results.append(result)
        on_step(step, result)
    return tuple(results)


def _spec(
    pipeline: Pipeline,
    step: Step,
    places: Places,
    values: Mapping[str, Any],
    environment: dict[str, str],
    is_tracked: bool,
) -> StepSpec:
    output = places.work / step.notebook
    return StepSpec(
        step=step.name,
        notebook=str(places.pipeline / step.notebook),
        output=str(output),
        folder=str(places.folder),
        kernel=pipeline.kernel,
        parameters={name: values[name] for name in step.parameters if name in values},
        environment={**environment, FOLDER_VARIABLE: str(places.handoff)},
        is_tracked=is_tracked,
    )
