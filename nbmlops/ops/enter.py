"""`enter`: bring the variables of a step into this notebook, as they were when its cell failed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from nbmlops.errors import ConflictError, NotFoundError, StateError
from nbmlops.model.names import slug
from nbmlops.model.pipeline import PipelineResult, Step, StepResult, StepState
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.find_result import find_result
from nbmlops.pipeline.carriers import CARRIERS
from nbmlops.pipeline.fan_out import base_of, executed_as
from nbmlops.pipeline.folder import read_pipeline
from nbmlops.pipeline.handoff import read
from nbmlops.pipeline.namespace import folder_of, read_namespace
from nbmlops.pipeline.selection import check_step

_HIDDEN = frozenset(carrier.variable for carrier in CARRIERS.values())


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: Annotated[str, positional("The pipeline's run: id, first letters of it, name, or `last`.")] = "last"
    step: Annotated[str, positional("The step. Default: the one that failed.")] = ""
    force: Annotated[bool, option("Replace variables of this notebook that have the same names.", short="f")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    error: str
    """Why the step failed, if it did."""
    moment: str
    """`failed`: as when the cell had failed; `began`: what the step took, with its parameters."""
    names: tuple[str, ...]
    refused: dict[str, str]
    """Variables that could not be brought along, with the reason."""
    notebook: str
    """The step's notebook, to mend."""


def enter(call: Call, request: Request) -> Result:
    """Raises NotFoundError, and ConflictError when variables of this notebook would be replaced."""
    session = call.session
    found = find_result(session.project, request.run)
    folder = session.project.absolute(found.source)
    pipeline = read_pipeline(folder)
    name = request.step or _failed(found)
    check_step(pipeline, base_of(name))
    step = next(each for each in pipeline.steps if each.name == base_of(name))
    result = next((each for each in found.steps if each.step == name), None)
    place = folder_of(Path(found.folder) / executed_as(step.notebook, name))
    if place.is_dir():
        kept = read_namespace(place)
        values, refused, moment = kept.values, kept.refused, "failed"
    else:
        values, refused, moment = _taken(found, step, result), {}, "began"
    values = {each: value for each, value in values.items() if each not in _HIDDEN}
    namespace = session.namespace
    clashes = [each for each in values if each in namespace and namespace[each] is not values[each]]
    if clashes and not request.force:
        shown = ", ".join(clashes[:5]) + (" ..." if len(clashes) > 5 else "")
        raise ConflictError(
            f"This notebook has {shown} already.",
            kind="variables-exist",
            hint="Replace them with --force, or enter from a fresh kernel.",
        )
    session.bring(values)
    return Result(
        step=name,
        error=result.error if result is not None else "",
        moment=moment,
        names=tuple(values),
        refused=refused,
        notebook=str(folder / step.notebook),
    )


def _failed(found: PipelineResult) -> str:
    broken = [step.step for step in found.steps if step.state in (StepState.FAILED, StepState.KILLED)]
    if not broken:
        raise StateError(
            f"No step of run {found.name} has failed.",
            kind="step-not-failed",
            hint=f"Name one: {', '.join(step.step for step in found.steps)}",
        )
    return broken[0]


def _taken(found: PipelineResult, step: Step, result: StepResult | None) -> dict[str, Any]:
    """What the step began with: its parameters, and the values it takes, where the run has left them."""
    if result is not None and result.state is StepState.SKIPPED:
        raise NotFoundError(
            f"Step {step.name} was not executed in that run: {result.why}.",
            kind="step-not-executed",
            hint="Enter the step that failed.",
        )
    values = {name: found.parameters[name] for name in step.parameters if name in found.parameters}
    for take in step.takes:
        values |= read(Path(found.folder) / "handoff" / slug(take.step), (take.name,))
    return values
