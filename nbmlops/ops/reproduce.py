"""`reproduce`: execute again what a run executed, and say whether the same comes out."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import msgspec

from nbmlops.errors import NotFoundError, StateError, UsageError
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.digest import short
from nbmlops.model.replay import ReplayDifference, ReplayVerdict, Reproduction, Sides
from nbmlops.model.run import RunView, Tags
from nbmlops.model.trace import Trace
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.clean_environment import clean_environment
from nbmlops.ops.compare_replay import (
    compare_with_run,
    metrics_of,
    numbers_of,
    other_packages,
    verdict_of,
    where_values_part,
)
from nbmlops.ops.fields import option, positional
from nbmlops.ops.needed_cells import needed_part
from nbmlops.ops.receive_run import find_packed_run, receive_run
from nbmlops.ops.replay import replay, replay_folder
from nbmlops.ops.replay_grid import GridRow, replay_grid
from nbmlops.project import Project
from nbmlops.replay.judge import TOLERANCE, in_order
from nbmlops.replay.plan import problems
from nbmlops.snapshot.trace import trace_of
from nbmlops.track.client import open_writer
from nbmlops.track.lists import find_run


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: Annotated[
        str, positional("Id, the beginning of one, or the name of the newest. Default: the run of the package here.")
    ] = ""
    new_data: Annotated[bool, option("With the data as it is now, instead of the run's.")] = False
    new_code: Annotated[bool, option("With the code as it is now, instead of the run's.")] = False
    grid: Annotated[
        bool, option("All four: old and new code with old and new data; tells which of them moved a metric.")
    ] = False
    env: Annotated[bool, option("In a clean environment with the packages of the run.")] = False
    to: Annotated[str, option("Folder to replay in, which is kept. Default: a temporary one.", metavar="FOLDER")] = ""
    tolerance: Annotated[float, option("Largest relative difference of equal metrics.", metavar="SHARE")] = TOLERANCE


class Result(msgspec.Struct, frozen=True, kw_only=True):
    run: RunView
    reproduction: Reproduction
    grid: tuple[GridRow, ...] = ()
    folder: str = ""

    @property
    def exit_code(self) -> int:
        return 0 if self.reproduction.verdict is ReplayVerdict.REPRODUCED else 1


def reproduce(call: Call, request: Request) -> Result:
    """Raises NotFoundError when the run left no trace, StateError when it cannot be executed at all."""
    if request.grid and (request.new_data or request.new_code or request.to):
        raise UsageError(
            "--grid replays all four combinations.",
            kind="arguments-conflict",
            hint="Leave out --new-data, --new-code and --to.",
        )
    if call.has_session:
        call.session.scribe.flush(30.0)
    run = _run(call, request.run)
    project = call.project
    trace = _trace(project, run)
    began = time.monotonic()
    with clean_environment(call, project, run, trace, is_wanted=request.env) as python:
        if request.grid:
            reproduction, grid = replay_grid(call, run, trace, tolerance=request.tolerance, python=python)
            _remember(call, run, reproduction)
            return Result(run=run, reproduction=reproduction, grid=grid)
        sides = Sides(code="now" if request.new_code else "run", data="now" if request.new_data else "run")
        wanted = call.path(request.to) if request.to else None
        with replay_folder(wanted) as folder, tempfile.TemporaryDirectory(prefix="nbmlops-values-") as scratch_name:
            scratch = Path(scratch_name)
            names = numbers_of(run)
            differences: tuple[ReplayDifference, ...] = ()
            part = trace
            if sides == Sides():
                part = trace if wanted is not None else needed_part(project, run, trace)
                again = replay(call, run, part, sides=sides, folder=folder, wanted=names, python=python)
            else:
                base = replay(
                    call, run, trace, sides=Sides(), folder=scratch / "base", values=scratch / "old", python=python
                )
                again = replay(
                    call, run, trace, sides=sides, folder=folder, values=scratch / "new", wanted=names, python=python
                )
                call.progress(Progress(task="compare", note="values of each cell"))
                differences = where_values_part(trace, base, again, scratch)
            compared, found = compare_with_run(project, run, trace, again, request.tolerance)
            if part is not trace and verdict_of(found) is ReplayVerdict.DIFFERS:
                # Perhaps for lack of a cell that was left out.
                part = trace
                again = replay(call, run, part, sides=sides, folder=scratch / "whole", wanted=names, python=python)
                compared, found = compare_with_run(project, run, trace, again, request.tolerance)
            metrics = metrics_of(project, run, again)
    reproduction = Reproduction(
        id=new_id(),
        run=run.id,
        verdict=verdict_of(differences + found),
        made=utc_now(),
        seconds=round(time.monotonic() - began, 3),
        sides=sides,
        cells=len(again.executions),
        left_out=len(trace.executions) - len(part.executions),
        compared=compared,
        differences=in_order(differences + found),
        metrics=metrics,
        notes=(*problems(part), *again.missing, *(() if request.env else other_packages(project, run))),
    )
    _remember(call, run, reproduction)
    return Result(run=run, reproduction=reproduction, folder=str(wanted) if wanted is not None else "")


def _run(call: Call, name: str) -> RunView:
    """One of the project's, else the one that came in the package that was unpacked here."""
    packed = find_packed_run(call.folder)
    if packed is None and not name:
        raise UsageError("Which run?", kind="run-unnamed", hint="List them: nbmlops runs")
    try:
        if name:
            return find_run(call.project.uri, name)
    except NotFoundError:
        if packed is None or not (packed.run.id.startswith(name) or packed.run.name == name):
            raise
    assert packed is not None
    return receive_run(call, packed)


def _trace(project: Project, run: RunView) -> Trace:
    if run.tags.get(Tags.KIND) == "step":
        raise StateError(
            f"{run.name} is a step: it starts from what other steps gave it.",
            kind="replay-of-step",
            hint=f"Reproduce the run of its pipeline: nbmlops reproduce {short(run.parent or '')}",
        )
    trace = trace_of(run, project.objects)
    if not trace.executions:
        raise StateError(f"Run {run.name} has executed nothing that was recorded.", kind="trace-empty")
    return trace


def _remember(call: Call, run: RunView, reproduction: Reproduction) -> None:
    """The outcome, in our records and, of the run as it was, on the run."""
    project = call.project
    project.records.put(reproduction, id=reproduction.id, subject=run.id)
    if reproduction.sides == Sides():
        when = reproduction.made.strftime("%Y-%m-%d %H:%M")
        open_writer(project.uri, project.root).set_tags(run.id, {Tags.REPRODUCED: f"{reproduction.verdict} {when}"})
