"""What was asked and answered, in windows of time: rows of a request log by revision and window.

Windows begin at multiples of their width since 1970, so that each look cuts the same ones. A row from the future, by
another machine's clock, belongs to the last window. Revisions are kept apart: a shadow keeps the same requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nbmlops.monitor.columns import kind_of, together
from nbmlops.monitor.segments import TIME, segments
from nbmlops.serve.request_log.tables import is_redacted

REQUEST, ROW, REVISION, MILLISECONDS = "request_id", "row", "revision", "milliseconds"
INPUT, OUTPUT = "input", "output"
MOST_ROWS = 2_000_000
"""Of one look; of more, the newest."""
MOST_COLUMNS = 300
"""Of more, those that most rows have: names come from callers, where a model takes any."""
_OWN = (REQUEST, ROW, TIME, REVISION, MILLISECONDS)
_SECOND = 1_000_000


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one revision in one window."""

    revision: str
    start: datetime
    end: datetime
    table: pa.Table
    """In the order of their files."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    table: pa.Table
    """All rows. `request_id`, `row`, `time`, `revision`, `milliseconds`, then columns as in the log."""
    parts: tuple[Part, ...]
    """By revision, oldest first."""
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Columns whose values are not kept, or that are no plain values."""


def read_windows(
    folder: Path,
    since: datetime,
    now: datetime,
    width: timedelta,
    *,
    redacted: Collection[str] = (),
    is_joined: bool = True,
) -> Reading:
    """Of rows from `since` until `now`, whose first window begins before it, if need be.

    `redacted`: columns whose values are not to be looked at, also where an older file has them. `is_joined`: with
    labels; else ids of requests are not read.
    """
    out: dict[str, None] = {}
    own = _OWN if is_joined else tuple(name for name in _OWN if name != REQUEST)

    def wanted(field: pa.Field) -> bool:
        if field.name in own:
            return True
        if field.name.partition(".")[0] not in (INPUT, OUTPUT):
            return False
        is_out = is_redacted(field) or field.name.partition(".")[2] in redacted or field.name == OUTPUT
        if is_out or (not kind_of(field.type) and not pa.types.is_null(field.type)):
            out[field.name] = None
            return False
        return True

    tables, notes, rows = [], [], 0
    for segment in segments(folder, "requests", start_of(since, width), wanted):
        if segment.problem:
            notes.append(segment.problem)
        if rows >= MOST_ROWS:
            notes.append(f"There are more than {MOST_ROWS:,} rows: only the newest files are read.")
            break
        if all(name in segment.table.column_names for name in own):
            tables.append(segment.table)
            rows += segment.table.num_rows
        elif segment.table.num_rows:
            notes.append(f"{segment.name} is no file of a request log and is left out.")
    tables, rare = _of_most(tables)
    if rare:
        notes.append(f"Of more than {MOST_COLUMNS} columns, {rare:,} that the fewest rows have are not looked at.")
    # Oldest first.
    table, lost = together(tables[::-1]) if tables else (_none(), {})
    table = table.select([name for name in table.column_names if name not in out])
    for name, count in sorted(lost.items()):
        if name in table.column_names:
            notes.append(f"Of {shown(name)}, {count:,} of another type than most count as missing.")
    times, late = _times(table, now)
    if late:
        are = "row is" if late == 1 else "rows are"
        notes.append(
            f"{late:,} {are} from the future, by {_ahead(table, now)}: a clock is wrong. They count as of now."
        )
    return Reading(table=table, parts=tuple(_parts(table, times, width)), notes=tuple(notes), left_out=tuple(out))


def start_of(moment: datetime, width: timedelta) -> datetime:
    """Of the window that it is in."""
    seconds = width.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


def shown(column: str) -> str:
    """Of inputs their own name; of answers with `output.` before it."""
    return column.partition(".")[2] if column.startswith(f"{INPUT}.") else column


def features(table: pa.Table) -> pa.Table:
    """What was asked and answered, by the names that the model gives it."""
    names = [name for name in table.column_names if name not in _OWN]
    return table.select(names).rename_columns([shown(name) for name in names])


def _of_most(tables: list[pa.Table]) -> tuple[list[pa.Table], int]:
    """Without columns that only few rows have, where there are too many."""
    rows: Counter[str] = Counter()
    for table in tables:
        for name in table.column_names:
            rows[name] += table.num_rows
    if len(rows) <= MOST_COLUMNS + len(_OWN):
        return tables, 0
    ranked = sorted((name for name in rows if name not in _OWN), key=lambda name: (-rows[name], name))
    kept = {*_OWN, *ranked[:MOST_COLUMNS]}
    return [table.select([name for name in table.column_names if name in kept]) for table in tables], len(rows) - len(
        kept
    )


def _none() -> pa.Table:
    return pa.table(
        {
            REQUEST: pa.array([], pa.string()),
            ROW: pa.array([], pa.int32()),
            TIME: pa.array([], pa.timestamp("us", tz="UTC")),
            REVISION: pa.array([], pa.string()),
            MILLISECONDS: pa.array([], pa.float32()),
        }
    )


def _times(table: pa.Table, now: datetime) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], int]:
    """Microseconds since 1970, none of them later than now; and how many were."""
    found = table.column(TIME).cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    last = int(now.timestamp() * _SECOND)
    late = int((found > last).sum())
    return np.minimum(found, last), late


def _ahead(table: pa.Table, now: datetime) -> str:
    newest = pc.max(table.column(TIME)).as_py()
    return f"up to {max(1, round((newest - now).total_seconds())):,} s"


def _parts(table: pa.Table, times: np.ndarray[tuple[int], np.dtype[np.int64]], width: timedelta) -> Iterator[Part]:
    if not table.num_rows:
        return
    step = int(width.total_seconds() * _SECOND)
    encoded = table.column(REVISION).combine_chunks().dictionary_encode()
    names = [str(each) if each is not None else "" for each in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(len(names)).to_numpy(zero_copy_only=False).astype(np.int64)
    names.append("")
    window = times // step
    first = int(window.min())
    key = codes * (int(window.max()) - first + 1) + (window - first)
    if (np.diff(key) < 0).any():
        order = np.argsort(key, kind="stable")
        key, window, codes = key[order], window[order], codes[order]
        table = table.take(pa.array(order))
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    ends = np.r_[starts[1:], len(key)]
    found = []
    for begin, end in zip(starts.tolist(), ends.tolist(), strict=True):
        start = datetime.fromtimestamp(int(window[begin]) * step / _SECOND, UTC)
        revision = names[int(codes[begin])]
        found.append(Part(revision=revision, start=start, end=start + width, table=table.slice(begin, end - begin)))
    yield from sorted(found, key=lambda each: (_number(each.revision), each.start))


def _number(revision: str) -> tuple[int, str]:
    return (int(revision) if revision.isdigit() else 0, revision)
