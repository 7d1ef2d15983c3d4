"""`pipelines`: the pipelines of the project, their runs and sweeps, also those under way."""

from __future__ import annotations

import difflib
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from nbmlops.errors import NotFoundError
from nbmlops.lib.clock import utc_now
from nbmlops.model.certificate import Verdict
from nbmlops.model.live import BestTrial, LiveRun, SweepRecord
from nbmlops.model.pipeline import Parameter, PipelineResult, Step, StepResult, StepState
from nbmlops.model.run import Tags
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.live_run import is_under_way, result_of_killed
from nbmlops.pipeline.found import FoundPipeline, find_pipelines
from nbmlops.project import Project
from nbmlops.track.lists import children, list_runs

_LOOKED_AT = 5000
"""Records that are looked through for as many as are asked for."""
R = TypeVar("R", LiveRun, PipelineResult)


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("Only this pipeline: its name or its folder.")] = ""
    limit: Annotated[int, option("How many runs and sweeps at most.", short="n", metavar="N")] = 20


class PipelineView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    folder: str
    """Relative to the project."""
    notebook: str = ""
    """It was made from; relative to the project."""
    parameters: tuple[Parameter, ...] = ()
    steps: tuple[Step, ...] = ()
    left_out: int = 0
    """Cells of the notebook that it does without."""
    verdict: Verdict | None = None
    """Of its certificate; None: it has none."""
    verified: datetime | None = None
    is_certified: bool = False
    """False where it was changed since it was verified."""
    reason: str = ""
    problem: str = ""
    """Why it cannot be read."""


