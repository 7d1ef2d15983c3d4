"""Parameters of models as short texts, whatever they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.utils import all_estimators

from nbmlops.capture.observation import describe, parameters


class Odd:
    @property
    def shape(self) -> Any:
        raise RuntimeError("not now")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64, "float64"),
        (StandardScaler, "StandardScaler"),
        (StandardScaler(), "StandardScaler()"),
        (np.zeros((3, 2)), "ndarray(3, 2)"),
        (np.float64(0.5), "0.5"),
        ((1, "a", [np.int8]), "(1, 'a', [int8])"),
        (np.mean, "mean"),
        (Odd(), "Odd()"),
        (None, "None"),
    ],
)
def test_a_value_is_told_briefly(value: Any, text: str) -> None:
    assert describe("value", value) == text


def test_dtypes_of_encoders_are_told() -> None:
    model = make_pipeline(OneHotEncoder(), OrdinalEncoder(dtype=np.int8))
    found = parameters(model)
    assert found["onehotencoder__dtype"] == "float64"
    assert found["ordinalencoder__dtype"] == "int8"


def test_parameters_of_every_estimator_of_scikit_learn_are_told() -> None:
    told = 0
    for _, kind in all_estimators():
        try:
            model = kind()
        except TypeError:  # it is made of others
            continue
        assert all(isinstance(each, str) for each in parameters(model).values())
        told += 1
    assert told > 100
