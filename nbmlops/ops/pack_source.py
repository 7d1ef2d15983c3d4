"""What `pack` is to pack: a folder with a Kitfile, else a run, by whatever name it is called."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.kitfile import Kitfile
from nbmlops.model.pipeline import PipelineResult, StepState
from nbmlops.model.run import RunView, Tags
from nbmlops.ops.assemble import assemble
from nbmlops.ops.call import Call
from nbmlops.ops.run_model import run_model
from nbmlops.package.kitfile import find_kitfile, read_kitfile
from nbmlops.project import Project
from nbmlops.track.lists import find_run, list_runs
from nbmlops.track.registry import run_of

_LOOKED_AT = 50
PIPELINE = "pipeline.yaml"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    kitfile: Kitfile
    created: datetime | None = None
    """When the run ended."""
    run: RunView | None = None


def find_source(call: Call, name: str, kitfile: str, transform: str = "") -> Source:
    """`transform`: a step that is put in front of the model. Raises NotFoundError where there is none, UsageError for a
    step of what is no run, and what reading a Kitfile and assembling a run raise.
    """
    folder = call.path(name or ".")
    if transform and (kitfile or (folder.is_dir() and find_kitfile(folder) is not None)):
        raise UsageError(
            "--transform takes a step of a pipeline's run; here a Kitfile says what is packed.",
            kind="transform-without-run",
            hint="Name the run or the pipeline's folder.",
        )
    if kitfile:
        return Source(folder=folder, kitfile=read_kitfile(call.path(kitfile)))
    if folder.is_dir() and (file := find_kitfile(folder)) is not None:
        return Source(folder=folder, kitfile=read_kitfile(file))
    if folder.is_dir() and (name or not _has_project(call)) and not (folder / PIPELINE).is_file():
        raise NotFoundError(
            f"There is no Kitfile in {folder}.",
            kind="kitfile-missing",
            hint="Write one, name it with -f, or name a run.",
        )
    if call.has_session:
        call.session.scribe.flush(30.0)
    project = call.project
    if folder.is_dir() and (folder / PIPELINE).is_file():
        run = _run_of(project, folder)
    else:
        run = _called(project, name) if name else _newest(project)
    made = assemble(call, run, transform=transform)
    return Source(folder=made.folder, kitfile=made.kitfile, created=run.ended or run.started, run=run)


def _has_project(call: Call) -> bool:
    try:
        return bool(call.project)
    except NotFoundError:
        return False


def _run_of(project: Project, folder: Path) -> RunView:
    """The newest run of a pipeline that went well."""
    source = project.relative(folder)
    for result in project.records.newest(PipelineResult, limit=1000):
        if result.source == source and result.state is StepState.DONE and result.run and not result.parent:
            return find_run(project.uri, result.run)
    raise NotFoundError(
        f"{source} has not run yet: there is nothing to pack.",
        kind="run-not-found",
        hint=f"Run it first: nbmlops run {source}",
    )


def _called(project: Project, name: str) -> RunView:
    """By its name or id, by `runs:/ID`, or by the address of a registered model that it has made."""
    if name.startswith("runs:/"):
        return find_run(project.uri, name.removeprefix("runs:/").partition("/")[0])
    if not name.startswith("models:/"):
        return find_run(project.uri, name)
    run = find_run(project.uri, run_of(project.uri, name))
    # The model of a pipeline is one step's; what made it is all of them.
    return find_run(project.uri, run.parent) if Tags.STEP in run.tags and run.parent else run


def _newest(project: Project) -> RunView:
    """With a model, if there is one among the newest."""
    found = [run for run in list_runs(project.uri, limit=_LOOKED_AT) if run.status == "FINISHED" and not run.parent]
    for run in found:
        if run_model(project, run) is not None:
            return run
    for run in found:
        if run.tags.get(Tags.CODE_SNAPSHOT):
            return run
    raise NotFoundError(
        "There is no run to pack yet.", kind="run-not-found", hint="Name a folder with a Kitfile: nbmlops pack FOLDER"
    )
