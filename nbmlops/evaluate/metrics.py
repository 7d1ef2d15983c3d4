"""Figures over weighted rows, for many weightings at once.

A bootstrap sample is a count for each row, so that a thousand samples are a matrix of counts: a measure takes
such a matrix, (samples, rows), and gives an array, (samples,), for each figure. Weights of one give the plain figure,
which is scikit-learn's. A figure that is not defined (no row of a class was drawn) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Measure = Callable[[Array], dict[str, Array]]

ACCURACY, MAE, ECE = "accuracy", "mae", "ece"
LOWER_IS_BETTER = frozenset({"log_loss", "brier", ECE, MAE, "rmse", "mape", "median_ae"})
OF_LABELS = (
    ACCURACY, "balanced_accuracy", "precision", "recall", "f1", "precision_macro", "recall_macro", "f1_macro",
    "precision_weighted", "recall_weighted", "f1_weighted",
)  # fmt: skip
OF_PROBABILITIES = ("log_loss", "brier", "roc_auc", "average_precision")
CLASSIFICATION = (*OF_LABELS, *OF_PROBABILITIES, ECE)
REGRESSION = (MAE, "rmse", "r2", "mape", "median_ae")
MOST_RANKED = 50
"""Of more classes, no ranks: each takes as long as all other figures."""
_BINARY = frozenset({"precision", "recall", "f1"})
_LEAST = float(np.finfo(np.float64).eps)


class Classified(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of each row and what a model said, classes as numbers from 0."""

    truth: Array
    said: Array
    classes: int
    probabilities: Array | None = None
    """(rows, classes)."""

    def of(self, rows: Array) -> Classified:
        chosen = None if self.probabilities is None else self.probabilities[rows]
        return msgspec.structs.replace(self, truth=self.truth[rows], said=self.said[rows], probabilities=chosen)


class Regressed(msgspec.Struct, frozen=True, kw_only=True):
    truth: Array
    said: Array

    def of(self, rows: Array) -> Regressed:
        return Regressed(truth=self.truth[rows], said=self.said[rows])


Answers = Classified | Regressed


def measure(answers: Answers, only: Collection[str] = ()) -> Measure:
    """`only`: the figures that are wanted; all, if none is named."""
    return _regression(answers, only) if isinstance(answers, Regressed) else _classification(answers, only)


def plain(answers: Answers, only: Collection[str] = ()) -> dict[str, float]:
    """Each row once."""
    found = measure(answers, only)(np.ones((1, len(answers.truth))))
    return {name: float(values[0]) for name, values in found.items()}


def _classification(answers: Classified, only: Collection[str]) -> Measure:
    count = answers.classes
    right = _Sums(np.where(answers.truth == answers.said, answers.truth, count), count + 1)
    actual, claimed = _Sums(answers.truth, count), _Sums(answers.said, count)
    wanted = set(only or CLASSIFICATION)
    probabilities = answers.probabilities if wanted & set(OF_PROBABILITIES) else None
    parts: list[Measure] = []
    if probabilities is not None:
        parts.append(_losses(answers.truth, probabilities))
        if wanted & {"roc_auc", "average_precision"} and count <= MOST_RANKED:
            parts.append(_rankings(answers.truth, probabilities))

    def measured(weights: Array) -> dict[str, Array]:
        found = _of_labels(right(weights)[:, :count], actual(weights), claimed(weights))
        for part in parts:
            found |= part(weights)
        return {
            name: values for name, values in found.items() if name in wanted and (count == 2 or name not in _BINARY)
        }

    return measured


class _Sums:
    """Sums of weights over groups of rows: (samples, groups)."""

    def __init__(self, groups: Array, count: int) -> None:
        self._count = count
        self._order = np.argsort(groups, kind="stable")
        ordered = groups[self._order]
        self._starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        self._groups = ordered[self._starts]

    def __call__(self, weights: Array) -> Array:
        found = np.zeros((len(weights), self._count))
        found[:, self._groups] = np.add.reduceat(weights[:, self._order], self._starts, axis=1)
        return found


def _of_labels(hits: Array, actual: Array, claimed: Array) -> dict[str, Array]:
    """Of each class how often it was said rightly, was true, and was said: (samples, classes)."""
    total = actual.sum(axis=1)
    precision, recall = _ratio(hits, claimed), _ratio(hits, actual)
    f1 = _ratio(2 * hits, claimed + actual)
    occurs = (actual + claimed) > 0
    found = {
        ACCURACY: hits.sum(axis=1) / total,
        "balanced_accuracy": _mean(recall, actual > 0),
        "precision": precision[:, -1],
        "recall": recall[:, -1],
        "f1": f1[:, -1],
    }
    for name, values in (("precision", precision), ("recall", recall), ("f1", f1)):
        found[f"{name}_macro"] = _mean(values, occurs)
        found[f"{name}_weighted"] = (values * actual).sum(axis=1) / total
    return found


