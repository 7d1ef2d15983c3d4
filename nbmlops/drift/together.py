"""Whether all columns together have moved, where each alone may have not.

A classifier that is to tell the two tables apart (Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", 2017),
and the error with which principal components of the reference give back a row.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbmlops.drift.limits import Limits
from nbmlops.model.drift import Multivariate

MOST_ROWS = 5000
"""Of each side."""
MOST_COLUMNS = 200
_FOLDS = 3
_KEPT = 0.8
"""Of the variance, by the components."""


def together(before: Any, now: Any, limits: Limits) -> tuple[Multivariate, ...]:
    """Of two DataFrames; nothing where one has too few rows or they share no columns. Needs scikit-learn."""
    names = [name for name in before.columns if name in now.columns][:MOST_COLUMNS]
    if not names or min(len(before), len(now)) < limits.min_rows:
        return ()
    tables = [each[names].sample(min(len(each), MOST_ROWS), random_state=0) for each in (before, now)]
    matrix = np.column_stack([_numbers(*(each[name] for each in tables)) for name in names])
    first = len(tables[0])
    found = [_classifier(matrix, first, names, limits)]
    components = _components(matrix, first, limits)
    return (*found, components) if components is not None else tuple(found)


def _numbers(before: Any, now: Any) -> NDArray[np.float64]:
    """A column of both; names as the ranks of their frequency in the reference."""
    import pandas as pd

    both = pd.concat([before, now], ignore_index=True)
    if pd.api.types.is_numeric_dtype(both) and not pd.api.types.is_bool_dtype(both):
        values = pd.to_numeric(both).to_numpy(np.float64, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)
    if pd.api.types.is_datetime64_any_dtype(both):
        return np.full(len(both), np.nan)  # time goes on
    texts = both.astype("string")
    ranks = {name: rank for rank, name in enumerate(texts.iloc[: len(before)].value_counts().index)}
    return np.asarray(
        texts.map(lambda name: ranks.get(name, -1.0), na_action="ignore").to_numpy(np.float64, na_value=np.nan)
    )


def _classifier(matrix: NDArray[np.float64], first: int, names: list[str], limits: Limits) -> Multivariate:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    truth = np.arange(len(matrix)) >= first
    model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=15, random_state=0)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    usable = matrix[:, ~np.isnan(matrix).all(axis=0)]
    if not usable.shape[1]:
        usable = np.zeros((len(matrix), 1))
    said = cross_val_predict(model, usable, truth, cv=folds, method="predict_proba")[:, 1]
    area = float(roc_auc_score(truth, said))
    error = _area_error(area, first, len(matrix) - first)
    low, high = max(0.0, area - 1.96 * error), min(1.0, area + 1.96 * error)
    # What chance alone can give is no drift.
    limit = max(limits.auc, 0.5 + 3 * _area_error(0.5, first, len(matrix) - first))
    told = "can" if area >= limit else "cannot"
    return Multivariate(
        name="domain_classifier",
        value=area,
        limit=limit,
        low=low,
        high=high,
        why=f"a classifier {told} tell the two apart: area under the curve {area:.2f} ({low:.2f} to {high:.2f})",
    )


def _area_error(area: float, first: int, second: int) -> float:
    """Standard error, as Hanley and McNeil (1982)."""
    one, two = area / (2 - area), 2 * area * area / (1 + area)
    spread = area * (1 - area) + (second - 1) * (one - area * area) + (first - 1) * (two - area * area)
    return math.sqrt(max(0.0, spread) / (first * second))


def _components(matrix: NDArray[np.float64], first: int, limits: Limits) -> Multivariate | None:
    half = first // 2
    fitted = matrix[:half]
    with np.errstate(invalid="ignore"):
        middle = np.array([np.nanmean(each) if np.isfinite(each).any() else 0.0 for each in fitted.T])
        spread = np.array([np.nanstd(each) if np.isfinite(each).any() else 0.0 for each in fitted.T])
    moving = spread > 0
    if np.count_nonzero(moving) < 3:
        return None
    scaled = (np.where(np.isnan(matrix), middle, matrix) - middle)[:, moving] / spread[moving]
    scaled = np.clip(scaled, -10, 10)
    _, sizes, axes = np.linalg.svd(scaled[:half], full_matrices=False)
    share = np.cumsum(sizes**2) / np.sum(sizes**2)
    axes = axes[: min(int(np.searchsorted(share, _KEPT)) + 1, len(axes) - 1)]
    rest = np.linalg.norm(scaled - scaled @ axes.T @ axes, axis=1)
    usual, now = rest[half:first], rest[first:]
    growth = float(now.mean() / usual.mean() - 1) if usual.mean() else 0.0
    error = float(np.hypot(now.std() / np.sqrt(len(now)), usual.std() / np.sqrt(len(usual))) / (usual.mean() or 1.0))
    limit = max(limits.reconstruction, 3 * error)
    return Multivariate(
        name="pca",
        value=abs(growth),
        limit=limit,
        low=max(0.0, abs(growth) - 1.96 * error),
        high=abs(growth) + 1.96 * error,
        why=f"principal components of the reference give back a row with an error of {100 * growth:+.0f} %",
    )
