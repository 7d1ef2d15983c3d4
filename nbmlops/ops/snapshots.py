"""`snapshots`: list them, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from nbmlops.lib.clock import utc_now
from nbmlops.model.snapshot import Scope, SnapshotRecord
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, option("How many at most.", short="n")] = 20
    scope: Annotated[Scope | None, option("Only `data` or only `code`.", metavar="data|code")] = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    snapshots: tuple[SnapshotRecord, ...]
    now: datetime


def snapshots(call: Call, request: Request) -> Result:
    found = call.project.records.newest(SnapshotRecord, subject=request.scope, limit=max(0, request.limit))
    return Result(snapshots=found, now=utc_now())
