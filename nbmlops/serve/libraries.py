"""Whether an estimator runs code of libraries only, which ends."""

from __future__ import annotations

from typing import Any

from nbmlops.serve.native import OfXgboost

_KNOWN = frozenset({"builtins", "sklearn", "numpy", "scipy", "xgboost", "lightgbm"})


def is_of_libraries(estimator: Any) -> bool:
    """By its class and all its parameters: a function of the user's in a step of a pipeline is none of theirs."""
    if isinstance(estimator, OfXgboost):
        estimator = estimator.raw
    told = getattr(estimator, "get_params", None)
    return _is_known(estimator) and callable(told) and _is_known(told(deep=True))


def _is_known(value: Any) -> bool:
    if isinstance(value, list | tuple | set):
        return all(map(_is_known, value))
    if isinstance(value, dict):
        return all(map(_is_known, value.values()))
    origin = getattr(value, "__module__", None) or type(value).__module__
    return str(origin).partition(".")[0] in _KNOWN
