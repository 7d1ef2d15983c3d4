"""Every figure is scikit-learn's, and counts weigh as rows that stand there more often."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as theirs
from hypothesis import given, settings
from hypothesis import strategies as some

from nbmlops.evaluate.metrics import CLASSIFICATION, ECE, REGRESSION, Classified, Regressed, coded, measure, plain

ROUNDING = 1e-9


@some.composite
def classified(draw: Any, classes: Any) -> Classified:
    """Probabilities on a coarse grid, so that many rows have the same."""
    count = draw(classes)
    rows = draw(some.integers(count * 2, 60))
    chance = np.random.default_rng(draw(some.integers(0, 10_000)))
    truth = np.r_[np.arange(count), chance.integers(0, count, rows - count)]
    raw = chance.integers(1, 6, (rows, count)) + draw(some.integers(0, 4)) * np.eye(count, dtype=int)[truth]
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    said = np.where(chance.random(rows) < 0.2, chance.integers(0, count, rows), probabilities.argmax(axis=1))
    return Classified(truth=truth, said=said, classes=count, probabilities=probabilities)


def of_scikit_learn(answers: Classified) -> dict[str, float]:
    truth, said, probabilities = answers.truth, answers.said, answers.probabilities
    assert probabilities is not None
    is_binary = answers.classes == 2
    found = {
        "accuracy": theirs.accuracy_score(truth, said),
        "balanced_accuracy": theirs.balanced_accuracy_score(truth, said),
        "log_loss": theirs.log_loss(truth, probabilities),
        "brier": theirs.brier_score_loss(truth, probabilities[:, 1] if is_binary else probabilities),
        "roc_auc": theirs.roc_auc_score(truth, probabilities[:, 1] if is_binary else probabilities, multi_class="ovr"),
        "average_precision": theirs.average_precision_score(
            truth if is_binary else np.eye(answers.classes)[truth], probabilities[:, 1] if is_binary else probabilities
        ),
    }
    averages = ("binary", "macro", "weighted") if is_binary else ("macro", "weighted")
    for average in averages:
        three = theirs.precision_recall_fscore_support(truth, said, average=average, zero_division=0)
        end = "" if average == "binary" else f"_{average}"
        found |= {f"{name}{end}": value for name, value in zip(("precision", "recall", "f1"), three[:3], strict=True)}
    return {name: float(value) for name, value in found.items()}


@settings(max_examples=60, deadline=None)
@given(classified(some.integers(2, 5)))
def test_figures_of_labels_are_those_of_scikit_learn(answers: Classified) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = of_scikit_learn(answers)
    found = plain(answers)
    assert found == pytest.approx(expected, rel=ROUNDING, abs=ROUNDING)
    assert set(found) <= set(CLASSIFICATION) - {ECE}


@settings(max_examples=60, deadline=None)
@given(some.integers(2, 60), some.integers(0, 10_000), some.sampled_from([1e-3, 1.0, 1e6]), some.sampled_from([0, 1e7]))
def test_figures_of_numbers_are_those_of_scikit_learn(rows: int, seed: int, size: float, offset: float) -> None:
    chance = np.random.default_rng(seed)
    truth = chance.normal(size=rows) * size + offset
    said = truth + chance.normal(size=rows) * size
    found = plain(Regressed(truth=truth, said=said))
    assert tuple(found) == REGRESSION
    assert found["mae"] == pytest.approx(theirs.mean_absolute_error(truth, said))
    assert found["rmse"] == pytest.approx(theirs.root_mean_squared_error(truth, said))
    assert found["r2"] == pytest.approx(theirs.r2_score(truth, said), rel=1e-6, abs=1e-6)
    assert found["mape"] == pytest.approx(theirs.mean_absolute_percentage_error(truth, said))
    assert found["median_ae"] == pytest.approx(theirs.median_absolute_error(truth, said))


@settings(max_examples=40, deadline=None)
@given(classified(some.integers(2, 4)), some.integers(0, 10_000))
def test_a_row_that_counts_twice_is_a_row_that_is_there_twice(answers: Classified, seed: int) -> None:
    counts = np.random.default_rng(seed).integers(1, 4, (3, len(answers.truth)))
    whole = measure(answers)(counts.astype(float))
    for place, weights in enumerate(counts):
        alone = plain(answers.of(np.repeat(np.arange(len(weights)), weights)))
        assert {name: values[place] for name, values in whole.items()} == pytest.approx(alone)


def test_numbers_that_count_twice() -> None:
    chance = np.random.default_rng(4)
    answers = Regressed(truth=chance.normal(size=31), said=chance.normal(size=31))
    counts = chance.integers(0, 4, (5, 31))
    whole = measure(answers)(counts.astype(float))
    for place, weights in enumerate(counts):
        alone = plain(answers.of(np.repeat(np.arange(31), weights)))
        assert {name: values[place] for name, values in whole.items()} == pytest.approx(alone)


def test_what_these_rows_do_not_tell_is_nan() -> None:
    answers = Classified(
        truth=np.array([1, 1]), said=np.array([1, 0]), classes=2, probabilities=np.array([[0.2, 0.8], [0.6, 0.4]])
    )
    found = plain(answers)
    assert np.isnan(found["roc_auc"])
    assert found["accuracy"] == 0.5
    assert np.isnan(plain(Regressed(truth=np.array([2.0, 2.0]), said=np.array([1.0, 3.0])))["r2"])


def test_a_class_that_the_model_does_not_know_counts_as_wrong() -> None:
    answers = Classified(
        truth=np.array([0, 1, 2]),
        said=np.array([0, 1, 1]),
        classes=3,
        probabilities=np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.3, 0.7, 0.0]]),
    )
    found = plain(answers)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["recall_macro"] == pytest.approx(2 / 3)
    assert np.isfinite(found["log_loss"])


def test_very_many_labels_are_measured_but_not_ranked() -> None:
    chance = np.random.default_rng(6)
    truth = np.r_[np.arange(300), chance.integers(0, 300, 300)]
    said = np.where(chance.random(600) < 0.5, truth, chance.integers(0, 300, 600))
    answers = Classified(truth=truth, said=said, classes=300, probabilities=np.full((600, 300), 1 / 300))
    found = plain(answers)
    assert found["f1_macro"] == pytest.approx(theirs.f1_score(truth, said, average="macro"))
    assert found["log_loss"] == pytest.approx(np.log(300))
    assert "roc_auc" not in found


def test_labels_are_numbers_by_their_place() -> None:
    assert coded(["b", "a", "b"], ["a", "b"]).tolist() == [1, 0, 1]
    assert coded([1.0, True, 0], [0, 1]).tolist() == [1, 1, 0]
