"""Rows read by Arrow and rows read one by one are the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from nbmlops.batch_scoring import csv_rows
from nbmlops.batch_scoring.columns import TYPES, Need
from nbmlops.batch_scoring.rows import Rows
from nbmlops.errors import UsageError
from nbmlops.model.batch_scoring import InputFile, Part

COLUMNS = ("age", "fare", "port", "is_new", "day", "note")
KINDS = {"age": "long", "fare": "double", "port": "string", "is_new": "boolean", "day": "datetime"}
NEEDS = tuple(Need(name=name, kind=kind, type=TYPES[kind]) for name, kind in KINDS.items())
GOOD = '''\
1,2.5,Cork,true,2026-01-02,"a ""b"""
 -7 , 1e3 ,NA,0,2026-01-02 03:04:05,"two
lines"
3,NaN,"",False,,NA
9007199254740993,,x,1,2026-01-02,
'''


def read(folder: Path, text: str, keep: tuple[str, ...] = COLUMNS) -> Rows:
    path = folder / "in.csv"
    path.write_text(text)
    file = InputFile(path=str(path), name="in.csv", size=0, digest="", columns=COLUMNS, has_line_ends=True)
    part = Part(number=0, file=0, start=0, end=len(text.encode()))
    return csv_rows.read(file, part, NEEDS, keep)


def values(rows: Rows) -> dict[str, list[Any]]:
    return {name: [str(value) for value in column.to_pylist()] for name, column in rows.taken.items()}


def test_values_gaps_and_what_is_kept(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    assert found.count == 4
    assert found.bad == {}
    assert found.taken["age"].to_pylist() == [1, -7, 3, 9007199254740993]
    assert found.taken["port"].to_pylist() == ["Cork", None, None, "x"]
    assert found.taken["is_new"].to_pylist() == [True, False, False, True]
    assert found.kept.column("port").to_pylist() == ["Cork", "NA", "", "x"]
    assert found.kept.column("note").to_pylist() == ['a "b"', "two\nlines", "NA", ""]


def test_one_row_that_is_none_changes_nothing_of_the_others(tmp_path: Path) -> None:
    whole = read(tmp_path, GOOD)
    ragged = read(tmp_path, GOOD + "1,2\n")
    assert ragged.bad == {4: ("", "it has 2 values for 6 columns")}
    assert ragged.count == 5
    assert {name: texts[:4] for name, texts in values(ragged).items()} == values(whole)
    assert ragged.kept.slice(0, 4).to_pydict() == whole.kept.to_pydict()
    assert ragged.kept.schema == whole.kept.schema


def test_values_that_are_none_of_their_type_are_told_by_row_and_column(tmp_path: Path) -> None:
    lines = ["many,1,x,true,2026-01-02,", "1,much,x,true,2026-01-02,", "1,1,x,perhaps,2026-01-02,", "1,1,x,1,soon,",
             "2.5,1,x,1,2026-01-02,", ",1,x,1,2026-01-02,", "1,1,x,,2026-01-02,"]  # fmt: skip
    found = read(tmp_path, GOOD + "\n".join(lines))
    assert found.bad == {
        4: ("age", "'many' is no long"),
        5: ("fare", "'much' is no double"),
        6: ("is_new", "'perhaps' is no boolean"),
        7: ("day", "'soon' is no datetime"),
        8: ("age", "'2.5' is no long"),
        9: ("age", "it is missing"),
        10: ("is_new", "it is missing"),
    }


def test_gaps_alone_are_found_without_reading_row_by_row(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD + ",1,x,1,2026-01-02,\n").bad == {4: ("age", "it is missing")}


def test_a_long_text_is_read_both_ways(tmp_path: Path) -> None:
    long = "x" * 200_000
    for more, count in (("", 1), ("1,2\n", 2)):
        found = read(tmp_path, f"1,1,{long},1,2026-01-02,\n{more}")
        assert (found.count, found.taken["port"][0].as_py()) == (count, long)


def test_nothing_is_no_rows(tmp_path: Path) -> None:
    found = read(tmp_path, "\n\n")
    assert (found.count, found.bad) == (0, {})
    assert found.kept.schema.field("note").type == pa.string()


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"1,2,\xff,true,,\n")
    file = InputFile(path=str(path), name="in.csv", size=0, digest="", columns=COLUMNS)
    with pytest.raises(UsageError, match=r"in\.csv is not in UTF-8"):
        csv_rows.read(file, Part(number=0, file=0, start=0, end=16), NEEDS, ())
