"""What models give, as columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from nbmlops.batch_scoring.predictions import columns_of, expected
from nbmlops.errors import ExternalError
from nbmlops.serve.signature import Signature, Tensor


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (np.array([1.0, 2.0]), ["prediction"]),
        (np.array([[1.0], [2.0]]), ["prediction"]),
        (np.array([[1, 2], [3, 4]]), ["prediction.0", "prediction.1"]),
        (["a", None], ["prediction"]),
        (pd.Series([1, 2]), ["prediction"]),
        (pd.DataFrame({"low": [1, 2], "high": [3, 4]}), ["prediction.low", "prediction.high"]),
        (pd.DataFrame({"only": ["x", "y"]}), ["prediction"]),
        ({"low": np.array([1, 2]), "high": np.array([3, 4])}, ["prediction.low", "prediction.high"]),
        (np.zeros((2, 3, 4)), ["prediction"]),
        (np.array([{"a": 1}, {"a": 2}], dtype=object), ["prediction"]),
    ],
)
def test_each_output_is_a_column(given: Any, names: list[str]) -> None:
    found = columns_of(given, 2)
    assert list(found) == names
    assert all(isinstance(each, pa.Array) and len(each) == 2 for each in found.values())


def test_answers_that_are_not_one_for_each_row_are_refused() -> None:
    with pytest.raises(ExternalError, match="gives 3 answers for 2 rows"):
        columns_of(np.zeros(3), 2)
    with pytest.raises(ExternalError, match="is no column"):
        columns_of([1, "x"], 2)


def test_what_is_expected_of_a_signature() -> None:
    def outputs(*shape: int, columns: tuple[str, ...] = ()) -> dict[str, pa.DataType]:
        if columns:
            return expected(Signature(outputs=tuple(
                Tensor(name=each, datatype="FP64", shape=(-1,), column="double") for each in columns)))  # fmt: skip
        return expected(Signature(outputs=(Tensor(name="o", datatype="INT64", shape=shape),)))

    assert expected(Signature()) == {"prediction": pa.null()}
    assert outputs(-1) == {"prediction": pa.int64()}
    assert outputs(-1, 2) == {"prediction.0": pa.int64(), "prediction.1": pa.int64()}
    assert outputs(columns=("low",)) == {"prediction": pa.float64()}
    assert outputs(columns=("low", "high")) == {"prediction.low": pa.float64(), "prediction.high": pa.float64()}
