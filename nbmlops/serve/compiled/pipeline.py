"""A fitted pipeline, or a model alone, as one function."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from nbmlops.serve.compiled.linear import KINDS as LINEAR
from nbmlops.serve.compiled.linear import linear_of, made_linear
from nbmlops.serve.compiled.parts import FLOAT, Apply, Predictor, Recipe, Step, name_of, size
from nbmlops.serve.compiled.steps import made_step, step_of
from nbmlops.serve.compiled.trees import made_trees, trees_of
from nbmlops.serve.rows import Array

_MOST_STEPS = 4
_ROWS = 64


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    width: int
    recipes: tuple[Recipe, ...]
    """Of the steps, and of the model at the end."""
    steps: tuple[Step, ...]
    predictor: Predictor
    apply: tuple[Apply, ...]

    def __call__(self, rows: Array) -> Any:
        """What `predict` gives. None for rows that are left to it: gaps, infinities and very large numbers, and other
        types than 64-bit numbers.
        """
        if not self._is_plain(rows):
            return None
        for apply in self.apply:
            rows = apply(rows)
        return self.predictor.predict(rows) if self.predictor.takes(rows) else None

    def takes(self, rows: Array) -> bool:
        """Whether it has an answer for them."""
        if not self._is_plain(rows):
            return False
        for apply in self.apply:
            rows = apply(rows)
        return self.predictor.takes(rows)

    def _is_plain(self, rows: Array) -> bool:
        if rows.dtype is not FLOAT or rows.ndim != 2 or rows.shape[1] != self.width:
            return False
        return len(rows) > 0 and math.isfinite(size(rows))

    def probes(self) -> Array:
        """Rows by chance on which it may be tried: near what the model was fitted with, at borders of its trees."""
        rows = self.predictor.probe(np.random.default_rng(1), _ROWS)
        for step in reversed(self.steps):
            rows = step.undo(rows)
        return rows


def compiled(estimator: Any) -> Compiled | None:
    """None for whatever is not known to the last part."""
    try:
        *before, last = _parts(estimator)
        width = int(last.n_features_in_)
        steps = [step_of(each, width) for each in before]
        model = linear_of(last, width) or trees_of(last, width)
    except Exception:  # noqa: BLE001 - of another version, or not fitted: it is asked as it is
        return None
    if model is None or len(steps) > _MOST_STEPS:
        return None
    known = tuple(each for each in steps if each is not None)
    return made(width, (*known, model)) if len(known) == len(steps) else None


def made(width: int, recipes: tuple[Recipe, ...]) -> Compiled:
    """Raises KeyError for recipes that are none."""
    *before, last = recipes
    steps = tuple(made_step(each) for each in before)
    predictor = made_linear(last) if last.kind in LINEAR else made_trees(last)
    return Compiled(
        width=width, recipes=recipes, steps=steps, predictor=predictor, apply=tuple(each.apply for each in steps)
    )


def _parts(estimator: Any) -> list[Any]:
    if name_of(estimator) != "Pipeline":
        return [estimator]
    return [each for _, each in estimator.steps if each is not None and each != "passthrough"]
