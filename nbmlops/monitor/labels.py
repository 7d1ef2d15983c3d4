"""What has turned out to be true of rows that were answered: told later, maybe twice, maybe never."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from nbmlops.monitor.coded import Values, either, values_of
from nbmlops.monitor.segments import TIME, segments
from nbmlops.monitor.windows import REQUEST, ROW

NUMBER, TEXT = "number", "text"
_PLACE, _OTHER = "place", "other"
_FIELDS = (REQUEST, ROW, TIME, NUMBER, TEXT)
Array = np.ndarray[Any, np.dtype[Any]]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Labels of a log, one for a row: the last one told."""

    table: pa.Table
    """`request_id`, `row`, `time` when it was told, `number` or `text`."""
    again: int = 0
    """That were told before and are replaced."""
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return int(self.table.num_rows)


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of requests that have a label. A row that several revisions have answered is there for each."""

    rows: Array
    """Their places in the table of requests, in order."""
    labels: Array
    """For each of them its place among the labels."""
    unknown: int
    """Labels of requests that are not in the table."""


def read_labels(folder: Path, since: datetime) -> Told:
    """Told since then."""
    tables, notes = [], []
    for segment in segments(folder, "labels", since, lambda field: field.name in _FIELDS):
        if segment.problem:
            notes.append(segment.problem)
        if all(name in segment.table.column_names for name in _FIELDS):
            tables.append(segment.table.select(_FIELDS))
    if not tables:
        return Told(table=_none(), notes=tuple(notes))
    table = pa.concat_tables(tables[::-1], promote_options="permissive").combine_chunks()
    table = table.sort_by([(TIME, "ascending")])
    numbered = table.select([REQUEST, ROW]).append_column(_PLACE, pa.array(np.arange(table.num_rows)))
    last = numbered.group_by([REQUEST, ROW]).aggregate([(_PLACE, "max")]).column(f"{_PLACE}_max").to_numpy()
    kept = table.take(pa.array(np.sort(last)))
    return Told(table=kept, again=table.num_rows - kept.num_rows, notes=tuple(notes))


def join(requests: pa.Table, told: Told) -> Joined:
    """By the request's id and the row."""
    if not told.count or not requests.num_rows:
        return Joined(rows=np.empty(0, np.int64), labels=np.empty(0, np.int64), unknown=told.count)
    left = requests.select([REQUEST, ROW]).append_column(_PLACE, pa.array(np.arange(requests.num_rows)))
    right = told.table.select([REQUEST, ROW]).append_column(_OTHER, pa.array(np.arange(told.count)))
    found = left.join(right.cast(_like(left, right)), keys=[REQUEST, ROW], join_type="inner")
    rows, labels = found.column(_PLACE).to_numpy(), found.column(_OTHER).to_numpy()
    order = np.argsort(rows, kind="stable")
    is_known = np.zeros(told.count, bool)
    is_known[labels] = True
    return Joined(rows=rows[order], labels=labels[order], unknown=int((~is_known).sum()))


def values(told: Told, places: Array) -> Values:
    """Of labels: numbers, whole ones where they are that, or texts."""
    chosen = told.table.select([NUMBER, TEXT]).take(pa.array(places))
    return either(values_of(chosen.column(NUMBER)), values_of(chosen.column(TEXT)))


def _like(left: pa.Table, right: pa.Table) -> pa.Schema:
    """Keys as in the left table."""
    return pa.schema([left.schema.field(REQUEST), left.schema.field(ROW), right.schema.field(_OTHER)])


def _none() -> pa.Table:
    return pa.table(
        {
            REQUEST: pa.array([], pa.string()),
            ROW: pa.array([], pa.int32()),
            TIME: pa.array([], pa.timestamp("us", tz="UTC")),
            NUMBER: pa.array([], pa.float64()),
            TEXT: pa.array([], pa.string()),
        }
    )
