"""`history`: the values that metrics have had, step by step."""

from __future__ import annotations

import difflib
import math
from typing import Annotated

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.lib.digest import short
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.track.history import Series
from nbmlops.track.history import history as histories
from nbmlops.track.lists import find_run

MOST_POINTS = 10_000
MOST_CURVES = 500


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    runs: Annotated[tuple[str, ...], positional("Ids, beginnings of them, or names of the newest.", metavar="RUN")]
    metric: Annotated[tuple[str, ...], option("Only of this metric. Default: of all.", short="m", metavar="NAME")] = ()
    points: Annotated[int, option("How many of a curve at most; its peaks stay.", short="n", metavar="N")] = 500


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of one run; the three lists have one entry a point, in order of steps."""

    run: str
    run_name: str
    metric: str
    total: int
    """Points that were logged."""
    steps: tuple[int, ...]
    times: tuple[int, ...]
    """Milliseconds since 1970."""
    values: tuple[float | str, ...]
    """`nan`, `inf` and `-inf` are text: JSON has no such numbers."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    curves: tuple[Curve, ...]
    """By run as asked, then by the metric's name."""
    left_out: int = 0
    """Curves beyond the first 500."""


def history(call: Call, request: Request) -> Result:
    """Raises NotFoundError for an unknown run and for a metric that none of the runs has."""
    if not 2 <= request.points <= MOST_POINTS:
        raise UsageError(
            f"{request.points} points cannot be drawn.",
            kind="arguments-malformed",
            hint=f"Ask for 2 to {MOST_POINTS:,}.",
        )
    project = call.project
    if call.has_session:
        call.session.scribe.flush(10.0)
    runs = {run.id: run for run in (find_run(project.uri, ref) for ref in request.runs)}
    for name in request.metric:
        known = {metric for run in runs.values() for metric in run.metrics}
        if name not in known:
            raise _unknown(name, known, short(next(iter(runs))))
    found = [
        _curve(run.id, run.name, series)
        for run in runs.values()
        for series in histories(project.uri, run.id, request.metric, request.points)
    ]
    return Result(curves=tuple(found[:MOST_CURVES]), left_out=max(0, len(found) - MOST_CURVES))


def _curve(run: str, name: str, series: Series) -> Curve:
    return Curve(
        run=run,
        run_name=name,
        metric=series.metric,
        total=series.total,
        steps=tuple(step for step, _, _ in series.rows),
        times=tuple(moment for _, moment, _ in series.rows),
        values=tuple(value if math.isfinite(value) else repr(value) for _, _, value in series.rows),
    )


def _unknown(name: str, known: set[str], run: str) -> NotFoundError:
    near = difflib.get_close_matches(name, known, n=1)
    return NotFoundError(
        f"None of these runs has a metric {name!r}.",
        kind="metric-missing",
        hint=f"Did you mean {near[0]}?" if near else f"See what they have: nbmlops show {run}",
        metric=name,
    )
