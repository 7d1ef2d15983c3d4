"""What is said to be likely, and how often it comes true."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from nbmlops.evaluate.calibration import calibration
from nbmlops.evaluate.metrics import Classified


def test_the_bins_are_those_of_scikit_learn() -> None:
    chance = np.random.default_rng(5)
    likely = chance.random(500)
    truth = (chance.random(500) < likely**2).astype(int)
    found = calibration(
        Classified(
            truth=truth, said=(likely > 0.5).astype(int), classes=2, probabilities=np.column_stack([1 - likely, likely])
        ),
        "yes",
    )
    assert found is not None
    observed, predicted = calibration_curve(truth, likely, n_bins=10)
    assert [each.observed for each in found.bins] == pytest.approx(observed.tolist())
    assert [each.predicted for each in found.bins] == pytest.approx(predicted.tolist())
    assert sum(each.rows for each in found.bins) == 500
    assert found.of == "yes"
    # The mean of p - p², over all p, is a sixth.
    assert found.error == pytest.approx(1 / 6, abs=0.04)


def test_of_many_classes_the_one_that_was_said_counts() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.85, 0.05], [0.2, 0.2, 0.6], [1.0, 0.0, 0.0]])
    found = calibration(
        Classified(truth=np.array([0, 2, 2, 0]), said=np.array([0, 1, 2, 0]), classes=3, probabilities=probabilities)
    )
    assert found is not None
    assert [(each.low, each.rows, each.observed) for each in found.bins] == [
        (0.6, 1, 1.0),
        (0.8, 2, 0.5),
        (0.9, 1, 1.0),
    ]
    assert found.error == pytest.approx((0.4 + 2 * 0.325 + 0) / 4)


def test_without_probabilities_there_is_none() -> None:
    assert calibration(Classified(truth=np.array([0]), said=np.array([0]), classes=2)) is None
