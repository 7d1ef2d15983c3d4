"""Columns as their different values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from nbmlops.monitor.coded import Values, either, values_of


def listed(found: Values) -> list[Any]:
    return [None if code < 0 else found.different[code] for code in found.codes]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([1.0, 2.5, None, float("nan"), 1.0, float("inf")], [1, 2.5, None, None, 1, None]),
        ([True, False, None], [1, 0, None]),
        (["a", None, "b", "a"], ["a", None, "b", "a"]),
        ([], []),
        ([None, None], [None, None]),
    ],
)
def test_values_are_plain_and_gaps_are_gaps(column: list[Any], expected: list[Any]) -> None:
    type_ = pa.string() if column in ([], [None, None]) else None
    found = values_of(pa.chunked_array([pa.array(column, type_)]))
    assert listed(found) == expected
    whole = [type(each) for each in listed(found)]
    assert whole == [type(each) for each in expected]


def test_rows_that_are_taken_bring_only_their_values() -> None:
    found = values_of(pa.chunked_array([pa.array(["a", "b", None, "c"])])).take(np.array([3, 2, 1, 3]))
    assert found.different == ("b", "c")
    assert listed(found) == ["c", None, "b", "c"]
    assert found.among(("a", "b", "c"))[[0, 2, 3]].tolist() == [2, 1, 2]


def test_numbers_and_texts_of_one_column_stand_side_by_side() -> None:
    numbers = values_of(pa.chunked_array([pa.array([1.0, None, None])]))
    texts = values_of(pa.chunked_array([pa.array([None, "x", None])]))
    assert listed(either(numbers, texts)) == [1, "x", None]
    nothing = values_of(pa.chunked_array([pa.nulls(3, pa.string())]))
    assert either(numbers, nothing) is numbers
    assert either(nothing, texts) is texts
