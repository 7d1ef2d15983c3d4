from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmlops.errors import UsageError
from nbmlops.serve.signature import NUMPY, Signature, Tensor
from nbmlops.serve.tensors import Given, to_array, to_input, to_outputs

TWO_COLUMNS = Signature(
    inputs=(Tensor(name="a", datatype="FP64", shape=(-1,)), Tensor(name="b", datatype="FP64", shape=(-1,))),
    has_columns=True,
)


def sent(name: str, data: Any, *shape: int, datatype: str = "FP64") -> Given:
    return Given(name=name, shape=shape, datatype=datatype, data=data)


@given(st.sampled_from(sorted(NUMPY)), st.lists(st.integers(0, 1), min_size=1, max_size=12))
def test_what_is_sent_comes_back_with_its_datatype(datatype: str, values: list[int]) -> None:
    data = [bool(each) for each in values] if datatype == "BOOL" else values
    array = to_array(sent("x", data, len(values), datatype=datatype))
    (output,) = to_outputs(array, ())
    assert (output["datatype"], output["shape"]) == (datatype, [len(values)])
    assert output["data"] == data


def test_nested_and_flat_are_one() -> None:
    assert np.array_equal(to_array(sent("x", [[1, 2], [3, 4]], 2, 2)), to_array(sent("x", [1, 2, 3, 4], 2, 2)))


def test_what_is_missing_is_no_number() -> None:
    assert np.isnan(to_array(sent("x", [1.0, None], 2))[1])
    with pytest.raises(UsageError, match="a value of it is no INT64"):
        to_array(sent("x", [1, None], 2, datatype="INT64"))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (sent("x", [1, 2, 3], 2), "has 2 values, 3 were sent"),
        (sent("x", [1], 1, datatype="FLOAT"), "'FLOAT' is no datatype"),
        (sent("x", [1], -1), "no array has the shape"),
        (sent("x", ["1"], 1), "is no FP64"),
        (sent("x", [True], 1), "is no FP64"),
        (sent("x", [1.5], 1, datatype="INT8"), "is no INT8"),
        (sent("x", [300], 1, datatype="UINT8"), "too large for UINT8"),
    ],
)
def test_data_that_is_not_what_it_says_is_refused(given: Given, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        to_array(given)


def test_a_table_comes_by_column_or_as_one_tensor() -> None:
    expected = pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, 4.0]})
    by_column = [sent("a", [1.0, 3.0], 2), sent("b", [2.0, 4.0], 2, 1)]
    pd.testing.assert_frame_equal(to_input(by_column, TWO_COLUMNS), expected)
    pd.testing.assert_frame_equal(to_input([sent("rows", [1.0, 2.0, 3.0, 4.0], 2, 2)], TWO_COLUMNS), expected)


def test_tensors_that_the_model_does_not_take_are_refused() -> None:
    for tensors, why in (
        ([sent("a", [1.0], 1)], "not a"),
        ([sent("a", [1.0], 1), sent("c", [1.0], 1)], "Inputs are missing: b"),
        ([sent("a", [1.0], 1), sent("a", [1.0], 1)], "named twice"),
        ([sent("a", [1.0], 1), sent("b", [1.0, 2.0], 2)], "not of one length"),
        ([sent("rows", [1.0, 2.0, 3.0], 1, 3)], "takes a, b, not rows"),
    ):
        with pytest.raises(UsageError, match=why):
            to_input(tensors, TWO_COLUMNS)


def test_whatever_a_model_gives_has_outputs() -> None:
    table = pd.DataFrame({"sum": [1.0], "name": ["x"]})
    assert [(each["name"], each["datatype"], each["data"]) for each in to_outputs(table, ())] == [
        ("sum", "FP64", [1.0]),
        ("name", "BYTES", ["x"]),
    ]  # fmt: skip
    assert [each["name"] for each in to_outputs({"p": [0.5], "q": np.array([1])}, ())] == ["p", "q"]
    assert to_outputs([1, 2], (Tensor(name="label", datatype="INT64", shape=(-1,)),))[0]["name"] == "label"
    assert to_outputs(np.array([["a", "b"]]), ())[0]["shape"] == [1, 2]
