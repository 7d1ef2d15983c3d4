"""Where a model goes wrong: which label is taken for which, or how far numbers are off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbmlops.evaluate.metrics import Classified, Regressed
from nbmlops.model.evaluation import Confusion, Residuals

MOST_LABELS = 30
_POINTS = 300
_SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
OTHERS = "others"


def confusion(answers: Classified, classes: Sequence[Any]) -> Confusion:
    """Of very many labels the most frequent ones; the rest are one."""
    count = answers.classes
    matrix = np.bincount(answers.truth * count + answers.said, minlength=count * count).reshape(count, count)
    labels = [str(each) for each in classes]
    if count > MOST_LABELS:
        order = np.argsort(-(matrix.sum(axis=0) + matrix.sum(axis=1)), kind="stable")
        group = np.minimum(np.argsort(order, kind="stable"), MOST_LABELS - 1)
        folded = np.zeros((MOST_LABELS, MOST_LABELS), dtype=matrix.dtype)
        np.add.at(folded, (group[:, None], group[None, :]), matrix)
        matrix, labels = folded, [*(labels[each] for each in order[: MOST_LABELS - 1]), OTHERS]
    return Confusion(labels=tuple(labels), counts=tuple(tuple(map(int, row)) for row in matrix))


def residuals(answers: Regressed) -> Residuals:
    error = answers.said - answers.truth
    # Evenly spread over the order of the true values.
    order = np.argsort(answers.truth, kind="stable")
    shown = order[np.unique(np.linspace(0, len(order) - 1, min(_POINTS, len(order))).astype(int))]
    return Residuals(
        mean=float(error.mean()),
        spread=float(error.std()),
        quantiles=tuple(float(each) for each in np.quantile(error, _SHARES)),
        points=tuple((float(answers.truth[each]), float(answers.said[each])) for each in shown),
    )
