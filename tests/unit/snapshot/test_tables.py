"""Differences of tables that are known beforehand."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from nbmlops.model.snapshot import ChangeKind
from nbmlops.snapshot.tables import compare_tables, diff_tables

BASE = pa.table({"x": list(range(100)), "kind": ["a", "b"] * 50, "y": [n / 7 for n in range(100)]})


def replaced(name: str, values: list[object]) -> pa.Table:
    return BASE.set_column(BASE.column_names.index(name), name, pa.array(values))


def test_equal_tables_have_no_difference() -> None:
    found = compare_tables(BASE, BASE)
    assert (found.rows_added, found.rows_removed, found.columns, found.weight) == (0, 0, (), 0.0)


def test_rows_are_matched_by_content_wherever_they_lie() -> None:
    shuffled = BASE.take(pa.array([*range(50, 100), *range(50)]))
    assert (compare_tables(BASE, shuffled).rows_added, compare_tables(BASE, shuffled).rows_removed) == (0, 0)
    longer = pa.concat_tables([BASE, BASE.slice(3, 2)])
    found = compare_tables(BASE, longer)
    assert (found.rows_before, found.rows_after, found.rows_added, found.rows_removed) == (100, 102, 2, 0)


def test_one_changed_value_is_one_row_gone_one_new_and_one_cell() -> None:
    values = BASE["x"].to_pylist()
    values[17] = 999
    found = compare_tables(BASE, replaced("x", values))
    (column,) = found.columns
    assert (found.rows_added, found.rows_removed) == (1, 1)
    assert (column.name, column.cells, column.mean_before, column.mean_after) == ("x", 1, 49.5, 49.5 + 9.82)
    assert column.shift == 0.01  # a hundredth of the rows passes others


def test_nulls_types_and_columns_that_come_and_go() -> None:
    values: list[object] = BASE["y"].to_pylist()
    values[0] = values[1] = None
    after = replaced("y", values).rename_columns(["x", "sort", "y"])
    after = after.set_column(0, "x", after["x"].cast(pa.float64()))
    found = {column.name: column for column in compare_tables(BASE, after).columns}
    assert (found["y"].nulls_before, found["y"].nulls_after, found["y"].cells) == (0, 2, 2)
    assert (found["x"].type_before, found["x"].type_after) == ("int64", "double")
    assert (found["kind"].change, found["sort"].change) == (ChangeKind.REMOVED, ChangeKind.ADDED)


def test_shift_of_categories_is_the_share_that_moved() -> None:
    (column,) = compare_tables(BASE, replaced("kind", ["a"] * 75 + ["b"] * 25)).columns
    assert column.shift == 0.25


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".feather", ".jsonl"])
def test_files_of_each_kind_are_read(tmp_path: Path, suffix: str) -> None:
    sides = (tmp_path / f"old{suffix}", tmp_path / f"new{suffix}")
    for path, table in zip(sides, (BASE, BASE.slice(0, 90)), strict=True):
        match suffix:
            case ".csv" | ".tsv":
                csv.write_csv(table, path, csv.WriteOptions(delimiter="\t" if suffix == ".tsv" else ","))
            case ".parquet":
                parquet.write_table(table, path)
            case ".feather":
                feather.write_feather(table, str(path))
            case _:
                path.write_text(table.to_pandas().to_json(orient="records", lines=True))
    found = diff_tables(*sides, suffix)
    assert found is not None
    assert (found.rows_before, found.rows_after, found.rows_added, found.rows_removed) == (100, 90, 0, 10)


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"PAR1 no PAR1"])
@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".feather"])
def test_what_is_no_table_has_no_table_difference(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    assert diff_tables(path, path, suffix) is None
