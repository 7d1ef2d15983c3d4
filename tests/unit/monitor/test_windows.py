"""Rows of a request log by window and revision, whatever has become of its files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nbmlops.monitor.windows import Reading, features, read_windows, start_of
from tests.unit.monitor.logs import HOUR, NOON, columns, growing, minute, requests, whole


def read(folder: Path, **more: object) -> Reading:
    return read_windows(folder, minute(-60), minute(120), HOUR, **more)  # type: ignore[arg-type]


def shape(found: Reading) -> list[tuple[str, int, int]]:
    """Revision, minutes after noon, rows."""
    return [
        (each.revision, int((each.start - NOON).total_seconds() // 60), each.table.num_rows) for each in found.parts
    ]


def test_windows_begin_at_multiples_of_their_width() -> None:
    assert start_of(minute(59.9), HOUR) == NOON
    assert start_of(NOON, HOUR) == NOON
    assert start_of(minute(61), HOUR / 4) == minute(60)


def test_no_log_and_an_empty_folder_have_no_windows(tmp_path: Path) -> None:
    assert read(tmp_path / "absent").parts == ()
    assert read(tmp_path).parts == ()


def test_rows_fall_into_their_windows_from_whole_and_growing_files(tmp_path: Path) -> None:
    whole(tmp_path, columns(100, minute(-30), 3600, input__a=np.arange(100.0)), "1")
    segment = growing(tmp_path, columns(10, minute(70), 600, input__a=np.arange(10.0)), "2")
    found = read(tmp_path)
    assert shape(found) == [("1", -60, 50), ("1", 0, 50), ("1", 60, 10)]
    assert found.parts[1].table.column("input.a").to_pylist() == list(np.arange(50.0, 100.0))
    assert found.notes == ()
    segment.close()
    assert shape(read(tmp_path)) == shape(found)


def test_older_rows_are_left_out_and_the_first_window_is_whole(tmp_path: Path) -> None:
    whole(tmp_path, columns(180, minute(-120), 3 * 3600, input__a=np.arange(180.0)), "1")
    whole(tmp_path, columns(10, minute(-600), 60, input__a=np.arange(10.0)), "0")
    found = read_windows(tmp_path, minute(-30), minute(60), HOUR)
    assert shape(found) == [("1", -60, 60), ("1", 0, 60)]


def test_columns_that_come_go_and_change_their_type_become_one_table(tmp_path: Path) -> None:
    whole(tmp_path, requests(minute(1), pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})), "1")
    whole(tmp_path, requests(minute(2), pd.DataFrame({"a": [1.5, None], "c": [True, False]})), "2")
    whole(tmp_path, requests(minute(3), pd.DataFrame({"a": ["3", "many"]})), "3")
    found = read(tmp_path)
    table = features(found.parts[0].table)
    assert table.column("a").to_pylist() == [1.0, 2.0, 1.5, None, 3.0, None]
    assert table.column("b").to_pylist() == ["x", "y", None, None, None, None]
    assert table.column("c").to_pylist() == [None, None, True, False, None, None]
    assert found.notes == ("Of a, 1 of another type than most count as missing.",)


def test_numbers_too_large_for_a_sign_are_not_wrapped(tmp_path: Path) -> None:
    whole(tmp_path, columns(1, minute(1), 1, input__a=np.array([2**63 + 1024], np.uint64)), "1")
    whole(tmp_path, columns(1, minute(2), 1, input__a=np.array([-1], np.int64)), "2")
    assert features(read(tmp_path).table).column("a").to_pylist() == [2.0**63 + 1024, -1.0]


def test_lists_and_redacted_columns_are_left_out(tmp_path: Path) -> None:
    frame = pd.DataFrame({"name": ["Ann"], "a": [1.0]})
    whole(tmp_path, requests(minute(1), frame, redacted=("name",)), "1")
    whole(tmp_path, columns(1, minute(2), 1, input__a=np.array([2.0]), input__image=[[1, 2]], input__age=[40]), "2")
    found = read(tmp_path, redacted=("age",))
    assert features(found.table).column_names == ["a", "output.prediction"]
    assert set(found.left_out) == {"input.name", "input.age", "input.image"}


def test_a_file_that_was_cut_short_gives_what_was_written_before(tmp_path: Path) -> None:
    segment = growing(tmp_path, columns(10, minute(1), 60, input__a=np.arange(10.0)), "1")
    segment.write(columns(10, minute(2), 60, input__a=np.arange(10.0)))
    segment._file.close()
    path = tmp_path / "requests-1.arrows"
    os.truncate(path, path.stat().st_size - 100)
    (tmp_path / "requests-2.arrows").write_bytes(b"\xff\xff")
    whole(tmp_path, columns(3, minute(3), 60, input__a=np.arange(3.0)), "3")
    (tmp_path / "requests-4.parquet").write_bytes(b"PAR1 nothing of the kind")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "requests-5.parquet")
    found = read(tmp_path)
    assert shape(found) == [("1", 0, 13)]
    assert [note.split(" cannot")[0] for note in found.notes] == [
        "requests-5.parquet has no times and is left out.",
        "requests-4.parquet",
        "Nothing in requests-2.arrows can be read: its writer was cut short.",
        "The writer of requests-1.arrows was cut short; 10 rows of it are read.",
    ]


def test_a_file_that_is_just_becoming_whole_counts_once(tmp_path: Path) -> None:
    table = columns(10, minute(1), 60, input__a=np.arange(10.0))
    segment = growing(tmp_path, table, "1")
    whole(tmp_path, table, "1")
    assert shape(read(tmp_path)) == [("1", 0, 10)]
    segment.close()


def test_rows_from_the_future_are_in_the_last_window_and_told(tmp_path: Path) -> None:
    whole(tmp_path, columns(4, minute(10), 60, input__a=np.arange(4.0)), "1")
    whole(tmp_path, columns(2, minute(600), 1, input__a=np.arange(2.0)), "2")
    found = read_windows(tmp_path, NOON, minute(30), HOUR)
    assert shape(found) == [("1", 0, 6)]
    assert "2 rows are from the future, by up to 34,200 s" in found.notes[0]


def test_the_same_request_of_several_revisions_is_told_by_revision(tmp_path: Path) -> None:
    for revision in ("2", "10", "1"):
        whole(tmp_path, columns(5, minute(1), 60, revision, input__a=np.arange(5.0)), revision)
    assert shape(read(tmp_path)) == [("1", 0, 5), ("2", 0, 5), ("10", 0, 5)]


def test_rows_of_files_that_overlap_in_time_are_sorted_into_their_windows(tmp_path: Path) -> None:
    whole(tmp_path, columns(60, minute(0), 2 * 3600, input__a=np.arange(60.0)), "1")
    whole(tmp_path, columns(60, minute(0), 2 * 3600, input__a=np.arange(60.0) + 100), "2")
    found = read(tmp_path)
    assert shape(found) == [("1", 0, 60), ("1", 60, 60)]
    expected = [*range(30, 60), *range(130, 160)]
    assert found.parts[1].table.column("input.a").to_pylist() == expected


def test_of_names_without_end_those_that_most_rows_have_are_looked_at(tmp_path: Path) -> None:
    for number in range(20):
        more = {f"input__made_up_{number}_{place}": np.zeros(2) for place in range(30)}
        whole(tmp_path, columns(2, minute(number), 1, input__a=np.ones(2), **more), f"{number:02}")
    found = read(tmp_path)
    names = features(found.table).column_names
    assert "a" in names
    assert len(names) == 300
    assert "Of more than 300 columns, 301 that the fewest rows have are not looked at." in found.notes
