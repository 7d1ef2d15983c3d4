"""What people have corrected, as a table to learn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from nbmlops.monitor.corrections import corrected
from tests.unit.monitor.logs import columns, labels, minute, requests, whole


def test_rows_come_with_what_was_told_of_them_last(tmp_path: Path) -> None:
    asked = requests(minute(1), np.arange(6.0).reshape(3, 2), names=("a", "b"), ids="x")
    (name,) = set(asked.column("request_id").to_pylist())
    whole(tmp_path, asked, "1")
    labels(
        tmp_path, [(name, 0, "late", minute(2)), (name, 2, "early", minute(2)), ("nobody", 0, "late", minute(2))], "1"
    )
    labels(tmp_path, [(name, 0, "early", minute(3))], "2")
    found = corrected(tmp_path, minute(0), minute(10), "kind")
    assert found.table.to_pylist() == [{"a": 0.0, "b": 1.0, "kind": "early"}, {"a": 4.0, "b": 5.0, "kind": "early"}]
    assert found.unknown == 1


def test_a_row_that_two_revisions_have_answered_is_there_once(tmp_path: Path) -> None:
    both = pa.concat_tables(
        [columns(2, minute(1), 1, "1", input__a=[1.0, 2.0]), columns(2, minute(1), 1, "2", input__a=[1.0, 2.0])]
    )
    first, second = both.column("request_id").to_pylist()[:2]
    whole(tmp_path, both, "1")
    labels(tmp_path, [(first, 0, 1, minute(5)), (second, 0, 0, minute(5))])
    found = corrected(tmp_path, minute(0), minute(10), "kind")
    assert found.table.to_pylist() == [{"a": 1.0, "kind": 1}, {"a": 2.0, "kind": 0}]
    assert found.table.schema.field("kind").type == pa.int64()


def test_numbers_and_texts_together_are_texts(tmp_path: Path) -> None:
    whole(tmp_path, columns(2, minute(1), 1, input__a=[1.0, 2.0]), "1")
    names = columns(2, minute(1), 1).column("request_id").to_pylist()
    labels(tmp_path, [(names[0], 0, 2, minute(5)), (names[1], 0, "none", minute(5))])
    assert corrected(tmp_path, minute(0), minute(10), "kind").table.column("kind").to_pylist() == ["2", "none"]


def test_what_is_not_to_be_kept_is_not_there(tmp_path: Path) -> None:
    whole(tmp_path, columns(1, minute(1), 1, input__a=[1.0], input__name=["Ann"]), "1")
    (name,) = columns(1, minute(1), 1).column("request_id").to_pylist()
    labels(tmp_path, [(name, 0, 1.5, minute(5))])
    found = corrected(tmp_path, minute(0), minute(10), "kind", redacted=("name",))
    assert found.table.to_pylist() == [{"a": 1.0, "kind": 1.5}]


def test_where_nobody_has_told_anything_there_is_no_row(tmp_path: Path) -> None:
    whole(tmp_path, columns(2, minute(1), 1, input__a=[1.0, 2.0]), "1")
    assert corrected(tmp_path, minute(0), minute(10), "kind").table.num_rows == 0
