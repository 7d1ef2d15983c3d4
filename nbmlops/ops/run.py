"""`run`: execute a pipeline, one MLflow run with a child per step. Steps whose results still hold are not executed."""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import msgspec

from nbmlops.errors import StateError
from nbmlops.lib.clock import new_id
from nbmlops.model.certificate import Certificate
from nbmlops.model.pipeline import Pipeline, PipelineResult
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.pipeline_run import PipelineRun, Wanted
from nbmlops.ops.plugin import open_engine
from nbmlops.ops.run_workspace import Laid, lay_out_workspace
from nbmlops.ops.session import Session
from nbmlops.ops.step_results import step_cache
from nbmlops.ops.unchanged import is_at_hand, unchanged
from nbmlops.pipeline.fan_out import base_of
from nbmlops.pipeline.folder import read_certificate, read_pipeline
from nbmlops.pipeline.order import needs_of
from nbmlops.pipeline.parameters import defaults, values, values_in
from nbmlops.pipeline.plan import Action, PlannedStep, nothing_to_run, plan
from nbmlops.pipeline.selection import choose


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pipeline: Annotated[str, positional("Folder of the pipeline.")]
    param: Annotated[tuple[str, ...], option("Set a parameter.", short="p", metavar="NAME=VALUE")] = ()
    params_file: Annotated[
        str, option("Parameters from a YAML or JSON file; -p wins over it.", short="f", metavar="FILE")
    ] = ""
    name: Annotated[str, option("Name of the run. Default: the pipeline's.", metavar="NAME")] = ""
    experiment: Annotated[
        str, option("MLflow experiment. Default: the pipeline's name.", short="e", metavar="NAME")
    ] = ""
    from_: Annotated[tuple[str, ...], option("Execute this step and those after it.", metavar="STEP")] = ()
    only: Annotated[tuple[str, ...], option("Execute this step and no other.", metavar="STEP")] = ()
    force: Annotated[bool, option("Execute every step, whatever is kept.")] = False
    dry_run: Annotated[bool, option("Only say which steps would be executed, and why.", short="n")] = False
    jobs: Annotated[int, option("Steps at once. Default: all that fit.", short="j", metavar="N")] = 0
    data: Annotated[
        str, option("Run on this data, in a workspace of the run's own: a snapshot or a run.", metavar="REF")
    ] = ""
    code: Annotated[str, option("Run this code there: a snapshot, a run or a git commit.", metavar="REF")] = ""
    engine: Annotated[str, option("Where steps run: local, dask. Default: that of the settings.", metavar="NAME")] = ""
    engine_option: Annotated[
        tuple[str, ...], option("An option of the engine: address=tcp://HOST:8786.", metavar="NAME=VALUE")
    ] = ()


class Result(msgspec.Struct, frozen=True, kw_only=True):
    result: PipelineResult
    """Of a dry run: its steps are waiting, or kept."""
    certificate: Certificate | None
    plan: tuple[PlannedStep, ...] = ()
    """What was known before: which steps would be executed, and why."""
    is_new: bool = True
    """False when nothing was executed: nothing had changed, or it was a dry run."""


def run(call: Call, request: Request) -> Result:
    """Raises UsageError for unknown or ill-typed parameters and StateError for what the engine cannot give a step, both
    before anything runs; CellFailedError when a step fails and InterruptedRunError on Ctrl-C: what was done is kept."""
    folder = call.path(request.pipeline)
    pipeline = read_pipeline(folder)
    folder = folder.parent if folder.is_file() else folder
    named = values_in(pipeline, call.path(request.params_file)) if request.params_file else {}
    chosen = {**defaults(pipeline), **named, **values(pipeline, request.param)}
    return run_pipeline(call, request, pipeline, folder, chosen)


def run_pipeline(
    call: Call, request: Request, pipeline: Pipeline, folder: Path, chosen: dict[str, Any], *, register: str = ""
) -> Result:
    """`register`: the name that its model, if it is executed and logs one, is registered under."""
    began = time.monotonic()
    choice = choose(pipeline, start=request.from_, only=request.only, force=request.force)
    if not call.has_session:
        call = Call(folder, progress=call.progress, makes_project=True)
    certificate = read_certificate(folder)
    id = new_id()
    laid = _lay_out(call, request, pipeline, folder, id)
    project = laid.project if laid is not None else call.project
    folder = laid.folder if laid is not None else folder
    is_needed = False
    try:
        cache = step_cache(project, pipeline, folder, chosen)
        planned = plan(pipeline, cache, choice)
        if request.only:
            _check_kept(pipeline, planned)
        is_known = nothing_to_run(planned) and is_at_hand(project, planned)
        is_needed = not request.dry_run and not is_known
    finally:
        if laid is not None and not is_needed:
            shutil.rmtree(project.layout.runs / id, ignore_errors=True)
    if not is_needed:
        result = unchanged(project, pipeline, folder, chosen, planned, began)
        return Result(result=result, certificate=certificate, plan=planned, is_new=False)
    with closing(open_engine(call.project.settings, request.engine, request.engine_option)) as engine:
        call.progress(Progress(task="mlflow", note="opening the run"))
        session = call.session if call.has_session else Session(project, notebook=None, namespace={}, door="pipeline")
        is_clean = False
        try:
            call.progress(Progress(task="mlflow", state="done"))
            wanted = Wanted(
                engine=engine,
                pipeline=pipeline,
                folder=folder,
                values=chosen,
                cache=cache,
                choice=choice,
                jobs=request.jobs,
                name=request.name,
                experiment=request.experiment,
                register=register,
                id=id,
                laid=laid,
            )
            result = PipelineRun(call, session, wanted).run()
            is_clean = True
            return Result(result=result, certificate=certificate, plan=planned)
        finally:
            if not call.has_session:
                session.close(60.0, is_clean=is_clean)


def _lay_out(call: Call, request: Request, pipeline: Pipeline, folder: Path, id: str) -> Laid | None:
    """The workspace that the steps run in, where data or code are named."""
    if not (request.data or request.code):
        return None
    call.progress(Progress(task="workspace", note="restoring data and code"))
    target = call.project.layout.runs / id / "workspace"
    laid = lay_out_workspace(call.project, pipeline, folder, data=request.data, code=request.code, target=target)
    call.progress(Progress(task="workspace", state="done", note=str(target)))
    return laid


def _check_kept(pipeline: Pipeline, planned: tuple[PlannedStep, ...]) -> None:
    """A step that is executed alone takes what the steps before it gave; that must be there."""
    running = {base_of(each.step) for each in planned if each.action is Action.RUN}
    missing = {base_of(each.step) for each in planned if each.action in (Action.LEAVE, Action.OPEN)}
    for step in pipeline.steps:
        for need in needs_of(step):
            if step.name in running and need in missing:
                raise StateError(
                    f"Step {step.name} cannot be executed alone: nothing is kept of {need}, which it needs.",
                    kind="step-not-kept",
                    hint=f"Execute that too: --only {need} --only {step.name}",
                )
