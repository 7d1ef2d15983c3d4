"""Two versions of a table -> what changed: rows, columns, types, nulls, distribution. With pyarrow, not pandas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nbmlops.model.difference import Bar, ColumnChange, TableDiff
from nbmlops.model.snapshot import ChangeKind
from nbmlops.snapshot.histograms import bars_of_numbers, bars_of_values

SUFFIXES = frozenset({".csv", ".tsv", ".parquet", ".feather", ".arrow", ".jsonl"})
LARGEST_BYTES = 1 << 30
MOST_CELLS = 50_000_000
"""Above this, rows are counted but not matched."""
_SAMPLE = 200_000
_LEAST_SHIFT = 1e-12


def is_table(path: str) -> bool:
    return Path(path).suffix.lower() in SUFFIXES


def diff_tables(before: Path, after: Path, suffix: str) -> TableDiff | None:
    """None where one of them cannot be read as a table."""
    import pyarrow as pa

    try:
        if max(before.stat().st_size, after.stat().st_size) > LARGEST_BYTES:
            return None
        old, new = _read(before, suffix), _read(after, suffix)
    except (pa.ArrowException, OSError, ValueError):
        return None
    return compare_tables(old, new)


def compare_tables(old: Any, new: Any) -> TableDiff:
    """Of two pyarrow tables."""
    common = [name for name in old.column_names if name in set(new.column_names)]
    added, removed = _rows(old.select(common), new.select(common))
    columns = [_column(name, old[name], new[name], is_matched=old.num_rows == new.num_rows) for name in common]
    changes = [column for column in columns if column is not None]
    changes += [
        ColumnChange(
            name=name, change=ChangeKind.REMOVED, type_before=str(old[name].type), nulls_before=old[name].null_count
        )
        for name in old.column_names
        if name not in common
    ]
    changes += [
        ColumnChange(
            name=name, change=ChangeKind.ADDED, type_after=str(new[name].type), nulls_after=new[name].null_count
        )
        for name in new.column_names
        if name not in common
    ]
    return TableDiff(
        rows_before=old.num_rows,
        rows_after=new.num_rows,
        rows_added=added,
        rows_removed=removed,
        columns=tuple(sorted(changes, key=lambda column: (column.change is ChangeKind.CHANGED, -column.shift))),
    )


def _read(path: Path, suffix: str) -> Any:
    match suffix.lower():
        case ".csv" | ".tsv":
            from pyarrow import csv

            return csv.read_csv(path, parse_options=csv.ParseOptions(delimiter="\t" if suffix == ".tsv" else ","))
        case ".parquet":
            from pyarrow import parquet

            return parquet.ParquetFile(path).read()
        case ".jsonl":
            from pyarrow import json

            return json.read_json(path)
        case _:
            from pyarrow import feather

            return feather.read_table(path)


def _rows(old: Any, new: Any) -> tuple[int | None, int | None]:
    """Rows of each table that the other does not have, counted as often as they occur."""
    cells = max(old.num_rows, new.num_rows) * max(old.num_columns, 1)
    if cells > MOST_CELLS or not old.num_columns:
        return None, None
    left, right = _keys(old), _keys(new)
    if left is None or right is None:
        return None, None
    values, place = np.unique(np.concatenate([left, right]), return_inverse=True)
    counts = np.bincount(place[: len(left)], minlength=len(values)) - np.bincount(
        place[len(left) :], minlength=len(values)
    )
    return int(-counts[counts < 0].sum()), int(counts[counts > 0].sum())


def _keys(table: Any) -> Any:
    """A number per row, equal for equal rows (a 64-bit hash: a clash is possible and would hide a row)."""
    import pyarrow as pa

    total: Any = np.zeros(table.num_rows, dtype=np.uint64)
    for number, column in enumerate(table.columns):
        try:
            texts = column.cast(pa.string()).combine_chunks()
        except pa.ArrowException:
            return None
        codes = texts.dictionary_encode()
        hashes = np.fromiter((_hash(value) for value in codes.dictionary.to_pylist()), np.uint64, len(codes.dictionary))
        places = codes.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        picked = np.where(places >= 0, np.append(hashes, np.uint64(0))[places], np.uint64(1))
        with np.errstate(over="ignore"):
            total = total * np.uint64(0x9E3779B97F4A7C15) + picked * np.uint64(2 * number + 1)
            total ^= total >> np.uint64(29)
    return total


def _hash(text: str) -> int:
    from blake3 import blake3

    return int.from_bytes(blake3(text.encode()).digest(8), "little")


def _column(name: str, old: Any, new: Any, *, is_matched: bool) -> ColumnChange | None:
    """None for a column that is as it was."""
    if old.type == new.type and old.equals(new):
        return None
    is_number = _is_number(old.type) and _is_number(new.type)
    shift, bars = _numbers_moved(old, new) if is_number else _values_moved(old, new)
    cells = _changed_cells(old, new) if is_matched else None
    if cells == 0 and old.type == new.type:
        return None
    is_only_longer = shift < _LEAST_SHIFT and old.type == new.type and old.null_count == new.null_count
    if cells is None and is_only_longer:
        return None
    return ColumnChange(
        name=name,
        change=ChangeKind.CHANGED,
        type_before=str(old.type),
        type_after=str(new.type),
        nulls_before=old.null_count,
        nulls_after=new.null_count,
        mean_before=_mean(old) if is_number else None,
        mean_after=_mean(new) if is_number else None,
        cells=cells,
        shift=round(shift, 6),
        bars=bars,
    )


def _is_number(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _numbers(column: Any) -> Any:
    import pyarrow as pa

    values = column.drop_null().cast(pa.float64(), safe=False).to_numpy()
    values = values[~np.isnan(values)]
    step = max(1, len(values) // _SAMPLE)
    return np.sort(values[::step])


def _numbers_moved(old: Any, new: Any) -> tuple[float, tuple[Bar, ...]]:
    left, right = _numbers(old), _numbers(new)
    bars = bars_of_numbers(left, right)
    if not len(left) or not len(right):
        return 0.0 if len(left) == len(right) else 1.0, bars
    points = np.concatenate([left, right])
    shares = [np.searchsorted(side, points, side="right") / len(side) for side in (left, right)]
    return float(np.max(np.abs(shares[0] - shares[1]))), bars


def _values_moved(old: Any, new: Any) -> tuple[float, tuple[Bar, ...]]:
    import pyarrow as pa

    try:
        left, right = (_shares(column.cast(pa.string())) for column in (old, new))
    except pa.ArrowException:
        return 0.0, ()
    names = left.keys() | right.keys()
    shift = 0.5 * sum(abs(left.get(name, 0.0) - right.get(name, 0.0)) for name in names)
    return shift, bars_of_values(left, right)


def _shares(column: Any) -> dict[Any, float]:
    counts = column.value_counts()
    total = max(len(column), 1)
    return {row["values"]: row["counts"] / total for row in counts.to_pylist()}


def _changed_cells(old: Any, new: Any) -> int | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        left, right = old.combine_chunks(), new.combine_chunks()
        if left.type != right.type:
            left, right = left.cast(pa.string()), right.cast(pa.string())
        same = pc.equal(left, right)
        both_null = pc.and_(pc.is_null(left, nan_is_null=True), pc.is_null(right, nan_is_null=True))
        return int(len(left) - (pc.sum(pc.or_(pc.fill_null(same, False), both_null)).as_py() or 0))
    except pa.ArrowException:
        return None


def _mean(column: Any) -> float | None:
    import pyarrow.compute as pc

    value = pc.mean(column).as_py()
    return None if value is None else float(value)