class ExecutedStep(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    state: StepState
    is_kept: bool
    """Not executed: its results are those of an earlier run."""
    why: str
    """Why it was executed, kept or left out."""
    seconds: float
    done: int = 0
    """Of a step under way: the cell that is being executed, from 1."""
    total: int = 0
    preview: str = ""
    """First line of that cell."""
    error: str = ""
    tries: int = 1
    run: str = ""
    """MLflow run id."""
    notebook: str = ""
    """As executed."""
    page: str = ""
    """The same as HTML."""


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    source: str
    """The pipeline's folder, relative to the project."""
    run: str
    """MLflow run id."""
    state: StepState
    is_live: bool
    is_resumable: bool
    started: datetime
    seconds: float
    parameters: dict[str, Any]
    steps: tuple[ExecutedStep, ...]
    metrics: dict[str, float] = {}
    error: str = ""
    data: str = ""
    code: str = ""
    workspace: str = ""
    notebook: str = ""
    """All of it in one notebook."""


class SweepView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    pipeline: str
    source: str
    run: str
    state: StepState
    metric: str
    direction: str
    sampler: str
    space: tuple[str, ...]
    trials: int
    """How many there shall be; of these are done, pruned or failed:"""
    done: int
    pruned: int
    failed: int
    best: BestTrial | None
    started: datetime
    seconds: float
    params_file: str
    """The best values, for `run -f`."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    pipelines: tuple[PipelineView, ...]
    executions: tuple[Execution, ...]
    """Newest first, without the trials of sweeps."""
    sweeps: tuple[SweepView, ...]
    """Newest first, each name once."""
    is_whole: bool = True
    """False where the project has more folders than are looked into."""
    now: datetime


def pipelines(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a name that no pipeline of the project and no run of one has."""
    project = call.project
    found, is_whole = find_pipelines(project.root)
    views = [_view(project, each) for each in found]
    sources: set[str] | None = None
    if request.name:
        folder = project.relative(call.path(request.name))
        views = [view for view in views if request.name == view.name or folder == view.folder]
        sources = {view.folder for view in views}
        if not views:
            raise _missing(request.name, found)
    now = utc_now()
    limit = max(0, request.limit)
    ended = _newest(project, PipelineResult, sources, limit)
    known = {each.id for each in ended}
    live = [each for each in _newest(project, LiveRun, sources, limit) if each.id not in known]
    executions = [
        *(_of_live(project, each, now) for each in live),
        *(_of_result(project, each) for each in ended),
    ]
    executions.sort(key=lambda each: each.id, reverse=True)
    return Result(
        pipelines=tuple(views),
        executions=tuple(executions[:limit]),
        sweeps=_sweeps(project, sources, now)[:limit],
        is_whole=is_whole,
        now=now,
    )


def _missing(name: str, found: tuple[FoundPipeline, ...]) -> NotFoundError:
    names = [each.pipeline.name if each.pipeline is not None else each.folder.name for each in found]
    near = difflib.get_close_matches(name, names, n=1)
    return NotFoundError(
        f"There is no pipeline {name} in this project.",
        kind="pipeline-missing",
        hint=f"Did you mean {near[0]}?" if near else "List them: nbmlops pipelines",
        near=near,
    )


def _view(project: Project, found: FoundPipeline) -> PipelineView:
    folder = project.relative(found.folder)
    pipeline, certificate = found.pipeline, found.certificate
    if pipeline is None:
        return PipelineView(name=found.folder.name, folder=folder, problem=found.problem)
    return PipelineView(
        name=pipeline.name,
        folder=folder,
        notebook=project.relative(Path(os.path.normpath(found.folder / pipeline.notebook))),
        parameters=pipeline.parameters,
        steps=pipeline.steps,
        left_out=len(pipeline.dropped),
        verdict=certificate.verdict if certificate is not None else None,
        verified=certificate.made if certificate is not None else None,
        is_certified=found.is_certified,
        reason=certificate.reason if certificate is not None else "",
    )


def _newest(project: Project, kind: type[R], sources: set[str] | None, limit: int) -> list[R]:
    """Trials may be most of what there is: then more is looked through."""
    looked = limit + 1
    while True:
        found = project.records.newest(kind, limit=looked)
        wanted = [each for each in found if not each.parent and (sources is None or each.source in sources)]
        if len(wanted) >= limit or len(found) < looked or looked > _LOOKED_AT:
            return wanted[:limit]
        looked *= 8


def _of_result(project: Project, result: PipelineResult) -> Execution:
    is_broken = result.state in (StepState.FAILED, StepState.KILLED) and bool(result.run)
    return Execution(
        id=result.id,
        name=result.name,
        source=result.source,
        run=result.run,
        state=result.state,
        is_live=False,
        is_resumable=is_broken and bool(result.source) and project.absolute(result.source).is_dir(),
        started=result.started,
        seconds=result.seconds,
        parameters=result.parameters,
        steps=tuple(_step(each) for each in result.steps),
        metrics=result.metrics,
        error=result.error,
        data=result.data,
        code=result.code,
        workspace=result.workspace,
        notebook=result.notebook,
    )


def _of_live(project: Project, live: LiveRun, now: datetime) -> Execution:
    parent = next(iter(list_runs(project.uri, limit=1, tags={Tags.RESULT: live.id})), None)
    run = parent.id if parent is not None else ""
    if not is_under_way(project, live):
        return _of_result(project, result_of_killed(live, run))
    inside = children(project.uri, run) if run else ()
    runs = {name: child.id for child in inside if (name := child.tags.get(Tags.STEP))}
    steps = []
    for each in live.steps:
        took = (now - each.since).total_seconds() if each.since is not None else 0.0
        result = each.result
        if result.state is StepState.RUNNING:
            result = msgspec.structs.replace(result, seconds=round(took, 3))
        result = msgspec.structs.replace(result, run=result.run or runs.get(result.step))
        steps.append(_step(result, done=each.done, total=each.total, preview=each.preview))
    return Execution(
        id=live.id,
        name=live.name,
        source=live.source,
        run=run,
        state=StepState.RUNNING,
        is_live=True,
        is_resumable=False,
        started=live.started,
        seconds=round((now - live.started).total_seconds(), 3),
        parameters=live.parameters,
        steps=tuple(steps),
        data=live.data,
        code=live.code,
        workspace=live.workspace,
    )


def _step(result: StepResult, *, done: int = 0, total: int = 0, preview: str = "") -> ExecutedStep:
    return ExecutedStep(
        step=result.step,
        state=result.state,
        is_kept=result.is_kept,
        why=result.why,
        seconds=result.seconds,
        done=done,
        total=total,
        preview=preview,
        error=result.error,
        tries=result.tries,
        run=result.run or "",
        notebook=result.notebook,
        page=result.page,
    )


def _sweeps(project: Project, sources: set[str] | None, now: datetime) -> tuple[SweepView, ...]:
    newest: dict[str, SweepRecord] = {}
    for record in project.records.newest(SweepRecord, limit=_LOOKED_AT):
        if sources is None or record.source in sources:
            newest.setdefault(record.name, record)
    return tuple(_sweep(project, record, now) for record in newest.values())


def _sweep(project: Project, record: SweepRecord, now: datetime) -> SweepView:
    state = StepState(record.state)
    if state is StepState.RUNNING and not project.is_alive(record.session):
        state = StepState.KILLED
    end = record.ended or (now if state is StepState.RUNNING else record.started)
    return SweepView(
        id=record.id,
        name=record.name,
        pipeline=record.pipeline,
        source=record.source,
        run=record.run,
        state=state,
        metric=record.metric,
        direction=record.direction,
        sampler=record.sampler,
        space=record.space,
        trials=record.trials,
        done=record.done,
        pruned=record.pruned,
        failed=record.failed,
        best=record.best,
        started=record.started,
        seconds=round((end - record.started).total_seconds(), 3),
        params_file=record.params_file,
    )
