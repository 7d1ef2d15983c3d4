"""Evaluations of made-up answers, for what decides by them or draws them."""

from __future__ import annotations

from typing import Any

from nbmlops.model.evaluation import (
    Bin,
    Calibration,
    Confusion,
    Data,
    Evaluated,
    Evaluation,
    Metric,
    Residuals,
    Slice,
)

BIN = Bin(low=0.4, high=0.5, rows=9, predicted=0.45, observed=0.4)


def slice_of(value: str, *, loss: float | None = None, gap: float = 0.0, column: str = "colour") -> Slice:
    return Slice(
        column=column,
        value=value,
        rows=60,
        metric="accuracy",
        score=0.9 - gap,
        low=0.8 - gap,
        high=0.95 - gap,
        gap=gap,
        against=None if loss is None else 0.9 - gap + loss,
        loss=loss,
    )


def evaluation(**values: Any) -> Evaluation:
    """Of two labels, against another model."""
    known: dict[str, Any] = {
        "model": Evaluated(name="tuned", run="0123456789ab", estimator="a.Forest", bytes=2_000_000, milliseconds=4.5),
        "against": Evaluated(name="models:/wine@champion", digest="sha256:0123456789abcdef", bytes=1000),
        "data": Data(place="data/test.csv", digest="ab" * 32, bytes=100, rows=120, target="kind"),
        "task": "classification",
        "confidence": 0.95,
        "resamples": 1000,
        "metrics": (
            Metric(name="accuracy", value=0.9, low=0.85, high=0.94, against=0.88, difference=0.02,
                   difference_low=-0.01, difference_high=0.05),
            Metric(name="log_loss", value=0.3, low=0.2, high=0.4, is_higher_better=False, against=0.5, difference=-0.2,
                   difference_low=-0.3, difference_high=-0.1),
        ),
        "slices": (slice_of("red", loss=0.04, gap=0.1), slice_of("blue", loss=-0.02, gap=-0.05)),
        "calibration": Calibration(of="1", error=0.05, bins=(BIN,)),
        "confusion": Confusion(labels=("0", "1"), counts=((50, 10), (2, 58))),
    }  # fmt: skip
    return Evaluation(**{**known, **values})


def of_numbers(**values: Any) -> Evaluation:
    points = tuple((float(each), each + 0.5) for each in range(20))
    residuals = Residuals(mean=0.5, spread=0.1, quantiles=(0.0, 0.1, 0.2, 0.5, 0.6, 0.7, 0.9), points=points)
    metrics = (Metric(name="mae", value=0.5, low=0.4, high=0.6, is_higher_better=False), Metric(name="r2", value=None))
    return evaluation(
        task="regression", against=None, metrics=metrics, slices=(), calibration=None, confusion=None,
        residuals=residuals, **values,
    )  # fmt: skip
