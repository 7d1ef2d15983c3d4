"""`status`: the project at a glance."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from nbmlops.errors import ExternalError
from nbmlops.lib.clock import utc_now
from nbmlops.model.cell import Execution, SessionInfo
from nbmlops.model.pipeline import PipelineResult
from nbmlops.model.run import RunView
from nbmlops.model.snapshot import Scope, SnapshotRecord
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option
from nbmlops.ops.housekeeping import sweep
from nbmlops.track.address import shown, sqlite_path
from nbmlops.track.lists import list_runs
from nbmlops.track.spool import pending


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, option("How many runs and pipeline runs to show.", short="n", metavar="N")] = 5


class Result(msgspec.Struct, frozen=True, kw_only=True):
    root: str
    tracking: str
    runs: tuple[RunView, ...]
    pipelines: tuple[PipelineResult, ...]
    kernels: tuple[SessionInfo, ...]
    """Sessions whose kernel is alive."""
    cells: int
    """Executions of the newest session."""
    data: SnapshotRecord | None
    code: SnapshotRecord | None
    waiting: int
    """Sessions whose runs MLflow has not taken yet."""
    ended: int
    """Runs of dead kernels that were ended just now."""
    problem: str
    now: datetime


def status(call: Call, request: Request) -> Result:
    """A server that does not answer is part of the status, not an error."""
    project = call.project
    problem, ended = "", 0
    runs: tuple[RunView, ...] = ()
    try:
        ended = sweep(project)
        path = sqlite_path(project.uri)
        if path is None or path.exists():
            runs = list_runs(project.uri, limit=request.limit)
    except ExternalError as error:
        problem = str(error)
    sessions = project.records.newest(SessionInfo, limit=50)
    newest = {scope: project.records.newest(SnapshotRecord, subject=scope, limit=1) for scope in Scope}
    return Result(
        root=str(project.root),
        tracking=shown(project.uri),
        runs=runs,
        pipelines=project.records.newest(PipelineResult, limit=request.limit),
        kernels=tuple(session for session in sessions if project.is_alive(session.id)),
        cells=len(project.records.newest(Execution, subject=sessions[0].id, limit=10_000)) if sessions else 0,
        data=next(iter(newest[Scope.DATA]), None),
        code=next(iter(newest[Scope.CODE]), None),
        waiting=len(pending(project.layout.spool)),
        ended=ended,
        problem=problem,
        now=utc_now(),
    )
