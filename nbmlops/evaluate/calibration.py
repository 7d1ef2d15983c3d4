"""Whether what is said to be likely comes true as often: reliability by bins of probability."""

from __future__ import annotations

import numpy as np

from nbmlops.evaluate.metrics import Array, Classified
from nbmlops.model.evaluation import Bin, Calibration

BINS = 10


def calibration(answers: Classified, label: str = "") -> Calibration | None:
    """Of two classes the second one's probability, whose name is `label`; else that of the class that was said. None
    without probabilities.
    """
    if answers.probabilities is None:
        return None
    if answers.classes == 2:
        said, came_true, of = answers.probabilities[:, 1], answers.truth == 1, label
    else:
        said, of = answers.probabilities.max(axis=1), ""
        came_true = answers.probabilities.argmax(axis=1) == answers.truth
    bins = _bins(said, came_true)
    error = sum(each.rows * abs(each.predicted - each.observed) for each in bins) / len(said)
    return Calibration(of=of, error=error, bins=bins)


def _bins(said: Array, came_true: Array) -> tuple[Bin, ...]:
    """Of the same width, without those that hold nothing."""
    place = np.clip((said * BINS).astype(int), 0, BINS - 1)
    rows = np.bincount(place, minlength=BINS)
    predicted, observed = (np.bincount(place, weights=each, minlength=BINS) for each in (said, came_true))
    return tuple(
        Bin(
            low=each / BINS,
            high=(each + 1) / BINS,
            rows=int(rows[each]),
            predicted=float(predicted[each] / rows[each]),
            observed=float(observed[each] / rows[each]),
        )
        for each in range(BINS)
        if rows[each]
    )
