"""An estimator of scikit-learn's kind, asked with arrays instead of through MLflow's tables.

Checking a table against a signature takes MLflow longer than most models take to predict. Rows that were read as an
array need no check. Whether the estimator gives the same on an array as on a table is tried when it is loaded, on the
input example and on numbers by chance; where it does not, or takes its columns by name, it gets a table.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from nbmlops.serve.compiled.kept import Kept
from nbmlops.serve.compiled.pipeline import Compiled, compiled
from nbmlops.serve.fitted import Fitted
from nbmlops.serve.libraries import is_of_libraries
from nbmlops.serve.matrix import Matrix
from nbmlops.serve.rows import Array, Columns

_BY_CHANCE = 64
_SCALES = (1.0, 1000.0)
_MOST_EXAMPLES = 200
_SHORT = (0, 1)
_ALONE = 16
"""Rows that are asked one by one, at each of which a forest takes milliseconds."""
_ROUNDING = 1e-10
"""Of the figure itself or of the largest beside it; BLAS gives no more."""


class Estimator(msgspec.Struct, frozen=True, kw_only=True):
    columns: Columns | Matrix
    predict: Callable[[Any], Any]
    wants_names: bool
    is_row_wise: bool = False
    """Its answers are an array with one for each row, whatever other rows are asked with it."""

    ends: bool = False
    """It runs code of libraries only."""
    quick: Compiled | None = None
    """The same without scikit-learn, for rows that it takes."""
    fitted: Fitted | None = None
    """What `predict` asks; None where it is loaded already."""

    def has_to_load(self, rows: Array) -> bool:
        """For these rows, before they can be scored: that takes seconds."""
        if self.fitted is None or self.fitted.is_loaded or self.quick is None:
            return False
        return not self.quick.takes(rows)

    def score(self, rows: Array) -> Any:
        """What MLflow's pyfunc gives for the same table."""
        if self.quick is not None and (found := self.quick(rows)) is not None:
            return found
        return self.predict(self.columns.table(rows) if self.wants_names else rows)


def kept_estimator(fitted: Fitted, columns: Columns | Matrix, kept: Kept) -> Estimator | None:
    """What was proven before. None where it takes other rows."""
    if kept.quick.width != columns.width:
        return None
    _ask_with_arrays()
    return Estimator(
        columns=columns,
        predict=fitted.predict,
        wants_names=False,
        is_row_wise=True,
        ends=kept.ends,
        quick=kept.quick,
        fitted=fitted,
    )


def estimator_of(predict: Callable[[Any], Any], columns: Columns | Matrix, folder: Path) -> Estimator | None:
    """`predict` is the estimator's own method. None where it gives other answers than for a table.

    A table is what MLflow gives it, once the request is checked.
    """
    _ask_with_arrays()
    examples = [rows for rows in (_example(folder, columns), *_by_chance(columns)) if rows is not None]
    asked = [part for rows in examples for part in (rows, *(rows[at : at + 1] for at in _SHORT if at < len(rows)))]
    try:
        expected = [predict(columns.table(rows)) for rows in asked]
    except Exception:  # noqa: BLE001 - whatever an estimator raises: MLflow is asked then
        return None
    for wants_names in (False, True):
        found = Estimator(columns=columns, predict=predict, wants_names=wants_names)
        if asked and _agrees(found, asked, expected):
            return msgspec.structs.replace(
                found,
                is_row_wise=all(_is_row_wise(found, rows) for rows in examples),
                ends=is_of_libraries(getattr(predict, "__self__", None)),
                quick=_quick(found, asked, expected),
            )
    return None


def _ask_with_arrays() -> None:
    """scikit-learn warns of each one that it has no names."""
    warnings.filterwarnings("ignore", message="X does not have valid feature names", category=UserWarning)


def _agrees(found: Estimator, asked: list[Array], expected: list[Any]) -> bool:
    try:
        return all(_is_same(before, found.score(rows)) for rows, before in zip(asked, expected, strict=True))
    except Exception:  # noqa: BLE001 - it wants its columns by name, or something else
        return False


def _quick(found: Estimator, asked: list[Array], expected: list[Any]) -> Compiled | None:
    """None where it gives other answers, for one row or for all of them."""
    if getattr(found.predict, "__name__", "") != "predict":
        return None
    quick = compiled(getattr(found.predict, "__self__", None))
    if quick is None or found.wants_names or quick.width != found.columns.width:
        return None
    try:
        probes = quick.probes()
        further = [probes, *(probes[at : at + 1] for at in range(_ALONE))]
        pairs = [*zip(asked, expected, strict=True), *((rows, found.score(rows)) for rows in further)]
        answers = [(before, quick(rows)) for rows, before in pairs]
    except Exception:  # noqa: BLE001 - whatever an estimator raises: it is asked as it is
        return None
    given = [(before, after) for before, after in answers if after is not None]
    return quick if given and all(_is_same(before, after) for before, after in given) else None


def _is_row_wise(found: Estimator, rows: Array) -> bool:
    whole = found.score(rows)
    if not isinstance(whole, np.ndarray) or whole.ndim == 0 or len(whole) != len(rows):
        return False
    return _is_same(whole, np.concatenate([found.score(rows[at : at + 1]) for at in range(len(rows))]))


def _is_same(expected: Any, actual: Any) -> bool:
    if type(expected) is not type(actual):
        return False
    if hasattr(expected, "equals"):
        return bool(expected.equals(actual))
    left, right = np.asarray(expected), np.asarray(actual)
    if left.dtype != right.dtype or left.shape != right.shape:
        return False
    if left.dtype.kind not in "fc":
        return bool(np.array_equal(left, right))
    # Sums of products come out one way for one row and another for many, and for the order in which memory is read.
    finite = np.abs(left[np.isfinite(left)])
    return bool(np.allclose(left, right, rtol=_ROUNDING, atol=_ROUNDING * finite.max(initial=0.0), equal_nan=True))


def _example(folder: Path, columns: Columns | Matrix) -> Array | None:
    """The rows that were logged with the model."""
    try:
        document = json.loads((folder / "input_example.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    rows = columns.of_example(document)
    return rows[:_MOST_EXAMPLES] if rows is not None else None


def _by_chance(columns: Columns | Matrix) -> list[Array]:
    chance = np.random.default_rng(0)
    found = []
    for scale in _SCALES:
        numbers = chance.normal(size=(_BY_CHANCE, columns.width)) * scale
        integral = [place for place, dtype in enumerate(columns.dtypes) if dtype.kind == "i"]
        numbers[:, integral] = np.round(numbers[:, integral])
        rows = columns.of_array(numbers)
        if rows is not None:
            found.append(rows)
    return found
