"""How the answer goes with one column, and which rows are looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbmlops.attribution.curves import curve
from nbmlops.attribution.inputs import Given, Inputs
from nbmlops.attribution.picked import outcomes_of, picked
from tests.unit.attribution import models


def test_a_curve_of_a_sum_is_a_line() -> None:
    table = models.rows(300)
    found = curve(models.linear, models.inputs(table), 1, 0, np.arange(100))
    assert found is not None
    assert len(found.places) == 12
    assert list(found.places) == sorted(found.places)
    assert np.diff(found.answers) / np.diff(found.places) == pytest.approx(np.full(11, -3.0))
    assert found.answers[0] == pytest.approx(
        models.linear(np.c_[table[:100, 0], np.full(100, found.places[0]), table[:100, 2]]).values.mean()
    )


def test_text_has_its_most_frequent_values_and_constants_have_no_curve() -> None:
    table = pd.DataFrame({"word": ["red"] * 5 + ["blue"] * 3 + [None] * 2, "one": 1.0, "few": [1, 2] * 5})

    def ask(rows: Any) -> Given:
        return Given(values=(rows["word"] == "red").to_numpy(dtype=float)[:, None])

    found = curve(ask, Inputs(table), 0, 0, np.arange(10))
    assert found is not None
    assert (found.values, found.answers, found.places) == (("red", "blue", "missing"), (1.0, 0.0, 0.0), ())
    assert curve(ask, Inputs(table), 1, 0, np.arange(10)) is None
    few = curve(ask, Inputs(table), 2, 0, np.arange(10))
    assert few is not None
    assert few.values == ("1", "2")


def test_rows_that_the_model_is_least_sure_of_come_first() -> None:
    values = np.array([[0.9, 0.1], [0.55, 0.45], [0.5, 0.5], [0.2, 0.8], [0.5, 0.5]])
    found = picked(Given(values=values, said=values.argmax(axis=1)), has_probabilities=True)
    assert found == ((2, "least sure"), (1, "least sure"), (3, "least sure"))


def test_values_that_stand_out_come_first_and_labels_one_of_each() -> None:
    values = np.array([1.0, 2.0, 3.0, 100.0, -50.0])[:, None]
    assert picked(Given(values=values), has_probabilities=False) == ((3, "high"), (4, "low"), (0, "low"))
    hot = np.eye(2)[[1, 1, 0]]
    assert [place for place, _ in picked(Given(values=hot, said=np.array([1, 1, 0])), has_probabilities=False)] == [
        0,
        2,
    ]


def test_the_class_that_is_asked_for_is_told_first() -> None:
    values = np.array([0.1, 0.6, 0.3])
    assert outcomes_of(values, None, 2) == [1, 2]
    assert outcomes_of(values, 0, 3) == [0, 1, 2]
