"""`snapshots`: list them, newest first, with the runs that use them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from nbmlops.errors import ExternalError, IntegrityError
from nbmlops.lib.clock import utc_now
from nbmlops.model.snapshot import Scope, SnapshotRecord
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option
from nbmlops.project import Project
from nbmlops.track.snapshot_runs import Users, snapshot_runs


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, option("How many at most.", short="n")] = 20
    scope: Annotated[Scope | None, option("Only `data` or only `code`.", metavar="data|code")] = None


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What all snapshots hold, and what that takes."""

    snapshots: int
    """Different ones."""
    bytes: int
    """Of their files, each counted in every snapshot that has it."""
    disk: int
    """That the store takes, with all else that it keeps: traces, results of steps."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    snapshots: tuple[SnapshotRecord, ...]
    users: dict[str, Users]
    """Runs that use them, by snapshot; without those that none does."""
    store: Stored
    problem: str = ""
    """Why the runs are not known, where MLflow does not answer."""
    now: datetime


def snapshots(call: Call, request: Request) -> Result:
    project = call.project
    found = project.records.newest(SnapshotRecord, subject=request.scope, limit=max(0, request.limit))
    users: dict[str, Users] = {}
    problem = ""
    try:
        users = snapshot_runs(project.uri, {record.snapshot for record in found})
    except (ExternalError, IntegrityError) as error:
        problem = str(error)
    return Result(snapshots=found, users=users, store=_stored(project), problem=problem, now=utc_now())


class _Size(msgspec.Struct):
    snapshot: str
    size: int


def _stored(project: Project) -> Stored:
    decoder = msgspec.json.Decoder(_Size)
    sizes = {each.snapshot: each.size for each in map(decoder.decode, project.records.data(SnapshotRecord))}
    return Stored(snapshots=len(sizes), bytes=sum(sizes.values()), disk=project.objects.disk_bytes)
