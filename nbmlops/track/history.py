"""The values that a metric has had, thinned out so that no peak is lost."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.track.address import sqlite_path
from nbmlops.track.lists_sqlite import reading
from nbmlops.track.metrics_sqlite import LARGEST

MANY = 20_000
"""Of a series with more points only those that may stay are read from a file."""
Row = tuple[int, int, float]
"""Step, milliseconds since 1970, value."""

_SELECT = "SELECT step, timestamp, value, is_nan FROM metrics WHERE run_uuid = :run AND key = :key"


class Series(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    total: int
    """Points that there are."""
    rows: tuple[Row, ...]
    """In order of steps, then of time."""


def history(uri: str, run: str, metrics: Sequence[str], points: int) -> tuple[Series, ...]:
    """Of each metric that the run has, `points` at most; of all its metrics where none is named, by name."""
    if (path := sqlite_path(uri)) is not None:
        return _of_file(path, run, metrics, points)
    from nbmlops.track import history_client

    return tuple(
        Series(metric=metric, total=len(rows), rows=thinned(rows, points))
        for metric, rows in history_client.histories(uri, run, metrics)
    )


def thinned(rows: Sequence[Row], points: int) -> tuple[Row, ...]:
    """First and last, and of each stretch between them the least, the greatest, and where not-a-number begins."""
    if len(rows) <= points:
        return tuple(rows)
    per_stretch = 3 if any(math.isnan(value) for _, _, value in rows) else 2
    count = max(0, (points - 2) // per_stretch)
    inner = rows[1:-1]
    kept = dict.fromkeys((rows[0], rows[-1]))
    for number in range(count):
        stretch = inner[number * len(inner) // count : (number + 1) * len(inner) // count]
        figures = [row for row in stretch if not math.isnan(row[2])]
        if figures:
            kept[min(figures, key=itemgetter(2))] = None
            kept[max(figures, key=itemgetter(2))] = None
        if len(figures) < len(stretch):
            kept[next(row for row in stretch if math.isnan(row[2]))] = None
    return _ordered(kept)


def _of_file(path: Path, run: str, metrics: Sequence[str], points: int) -> tuple[Series, ...]:
    few = f"AND key IN ({', '.join('?' * len(metrics))})" if metrics else ""
    found = []
    with reading(path) as database:
        counts = database.execute(
            f"SELECT key, count(*) FROM metrics WHERE run_uuid = ? {few} GROUP BY key ORDER BY key", (run, *metrics)
        ).fetchall()
        for metric, count in counts:
            if count <= max(MANY, points):
                rows = database.execute(_SELECT, {"run": run, "key": metric}).fetchall()
            else:
                rows = _reduced(database, run, metric, points)
            found.append(Series(metric=metric, total=count, rows=thinned(_ordered(map(_row, rows)), points)))
    return tuple(found)


def _reduced(database: sqlite3.Connection, run: str, metric: str, points: int) -> list[Any]:
    """What can stay of a long series. SQLite gives the row that a minimum or maximum was found in."""
    wanted: dict[str, Any] = {"run": run, "key": metric}
    limits = database.execute(
        "SELECT min(step), max(step), min(timestamp), max(timestamp) FROM metrics WHERE run_uuid = :run AND key = :key",
        wanted,
    ).fetchone()
    axis, first, last = ("step", *limits[:2]) if limits[1] > limits[0] else ("timestamp", *limits[2:])
    # Half as many stretches as may stay in the end: thinning what is left changes little.
    wanted |= {"first": first, "scale": max(1, points // 2) / (last - first + 1)}
    stretch = f"CAST(({axis} - :first) * :scale AS INTEGER)"
    found = []
    for end in ("ASC", "DESC"):
        found += database.execute(f"{_SELECT} ORDER BY step {end}, timestamp {end} LIMIT 1", wanted).fetchall()
    for which, peak in (("NOT is_nan", "min(value)"), ("NOT is_nan", "max(value)"), ("is_nan", f"min({axis})")):
        select = _SELECT.replace(" FROM", f", {peak} FROM")
        found += [row[:4] for row in database.execute(f"{select} AND {which} GROUP BY {stretch}", wanted)]
    return found


def _row(row: Sequence[Any]) -> Row:
    step, moment, value, is_nan = row
    if is_nan:
        return step, moment, math.nan
    return step, moment, math.copysign(math.inf, value) if abs(value) >= LARGEST else value


def _ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(dict.fromkeys(rows), key=itemgetter(0, 1)))
