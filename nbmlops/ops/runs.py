"""`runs`: list them, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from nbmlops.lib.clock import utc_now
from nbmlops.model.run import RunView
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option
from nbmlops.ops.housekeeping import sweep
from nbmlops.track.lists import list_runs, parents


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[
        int, option("How many at most; of a run inside another, that one is shown too.", short="n", metavar="N")
    ] = 20
    sort: Annotated[str, option("`started`, `name`, `status` or the name of a metric (best first).", short="s")] = (
        "started"
    )
    reverse: Annotated[bool, option("The other way round.", short="r")] = False
    experiment: Annotated[str, option("Only of this experiment.", short="e", metavar="NAME")] = ""
    parents: Annotated[bool, option("Without runs inside other runs.")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    runs: tuple[RunView, ...]
    now: datetime


def runs(call: Call, request: Request) -> Result:
    project = call.project
    if call.has_session:
        call.session.scribe.flush(10.0)
    sweep(project)
    found = list_runs(
        project.uri,
        experiment=request.experiment or None,
        limit=max(0, request.limit),
        order_by=request.sort,
        descending=not request.reverse,
        parents_only=request.parents,
    )
    # A run inside another one would look like one of its own where the limit has cut the other off.
    return Result(runs=(*found, *parents(project.uri, found)), now=utc_now())
