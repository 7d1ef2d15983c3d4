"""Labels that are told later, and the rows that they are of."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nbmlops.monitor.labels import Told, join, read_labels, values
from tests.unit.monitor.logs import columns, labels, minute, requests


def listed(told: Told, places: np.ndarray) -> list[object]:
    found = values(told, places)
    return [found.different[code] for code in found.codes]


NO_ROWS = columns(0, minute(0), 1)


def test_the_last_one_told_counts_whatever_its_type(tmp_path: Path) -> None:
    labels(tmp_path, [("r", 0, 1, minute(2)), ("r", 1, 5, minute(2))], "2")
    labels(tmp_path, [("r", 0, "beer", minute(3)), ("r", 0, 7, minute(1))], "1")
    told = read_labels(tmp_path, minute(0))
    assert (told.count, told.again) == (2, 2)
    by_row = dict(zip(told.table.column("row").to_pylist(), listed(told, np.arange(2)), strict=True))
    assert by_row == {0: "beer", 1: 5}


def test_labels_are_joined_by_request_and_row(tmp_path: Path) -> None:
    asked = requests(minute(1), np.arange(6.0).reshape(3, 2), names=("a", "b"), ids="x")
    (name,) = set(asked.column("request_id").to_pylist())
    labels(tmp_path, [(name, 2, "late", minute(5)), (name, 0, 1.5, minute(5)), ("nobody", 0, 1, minute(5))])
    told = read_labels(tmp_path, minute(0))
    found = join(asked, told)
    assert found.rows.tolist() == [0, 2]
    assert listed(told, found.labels) == [1.5, "late"]
    assert found.unknown == 1


def test_a_label_is_of_all_revisions_that_have_answered(tmp_path: Path) -> None:
    import pyarrow as pa

    both = pa.concat_tables([columns(2, minute(1), 1, "1"), columns(2, minute(1), 1, "2")])
    name = both.column("request_id").to_pylist()[0]
    labels(tmp_path, [(name, 0, 1, minute(5))])
    found = join(both, read_labels(tmp_path, minute(0)))
    assert found.rows.tolist() == [0, 2]
    assert found.unknown == 0


def test_without_labels_or_requests_nothing_is_joined(tmp_path: Path) -> None:
    none = read_labels(tmp_path, minute(0))
    assert none.count == 0
    assert join(columns(3, minute(1), 1), none).rows.tolist() == []
    labels(tmp_path, [("r", 0, 1, minute(2))])
    assert join(NO_ROWS, read_labels(tmp_path, minute(0))).unknown == 1


def test_what_is_no_file_of_labels_is_told(tmp_path: Path) -> None:
    (tmp_path / "labels-1.parquet").write_bytes(b"nothing")
    labels(tmp_path, [("r", 0, 1, minute(2))], "2")
    told = read_labels(tmp_path, minute(0))
    assert told.count == 1
    assert len(told.notes) == 1