def _losses(truth: Array, probabilities: Array) -> Measure:
    rows = np.arange(len(truth))
    loss = -np.log(np.clip(probabilities[rows, truth], _LEAST, 1 - _LEAST))
    hot = np.zeros_like(probabilities)
    hot[rows, truth] = 1
    # Of two classes each error stands there twice.
    brier = ((probabilities - hot) ** 2).sum(axis=1) / (2 if probabilities.shape[1] == 2 else 1)
    return lambda weights: {"log_loss": _average(weights, loss), "brier": _average(weights, brier)}


def _rankings(truth: Array, probabilities: Array) -> Measure:
    """The area under the ROC curve and the average precision: of two classes the second's, else each against the rest,
    averaged over the classes that occur."""
    count = probabilities.shape[1]
    of = [_Ranking(probabilities[:, each], truth == each) for each in ((1,) if count == 2 else range(count))]

    def measured(weights: Array) -> dict[str, Array]:
        pairs = [each(weights) for each in of]
        return {
            name: _mean_of_defined(np.stack([pair[place] for pair in pairs], axis=1))
            for place, name in enumerate(("roc_auc", "average_precision"))
        }

    return measured


class _Ranking:
    """How well a score tells one class from the rest."""

    def __init__(self, scores: Array, is_true: Array) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        self._starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        self._is_true = is_true[self._order]

    def __call__(self, weights: Array) -> tuple[Array, Array]:
        ordered = weights[:, self._order]
        true = np.add.reduceat(ordered * self._is_true, self._starts, axis=1)
        every = np.add.reduceat(ordered, self._starts, axis=1)
        found, taken = np.cumsum(true, axis=1), np.cumsum(every, axis=1)
        positive, total = found[:, -1], taken[:, -1]
        # A pair is in order where the true row comes first; half of those with the same score.
        area = ((every - true) * (found - true / 2)).sum(axis=1)
        precision = (true * _ratio(found, taken)).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return area / (positive * (total - positive)), precision / positive


def _regression(answers: Regressed, only: Collection[str]) -> Measure:
    truth, error = answers.truth, answers.said - answers.truth
    distance, squared = np.abs(error), error**2
    share = distance / np.maximum(np.abs(truth), _LEAST)
    # Far from zero, squares of the values would lose their digits.
    centred = truth - truth.mean()
    figures: dict[str, Callable[[Array], Array]] = {
        MAE: lambda weights: _average(weights, distance),
        "rmse": lambda weights: np.sqrt(_average(weights, squared)),
        "r2": lambda weights: _explained(weights, squared, centred),
        "mape": lambda weights: _average(weights, share),
        "median_ae": _Median(distance),
    }
    return lambda weights: {name: of(weights) for name, of in figures.items() if not only or name in only}


def _explained(weights: Array, squared: Array, centred: Array) -> Array:
    error = _average(weights, squared)
    spread = _average(weights, centred**2) - _average(weights, centred) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = np.where(spread > _LEAST * error, 1 - error / spread, np.nan)
    return found


class _Median:
    """Of values, as often as they count."""

    def __init__(self, values: Array) -> None:
        self._order = np.argsort(values, kind="stable")
        self._ordered = values[self._order]

    def __call__(self, weights: Array) -> Array:
        before, total = np.cumsum(weights[:, self._order], axis=1), weights.sum(axis=1)
        # Of an even number of rows, the mean of the two in the middle.
        first, second = (
            self._ordered[(before > half[:, None]).argmax(axis=1)] for half in ((total - 1) // 2, total // 2)
        )
        middle: Array = (first + second) / 2
        return middle


def _average(weights: Array, values: Array) -> Array:
    return (weights @ values) / weights.sum(axis=1)  # type: ignore[no-any-return]


def _ratio(part: Array, whole: Array) -> Array:
    """0 where there is nothing."""
    found: Array = np.divide(part, whole, out=np.zeros_like(part, dtype=float), where=whole > 0)
    return found


def _mean(values: Array, where: Array) -> Array:
    return (values * where).sum(axis=1) / where.sum(axis=1)  # type: ignore[no-any-return]


def _mean_of_defined(values: Array) -> Array:
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1)  # type: ignore[no-any-return]


def coded(values: Sequence[Any], classes: Sequence[Any]) -> Array:
    """Each value's place among the classes."""
    places = {each: place for place, each in enumerate(classes)}
    return np.fromiter((places[each] for each in values), dtype=np.int64, count=len(values))
