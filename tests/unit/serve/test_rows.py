"""What is read without pandas is what MLflow would have read."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.serve.rows import Columns, columns_of
from nbmlops.serve.signature import Signature, Tensor

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
KINDS = {"double": "FP64", "float": "FP32", "long": "INT64", "integer": "INT32"}
VALUES = st.one_of(
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.floats(-1e6, 1e6),
    st.sampled_from([0, 1, -0.0, 1e300, 2.0, 2**53, 2**31, 2**31 - 1, None, True, "1", [1]]),
)


def columns(kinds: list[str]) -> Columns:
    inputs = tuple(Tensor(name=f"c{n}", datatype=KINDS[kind], shape=(-1,)) for n, kind in enumerate(kinds))
    found = columns_of(Signature(inputs=inputs, has_columns=True))
    assert found is not None
    return found


def by_mlflow(document: Any, kinds: list[str]) -> Any:
    from mlflow.models.utils import _enforce_schema
    from mlflow.pyfunc.scoring_server import infer_and_parse_data
    from mlflow.types import ColSpec, DataType, Schema

    schema = Schema([ColSpec(DataType[kind], f"c{n}") for n, kind in enumerate(kinds)])
    return _enforce_schema(infer_and_parse_data(document, schema), schema)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_it_is_what_mlflow_reads(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4))
    names = [f"c{n}" for n in range(len(kinds))]
    order = data.draw(st.permutations([*names, "further"] if data.draw(st.booleans()) else names))
    rows = data.draw(st.lists(st.lists(VALUES, min_size=len(order), max_size=len(order)), min_size=0, max_size=4))
    if data.draw(st.booleans()):
        document: dict[str, Any] = {"dataframe_split": {"columns": order, "data": rows}}
    else:
        document = {"dataframe_records": [dict(zip(order, row, strict=True)) for row in rows]}
    found = columns(kinds).read(json.dumps(document).encode())
    if found is None:
        return  # MLflow reads it, then
    table = by_mlflow(document, kinds)
    assert list(table.columns) == names
    expected = table.to_numpy()
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"dataframe_split": {"columns": ["c0"], "data": [[null]]}}',
        '{"dataframe_split": {"columns": ["c0"], "data": [["1"]]}}',
        '{"dataframe_split": {"columns": ["c0"], "data": [[true]]}}',
        '{"dataframe_split": {"columns": ["c0"], "data": [[NaN]]}}',
        '{"dataframe_split": {"columns": ["c0"], "data": [[1, 2]]}}',
        '{"dataframe_split": {"columns": ["c0", "c0"], "data": [[1, 2]]}}',
        '{"dataframe_split": {"columns": ["other"], "data": [[1]]}}',
        '{"dataframe_split": {"columns": ["c0"], "data": []}}',
        '{"dataframe_split": {"columns": ["c0"], "data": [[1]], "index": [1, 2]}}',
        '{"dataframe_split": {"columns": ["c0"], "data": [[1]]}, "params": {"a": 1}}',
        '{"dataframe_split": {"columns": ["c0"], "data": [[1]]}, "dataframe_records": [{"c0": 1}]}',
        '{"dataframe_records": [{"c1": 1}]}',
        '{"inputs": [[1]]}',
    ],
)
def test_what_is_not_plain_is_left_to_mlflow(text: str) -> None:
    assert columns(["double"]).read(text.encode()) is None


def test_plain_rows_are_read() -> None:
    for document in (
        {"dataframe_split": {"columns": ["c1", "c0"], "data": [[2, 1.5], [4, 3]], "index": [7, 8]}},
        {"dataframe_records": [{"c0": 1.5, "c1": 2}, {"c1": 4, "c0": 3, "more": 9}]},
    ):
        found = columns(["double", "long"]).read(json.dumps(document).encode())
        assert found is not None
        assert found.tolist() == [[1.5, 2.0], [3.0, 4.0]]
    assert (
        columns(["long", "integer"]).read(b'{"dataframe_split":{"columns":["c0","c1"],"data":[[1,2.0]]}}').dtype == "i8"
    )


@pytest.mark.parametrize(
    ("kind", "value"), [("long", 1.5), ("long", 2**53), ("integer", 2**31), ("integer", -(2**40)), ("float", 1e300)]
)
def test_values_that_a_column_cannot_hold_are_left_to_mlflow(kind: str, value: float) -> None:
    document = {"dataframe_records": [{"c0": value}]}
    assert columns([kind]).read(json.dumps(document).encode()) is None
