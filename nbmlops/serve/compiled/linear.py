"""Linear models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nbmlops.serve.compiled.parts import Predictor, Recipe, name_of, numbers
from nbmlops.serve.rows import Array

KINDS = frozenset({"sum", "class"})
_REGRESSORS = frozenset({"LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV"})
_CLASSIFIERS = frozenset({"LogisticRegression", "LogisticRegressionCV", "LinearSVC", "SGDClassifier", "Perceptron"})
_SCALES = (1.0, 100.0)


def linear_of(estimator: Any, width: int) -> Recipe | None:
    """None where it is not known what it computes."""
    name = name_of(estimator)
    if name not in _REGRESSORS | _CLASSIFIERS:
        return None
    shape = (width,) if np.ndim(estimator.coef_) == 1 else (-1, width)
    coefficients = numbers(estimator.coef_, *shape)
    intercept = estimator.intercept_
    if coefficients is None or not np.isfinite(intercept).all() or np.asarray(intercept).dtype.kind not in "fi":
        return None
    arrays = {"coefficients": coefficients, "intercept": np.asarray(intercept)}
    if name in _REGRESSORS:
        return Recipe(kind="sum", arrays=arrays)
    classes = estimator.classes_
    if type(classes) is not np.ndarray or classes.ndim != 1 or coefficients.ndim != 2:
        return None
    return Recipe(kind="class", arrays={**arrays, "classes": classes})


def made_linear(recipe: Recipe) -> Predictor:
    coefficients, intercept = recipe.arrays["coefficients"], recipe.arrays["intercept"]
    # A single number is added faster than an array of one.
    added: Any = intercept[()] if intercept.ndim == 0 else intercept
    predict = (
        _sum(coefficients.T, added) if recipe.kind == "sum" else _class(coefficients.T, added, recipe.arrays["classes"])
    )
    return Predictor(predict=predict, probe=_probe(coefficients.shape[-1]))


def _sum(coefficients: Array, intercept: Any) -> Callable[[Array], Any]:
    return lambda rows: rows @ coefficients + intercept


def _class(coefficients: Array, intercept: Any, classes: Array) -> Callable[[Array], Any]:
    if coefficients.shape[1] == 1:

        def one_of_two(rows: Array) -> Any:
            return classes.take(((rows @ coefficients + intercept).ravel() > 0).astype(np.intp))

        return one_of_two
    return lambda rows: classes.take((rows @ coefficients + intercept).argmax(axis=1))


def _probe(width: int) -> Callable[[np.random.Generator, int], Array]:
    def rows(chance: np.random.Generator, count: int) -> Array:
        found: Array = chance.normal(size=(count, width)) * chance.choice(_SCALES, size=(count, 1))
        return found

    return rows
