"""How far off a model that predicts numbers is likely to be on rows that nobody has labelled yet.

Direct loss estimation: a small model learns the absolute error from rows with labels, by what was asked and answered,
and tells it of the others; its mean is the expected MAE. The band is for how the labelled rows were drawn (the
jackknife over folds) and for how single errors scatter. As with `estimate`, it holds while the same inputs still mean
the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from nbmlops.evaluate.metrics import MAE, Array
from nbmlops.model.monitoring import Estimated

LEAST_ROWS = 200
"""With labels."""
MOST_ROWS = 5_000
"""That are learnt from, and told of."""
_FOLDS, _BINS = 5, 20
Predict = Callable[[Array], Array]
Fit = Callable[[Array, Array], Predict]


def estimate_error(
    known: Array,
    errors: Array,
    unknown: Array,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    fit: Fit | None = None,
) -> Estimated | None:
    """`known` and `unknown`: what was asked, (rows, columns) of numbers, the answer last; `errors`: how far off the
    answers to the known ones were. None for too few rows.
    """
    if len(known) < LEAST_ROWS or not len(unknown):
        return None
    chance = np.random.default_rng(seed)
    total, every = len(known), len(unknown)
    chosen = chance.permutation(total)[:MOST_ROWS]
    known, errors = known[chosen], np.abs(errors[chosen])
    if every > MOST_ROWS:
        unknown = unknown[chance.permutation(every)[:MOST_ROWS]]
    learn = fit or _fitting()
    fold = np.arange(len(known)) % _FOLDS
    rest = np.empty(len(known))
    means = []
    for number in range(_FOLDS):
        predict = learn(known[fold != number], errors[fold != number])
        held = fold == number
        rest[held] = errors[held] - predict(known[held])
        means.append(float(np.mean(predict(unknown))))
    value = max(0.0, float(np.mean(means)))
    drawn = (_FOLDS - 1) / _FOLDS * float(((np.array(means) - value) ** 2).sum())
    half = NormalDist().inv_cdf((1 + confidence) / 2) * (drawn + float(rest.var()) / len(unknown)) ** 0.5
    return Estimated(
        name=MAE, value=value, low=max(0.0, value - half), high=value + half, method="dle", rows=every, from_rows=total
    )


def binned(known: Array, errors: Array) -> Predict:
    """By what was answered alone: the mean error of answers that are about as large."""
    edges = np.unique(np.nanquantile(known[:, -1], np.linspace(0, 1, min(_BINS, len(known) // 20) + 1)))[1:-1]
    place = np.digitize(known[:, -1], edges)
    rows = np.bincount(place, minlength=len(edges) + 1)
    sums = np.bincount(place, weights=errors, minlength=len(edges) + 1)
    means = np.where(rows > 0, sums / np.maximum(rows, 1), errors.mean())
    return lambda asked: means[np.digitize(asked[:, -1], edges)]


def boosted(known: Array, errors: Array) -> Predict:
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(max_iter=40, min_samples_leaf=20, learning_rate=0.1, random_state=0)
    with _one_thread():
        model.fit(known, errors)

    def predict(asked: Array) -> Array:
        with _one_thread():
            found: Array = model.predict(asked)
        return found

    return predict


def _one_thread() -> contextlib.AbstractContextManager[object]:
    """On a machine that is busy serving, threads that wait for each other take a hundred times as long."""
    from threadpoolctl import threadpool_limits

    limits: contextlib.AbstractContextManager[object] = threadpool_limits(limits=1, user_api="openmp")
    return limits


def _fitting() -> Fit:
    try:
        import sklearn.ensemble  # noqa: F401
    except ImportError:
        return binned
    return boosted
