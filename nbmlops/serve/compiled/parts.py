"""What a compiled pipeline is made of: recipes, which can be kept, and the functions that are made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from nbmlops.serve.rows import Array

FLOAT = np.dtype(np.float64)
Apply = Callable[[Array], Array]


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What was read from a fitted step or model: all that its function needs."""

    kind: str
    arrays: dict[str, Array] = {}
    values: dict[str, float] = {}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    apply: Apply
    undo: Apply
    """About back again, to find rows that are worth a trial."""


def _all(rows: Array) -> bool:
    return True


class Predictor(msgspec.Struct, frozen=True, kw_only=True):
    predict: Callable[[Array], Any]
    """For rows that it takes; others are left to scikit-learn."""
    takes: Callable[[Array], bool] = _all
    probe: Callable[[np.random.Generator, int], Array]
    """As many rows that are worth a trial."""


def name_of(estimator: Any) -> str:
    """Of scikit-learn's own class; empty for another one, and for an object whose methods were exchanged."""
    kind = type(estimator)
    is_exchanged = any(callable(getattr(kind, name, None)) for name in vars(estimator))
    return str(kind.__qualname__) if kind.__module__.startswith("sklearn.") and not is_exchanged else ""


def numbers(value: Any, *shape: int) -> Array | None:
    """An array of that shape and of 64-bit numbers that are all finite; None for anything else. -1 is any length."""
    if type(value) is not np.ndarray or value.dtype != FLOAT or value.ndim != len(shape):
        return None
    if any(wanted not in (-1, length) for wanted, length in zip(shape, value.shape, strict=True)):
        return None
    return value if np.isfinite(value).all() else None


def size(rows: Array) -> float:
    """Sum of the squares: neither finite nor small where one of the numbers is not, and without a warning."""
    flat = rows.ravel("K")
    return float(flat.dot(flat))
