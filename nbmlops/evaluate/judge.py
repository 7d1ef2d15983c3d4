"""All figures of a model, and of another on the same rows, with how sure they are."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from nbmlops.evaluate.bootstrap import Drawn, draw, interval, quantile, wilson
from nbmlops.evaluate.calibration import calibration
from nbmlops.evaluate.metrics import (
    ACCURACY,
    CLASSIFICATION,
    ECE,
    LOWER_IS_BETTER,
    REGRESSION,
    Answers,
    Classified,
    measure,
)
from nbmlops.model.evaluation import Metric


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    metrics: tuple[Metric, ...]
    differences: dict[str, Drawn] = {}
    """To the other model, by metric."""

    def improvement(self, metric: str, confidence: float) -> float | None:
        """What the model is better by at least, with that confidence. None where these rows do not tell."""
        found = self.differences.get(metric)
        if found is None:
            return None
        return quantile(found.negative() if metric in LOWER_IS_BETTER else found, 1 - confidence)


def judge(
    answers: Answers,
    against: Answers | None,
    *,
    confidence: float,
    samples: int,
    seed: int = 0,
    told: Callable[[int], None] = lambda done: None,
) -> Judged:
    rows = len(answers.truth)
    every = [answers] if against is None else [answers, against]
    drawn = draw([measure(each) for each in every], rows, samples=samples, seed=seed, told=told)
    own, other = drawn[0], drawn[1] if against is not None else {}
    differences = {name: own[name].less(other[name]) for name in own if name in other}
    metrics = []
    for name in (*CLASSIFICATION, *REGRESSION):
        if name in own:
            metrics.append(_metric(name, own[name], other.get(name), differences.get(name), rows, confidence))
    if isinstance(answers, Classified) and (found := calibration(answers)) is not None:
        metrics.append(_calibrated(found.error, against))
    return Judged(metrics=tuple(metrics), differences=differences)


def _metric(
    name: str, own: Drawn, other: Drawn | None, difference: Drawn | None, rows: int, confidence: float
) -> Metric:
    if name == ACCURACY:
        bounds: tuple[float, float] | None = wilson(own.value * rows, rows, confidence)
    else:
        bounds = interval(own, confidence)
        if bounds is not None and bounds[0] == bounds[1]:
            # As many samples as one likes of rows without any mistake have none either.
            bounds = None
    apart = interval(difference, confidence) if difference is not None else None
    low, high = bounds or (None, None)
    difference_low, difference_high = apart or (None, None)
    return Metric(
        name=name,
        value=_or_none(own.value),
        low=low,
        high=high,
        is_higher_better=name not in LOWER_IS_BETTER,
        against=_or_none(other.value) if other is not None else None,
        difference=_or_none(difference.value) if difference is not None else None,
        difference_low=difference_low,
        difference_high=difference_high,
    )


def _calibrated(error: float, against: Answers | None) -> Metric:
    """Without an interval: samples are less well calibrated than the rows that they are drawn from."""
    other = calibration(against) if isinstance(against, Classified) else None
    return Metric(
        name=ECE,
        value=error,
        is_higher_better=False,
        against=other.error if other is not None else None,
        difference=error - other.error if other is not None else None,
    )


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
