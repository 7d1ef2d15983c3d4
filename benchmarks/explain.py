"""Permutation importance: ours, with intervals, against scikit-learn's on the same model, rows and repeats.

Both shuffle by chance: what they find has to be the same within what chance does to either.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.table import Row

REPEATS = 10
TIMES = 3
MOST_RATIO = 0.5
MOST_APART = 4.0
"""Differences of means, in their standard errors: the largest of thirty columns."""


def measure() -> tuple[Row, ...]:
    from sklearn.datasets import load_breast_cancer, load_diabetes
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    cancer, numbers = load_breast_cancer(as_frame=True).frame, load_diabetes(as_frame=True).frame
    forest = RandomForestClassifier(100, max_depth=6, random_state=0)
    line = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    return (
        *_rows("a forest, 569 rows, 30 columns", forest, cancer, "accuracy"),
        *_rows("a logistic pipeline, 569 rows, 30 columns", line, cancer, "accuracy"),
        *_rows("a ridge, 442 rows, 10 columns", Ridge(), numbers, "r2"),
    )


def _rows(what: str, model: Any, frame: Any, metric: str) -> tuple[Row, Row]:
    from sklearn.inspection import permutation_importance

    inputs, truth = frame.drop(columns="target"), frame["target"]
    model.fit(inputs, truth)
    ours, found = _best(lambda: _ours(model, inputs, truth.to_numpy(), metric))
    theirs, expected = _best(
        lambda: permutation_importance(model, inputs, truth, scoring=metric, n_repeats=REPEATS, random_state=0)
    )
    means = np.array([found[name] for name in inputs.columns])
    errors = np.maximum(expected.importances_std, 1 / len(inputs)) * (2 / REPEATS) ** 0.5
    apart = float(np.abs((means - expected.importances_mean) / errors).max())
    return (
        Row(what=f"permutation importance of {what}", ours=ours, peer=theirs, value=ours / theirs, bar=MOST_RATIO),
        Row(what=f"apart from scikit-learn's: {what}", ours=apart, value=apart, bar=MOST_APART, unit="errors"),
    )


def _ours(model: Any, inputs: Any, truth: Any, metric: str) -> dict[str, float]:
    from nbmlops.attribution.groups import grouped
    from nbmlops.attribution.importance import Target, importances
    from nbmlops.attribution.inputs import Given, Inputs

    is_class = metric == "accuracy"

    def ask(rows: Any) -> Given:
        if not is_class:
            return Given(values=model.predict(rows)[:, None])
        values = model.predict_proba(rows)
        return Given(values=values, said=values.argmax(axis=1))

    target = Target(truth=truth, metric=metric, classes=2 if is_class else 0, has_probabilities=is_class)
    found = importances(ask, Inputs(inputs), grouped(list(inputs.columns), ()), target, repeats=REPEATS)
    return {each.name: each.importance or 0.0 for each in found}


def _best(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the quickest of some times."""
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        value = call()
        found.append(time.perf_counter() - began)
    return min(found), value
