"""`runs`: list them, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from nbmlops.errors import UsageError
from nbmlops.lib.clock import utc_now
from nbmlops.model.run import RunView
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option
from nbmlops.ops.housekeeping import sweep
from nbmlops.track.conditions import LONGEST, read_condition, read_name
from nbmlops.track.lists import columns, page_of_runs, parents
from nbmlops.track.query import Columns, Query


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[
        int, option("How many at most; of a run inside another, that one is shown too.", short="n", metavar="N")
    ] = 20
    offset: Annotated[int, option("Leave out so many at the beginning.", metavar="N")] = 0
    sort: Annotated[
        str,
        option(
            "`started`, `name`, `status`, `seconds`, a metric (best first), or `params.NAME`.",
            short="s",
            metavar="NAME",
        ),
    ] = "started"
    reverse: Annotated[bool, option("The other way round.", short="r")] = False
    experiment: Annotated[str, option("Only of this experiment.", short="e", metavar="NAME")] = ""
    filter: Annotated[
        tuple[str, ...],
        option(
            "Only where this holds: 'accuracy > 0.9', 'params.trees = 10', 'status = FAILED', 'name ~ wine', "
            "'tags.team = x', 'started > 2026-01-31'.",
            short="f",
            metavar="CONDITION",
        ),
    ] = ()
    search: Annotated[
        str, option("Only with this text in name, experiment, parameters or tags.", short="q", metavar="TEXT")
    ] = ""
    parents: Annotated[bool, option("Without runs inside other runs.")] = False
    deleted: Annotated[bool, option("Only those that were deleted.")] = False
    columns: Annotated[bool, option("Name all metrics, parameters and experiments, too.")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    runs: tuple[RunView, ...]
    """Tags of more than 300 letters (notes) are left out; `show` has them."""
    outer: tuple[RunView, ...] = ()
    """Runs that these lie in, where they are not among them."""
    total: int
    """How many there are without `limit` and `offset`."""
    is_total: bool = True
    """False where a server has more than `total`: it has not counted them."""
    columns: Columns | None = None
    now: datetime


def runs(call: Call, request: Request) -> Result:
    """Raises UsageError for a filter that cannot be read, with the place."""
    if request.offset < 0:
        raise UsageError("The offset is less than 0.", kind="arguments-malformed", hint="Count from 0.")
    if len(request.search) > LONGEST:
        raise UsageError(
            f"The text to look for is longer than {LONGEST} letters.", kind="search-too-long", hint="Look for a part."
        )
    query = Query(
        experiment=request.experiment or None,
        limit=max(0, request.limit),
        offset=request.offset,
        order_by=read_name(request.sort),
        descending=not request.reverse,
        parents_only=request.parents,
        conditions=tuple(read_condition(text) for text in request.filter),
        search=request.search.strip(),
        is_deleted=request.deleted,
    )
    project = call.project
    if call.has_session:
        call.session.scribe.flush(10.0)
    sweep(project)
    page = page_of_runs(project.uri, query)
    return Result(
        runs=page.runs,
        # A run inside another one would look like one of its own where the limit has cut the other off.
        outer=() if request.deleted else parents(project.uri, page.runs),
        total=page.total,
        is_total=page.is_total,
        columns=columns(project.uri) if request.columns else None,
        now=utc_now(),
    )
