"""Steps before the model: scalers, and imputers on rows without gaps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nbmlops.serve.compiled.parts import Recipe, Step, name_of, numbers
from nbmlops.serve.rows import Array

_LEAST, _MOST = 1e-30, 1e30
"""Of a factor: numbers whose squares are finite stay finite."""
_FARTHEST = 1e150
_CENTRE, _RANGE, _FILL = "centre", "range", "fill"


def step_of(estimator: Any, width: int) -> Recipe | None:
    """None where it is not known what it computes."""
    read = _KNOWN.get(name_of(estimator))
    return read(estimator, width) if read is not None else None


def made_step(recipe: Recipe) -> Step:
    """Raises KeyError for a recipe of another kind."""
    return {_CENTRE: _centred, _RANGE: _ranged, _FILL: _filled}[recipe.kind](recipe)


def _standard(scaler: Any, width: int) -> Recipe | None:
    return _scaled(
        _offset(scaler.mean_, width) if scaler.with_mean else None,
        _factor(scaler.scale_, width) if scaler.with_std else None,
        scaler.with_mean,
        scaler.with_std,
    )


def _robust(scaler: Any, width: int) -> Recipe | None:
    return _scaled(
        _offset(scaler.center_, width) if scaler.with_centering else None,
        _factor(scaler.scale_, width) if scaler.with_scaling else None,
        scaler.with_centering,
        scaler.with_scaling,
    )


def _scaled(centre: Array | None, scale: Array | None, has_centre: bool, has_scale: bool) -> Recipe | None:
    if (has_centre and centre is None) or (has_scale and scale is None):
        return None
    given = {"centre": centre, "scale": scale}
    return Recipe(kind=_CENTRE, arrays={name: each for name, each in given.items() if each is not None})


def _centred(recipe: Recipe) -> Step:
    centre, scale = recipe.arrays.get("centre"), recipe.arrays.get("scale")
    if centre is not None and scale is not None:
        return Step(apply=lambda rows: (rows - centre) / scale, undo=lambda rows: rows * scale + centre)
    if centre is not None:
        return Step(apply=lambda rows: rows - centre, undo=lambda rows: rows + centre)
    if scale is not None:
        return Step(apply=lambda rows: rows / scale, undo=lambda rows: rows * scale)
    return Step(apply=lambda rows: rows, undo=lambda rows: rows)


def _least_to_most(scaler: Any, width: int) -> Recipe | None:
    scale, least = _factor(scaler.scale_, width), _offset(scaler.min_, width)
    if scale is None or least is None:
        return None
    low, high = map(float, scaler.feature_range)
    values = {"low": low, "high": high} if scaler.clip else {}
    return Recipe(kind=_RANGE, arrays={"scale": scale, "least": least}, values=values)


def _ranged(recipe: Recipe) -> Step:
    scale, least = recipe.arrays["scale"], recipe.arrays["least"]

    def undo(rows: Array) -> Array:
        return (rows - least) / scale

    if recipe.values:
        low, high = recipe.values["low"], recipe.values["high"]
        return Step(apply=lambda rows: (rows * scale + least).clip(low, high), undo=undo)
    return Step(apply=lambda rows: rows * scale + least, undo=undo)


def _largest(scaler: Any, width: int) -> Recipe | None:
    scale = _factor(scaler.scale_, width)
    return _scaled(None, scale, False, True) if scale is not None and not getattr(scaler, "clip", False) else None


def _imputer(imputer: Any, width: int) -> Recipe | None:
    filled = _offset(imputer.statistics_, width)
    missing = imputer.missing_values
    if filled is None or imputer.add_indicator or type(missing) not in (int, float):
        return None
    if math.isnan(missing):
        # Rows with gaps do not come here.
        return Recipe(kind=_CENTRE)
    return Recipe(kind=_FILL, arrays={"filled": filled}, values={"missing": float(missing)})


def _filled(recipe: Recipe) -> Step:
    filled, missing = recipe.arrays["filled"], recipe.values["missing"]
    return Step(apply=lambda rows: np.where(rows == missing, filled, rows), undo=lambda rows: rows)


def _offset(value: Any, width: int) -> Array | None:
    found = numbers(value, width)
    return found if found is not None and (np.abs(found) <= _FARTHEST).all() else None


def _factor(value: Any, width: int) -> Array | None:
    found = numbers(value, width)
    if found is None or not ((np.abs(found) >= _LEAST) & (np.abs(found) <= _MOST)).all():
        return None
    return found


_KNOWN: dict[str, Callable[[Any, int], Recipe | None]] = {
    "StandardScaler": _standard,
    "RobustScaler": _robust,
    "MinMaxScaler": _least_to_most,
    "MaxAbsScaler": _largest,
    "SimpleImputer": _imputer,
}
