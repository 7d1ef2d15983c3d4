"""Rows that are put together of others: of whatever type their columns are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nbmlops.attribution.inputs import Inputs, shown

TABLE = pd.DataFrame(
    {
        "number": [1.0, np.nan, 3.0],
        "whole": np.array([1, 2, 3], dtype="int32"),
        "maybe": pd.array([1, None, 3], dtype="Int64"),
        "text": ["red", None, "blue"],
        "kind": pd.Categorical(["x", "y", "x"]),
        "day": pd.to_datetime(["2026-01-01", "2026-01-02", None]),
        "flag": [True, False, True],
    }
)


def test_each_value_comes_from_the_row_that_is_named_for_its_column() -> None:
    inputs = Inputs(TABLE)
    places = [np.array([2, 0]) if number % 2 else np.array([0, 1]) for number in range(len(TABLE.columns))]
    made = inputs.gathered(places)
    assert list(made.columns) == list(TABLE.columns)
    assert list(made.dtypes) == list(TABLE.dtypes)
    for number, name in enumerate(TABLE.columns):
        pd.testing.assert_series_equal(
            made[name], TABLE[name].iloc[places[number]].reset_index(drop=True), check_names=False
        )


def test_tables_of_one_type_and_arrays_too() -> None:
    numbers = np.arange(12.0).reshape(4, 3)
    places = [np.array([0, 1]), np.array([3, 3]), np.array([2, 0])]
    expected = [[0.0, 10.0, 8.0], [3.0, 10.0, 2.0]]
    made = Inputs(pd.DataFrame(numbers, columns=["a", "b", "c"])).gathered(places)
    assert made.to_numpy().tolist() == expected
    assert list(made.columns) == ["a", "b", "c"]
    assert Inputs(numbers, ("a", "b", "c")).gathered(places).tolist() == expected


def test_columns_that_are_called_the_same_stay_apart() -> None:
    made = Inputs(pd.DataFrame([[1, "x"], [2, "y"]], columns=["a", "a"])).gathered([np.array([1]), np.array([0])])
    assert made.to_numpy().tolist() == [[2, "x"]]


def test_numbers_of_a_column_have_gaps_as_nan() -> None:
    inputs = Inputs(TABLE)
    known = [inputs.numbers(column) for column in range(len(inputs.names))]
    assert [each is None for each in known] == [False, False, False, True, True, True, False]
    maybe = known[2]
    assert maybe is not None
    assert np.isnan(maybe[1])


def test_many_rows_come_in_parts() -> None:
    inputs = Inputs(np.zeros((2, 1000)), tuple(map(str, range(1000))))
    parts = list(inputs.parts(10, 1000))
    assert [(part.start, part.stop) for part in parts] == [(0, 4), (4, 8), (8, 10)]


def test_values_are_shown_short() -> None:
    assert [shown(each) for each in (np.float64(1 / 3), np.int64(7), None, float("nan"), pd.NA, pd.NaT, True)] == [
        "0.333333",
        "7",
        "missing",
        "missing",
        "missing",
        "missing",
        "True",
    ]
    assert shown("a\n" * 99).endswith("…")
    assert len(shown("x" * 99)) == 60
