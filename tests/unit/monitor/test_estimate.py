"""Figures of rows without labels, on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

from nbmlops.evaluate.metrics import Array, Classified
from nbmlops.monitor.estimate import estimate, isotonic

NAMES = ("accuracy", "precision", "recall", "f1", "roc_auc")


def rows(chance: np.random.Generator, count: int, mean: float, *, slope: float = 1.5) -> Classified:
    """The model is overconfident: it says other probabilities than those by which the truth falls."""
    x = chance.normal(mean, 1.0, count)
    true = 1 / (1 + np.exp(-slope * x))
    said = 1 / (1 + np.exp(-2.5 * x))
    pair = np.stack([1 - said, said], axis=1)
    return Classified(
        truth=(chance.random(count) < true).astype(int), said=(said >= 0.5).astype(int), classes=2, probabilities=pair
    )


def measured(of: Classified) -> dict[str, float]:
    assert of.probabilities is not None
    return {
        "accuracy": float((of.truth == of.said).mean()),
        "precision": precision_score(of.truth, of.said),
        "recall": recall_score(of.truth, of.said),
        "f1": f1_score(of.truth, of.said),
        "roc_auc": roc_auc_score(of.truth, of.probabilities[:, 1]),
    }


def test_after_a_shift_of_inputs_the_band_holds_the_truth_nearly_as_often_as_it_says() -> None:
    chance = np.random.default_rng(1)
    inside = dict.fromkeys(NAMES, 0)
    for trial in range(40):
        known, unknown = rows(chance, 3_000, 0.0), rows(chance, 2_000, 0.8)
        true = measured(unknown)
        for each in estimate(known, unknown, seed=trial):
            inside[each.name] += each.low <= true[each.name] <= each.high
    assert set(inside) == set(NAMES)
    # Of 40 with 95 % each, fewer than 34 are a chance of one in a thousand.
    assert min(inside.values()) >= 34, inside


def test_the_raw_probabilities_would_have_been_wrong() -> None:
    chance = np.random.default_rng(2)
    known, unknown = rows(chance, 20_000, 0.0), rows(chance, 20_000, 0.8)
    assert unknown.probabilities is not None
    found = {each.name: each for each in estimate(known, unknown)}
    true = measured(unknown)["accuracy"]
    assert abs(found["accuracy"].value - true) < 0.01
    assert abs(unknown.probabilities.max(axis=1).mean() - true) > 0.03
    assert (found["accuracy"].rows, found["accuracy"].from_rows) == (20_000, 20_000)


def test_where_the_same_inputs_have_come_to_mean_something_else_it_is_wrong() -> None:
    """A limit that is documented: nothing but labels shows concept drift."""
    chance = np.random.default_rng(3)
    known, changed = rows(chance, 20_000, 0.0), rows(chance, 20_000, 0.0, slope=-1.5)
    found = {each.name: each for each in estimate(known, changed)}
    assert measured(changed)["accuracy"] < 0.3
    assert found["accuracy"].low > 0.7


def test_of_several_classes_the_accuracy_is_told() -> None:
    chance = np.random.default_rng(4)

    def several(count: int, spread: float) -> Classified:
        scores = chance.normal(0, spread, (count, 4))
        told = np.exp(1.6 * scores) / np.exp(1.6 * scores).sum(axis=1, keepdims=True)
        true = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        fallen = (chance.random(count)[:, None] > true.cumsum(axis=1)).sum(axis=1).clip(0, 3)
        return Classified(truth=fallen, said=told.argmax(axis=1), classes=4, probabilities=told)

    known, unknown = several(20_000, 1.0), several(20_000, 1.6)
    (found,) = estimate(known, unknown)
    assert found.name == "accuracy"
    assert abs(found.value - (unknown.truth == unknown.said).mean()) < 0.03


def test_without_probabilities_or_with_few_labels_nothing_is_told() -> None:
    chance = np.random.default_rng(5)
    known, unknown = rows(chance, 199, 0.0), rows(chance, 500, 0.0)
    assert estimate(known, unknown) == ()
    plain = Classified(truth=known.truth, said=known.said, classes=2)
    assert estimate(plain, unknown) == ()


@pytest.mark.parametrize("seed", range(5))
def test_isotonic_is_that_of_scikit_learn(seed: int) -> None:
    chance = np.random.default_rng(seed)
    values: Array = np.arange(40) / 20 + chance.normal(0, 0.5, 40)
    weights = chance.integers(1, 9, 40).astype(float)
    expected = IsotonicRegression().fit_transform(np.arange(40), values, sample_weight=weights)
    assert isotonic(values, weights) == pytest.approx(expected)
