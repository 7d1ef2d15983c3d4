"""What people have corrected: rows that were asked, with what turned out to be true of them: a table to learn from."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from nbmlops.monitor.labels import NUMBER, TEXT, join, read_labels
from nbmlops.monitor.windows import INPUT, REQUEST, ROW, read_windows, shown

_WIDTH = timedelta(days=1)


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    table: pa.Table
    """What was asked, and the last label that was told of it; a row that several revisions have answered once."""
    unknown: int
    """Labels of requests that are not kept."""
    notes: tuple[str, ...] = ()


def corrected(
    folder: Path, since: datetime, now: datetime, target: str, *, redacted: Collection[str] = ()
) -> Corrected:
    """`folder`: of the request log. `target`: what the column of labels is called."""
    told = read_labels(folder, since)
    reading = read_windows(folder, since, now, _WIDTH, redacted=redacted)
    joined = join(reading.table, told)
    rows, labels = _once(reading.table, joined.rows, joined.labels)
    chosen = reading.table.take(pa.array(rows))
    names = [name for name in chosen.column_names if name.partition(".")[0] == INPUT]
    asked = chosen.select(names).rename_columns([shown(name) for name in names])
    table = asked.append_column(target, _labels(told.table.take(pa.array(labels))))
    return Corrected(table=table, unknown=joined.unknown, notes=(*reading.notes, *told.notes))


def _once(requests: pa.Table, rows: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first of those that are the same row of the same request."""
    ids, places = requests.column(REQUEST).to_pylist(), requests.column(ROW).to_pylist()
    seen: set[tuple[str, int]] = set()
    kept = []
    for at, row in enumerate(rows.tolist()):
        if (key := (ids[row], places[row])) not in seen:
            seen.add(key)
            kept.append(at)
    order = np.array(kept, np.int64)
    return rows[order], labels[order]


def _labels(told: pa.Table) -> pa.Array:
    """Numbers where all of them are, else texts."""
    numbers, texts = told.column(NUMBER).to_pylist(), told.column(TEXT).to_pylist()
    if all(text is None for text in texts):
        is_whole = all(number is not None and float(number).is_integer() for number in numbers)
        return pa.array(numbers, pa.float64()).cast(pa.int64()) if is_whole and numbers else pa.array(numbers)
    return pa.array([text if text is not None else _plain(number) for number, text in zip(numbers, texts, strict=True)])


def _plain(number: float | None) -> str | None:
    return None if number is None else f"{number:.15g}"
