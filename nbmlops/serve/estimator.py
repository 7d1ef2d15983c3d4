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

from nbmlops.serve.rows import Array, Columns

_BY_CHANCE = 64
_SCALES = (1.0, 1000.0)
_MOST_EXAMPLES = 200
_SHORT = (0, 1)
_ROUNDING = 1e-10
"""Of the figure itself or of the largest beside it; BLAS gives no more."""


class Estimator(msgspec.Struct, frozen=True, kw_only=True):
    columns: Columns
    predict: Callable[[Any], Any]
    wants_names: bool
    is_row_wise: bool = False
    """Its answers are an array with one for each row, whatever other rows are asked with it."""

    def score(self, rows: Array) -> Any:
        """What MLflow's pyfunc gives for the same table."""
        return self.predict(_table(rows, self.columns) if self.wants_names else rows)


def estimator_of(predict: Callable[[Any], Any], columns: Columns, folder: Path) -> Estimator | None:
    """`predict` is the estimator's own method. None where it gives other answers than for a table.

    A table is what MLflow gives it, once the request is checked.
    """
    # The warning that an array has no names, once for each request.
    warnings.filterwarnings("ignore", message="X does not have valid feature names", category=UserWarning)
    examples = [rows for rows in (_example(folder, columns), *_by_chance(columns)) if rows is not None]
    asked = [part for rows in examples for part in (rows, *(rows[at : at + 1] for at in _SHORT if at < len(rows)))]
    try:
        expected = [predict(_table(rows, columns)) for rows in asked]
    except Exception:  # noqa: BLE001 - whatever an estimator raises: MLflow is asked then
        return None
    for wants_names in (False, True):
        found = Estimator(columns=columns, predict=predict, wants_names=wants_names)
        if asked and _agrees(found, asked, expected):
            return msgspec.structs.replace(found, is_row_wise=all(_is_row_wise(found, rows) for rows in examples))
    return None


def _agrees(found: Estimator, asked: list[Array], expected: list[Any]) -> bool:
    try:
        return all(_is_same(before, found.score(rows)) for rows, before in zip(asked, expected, strict=True))
    except Exception:  # noqa: BLE001 - it wants its columns by name, or something else
        return False


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


def _example(folder: Path, columns: Columns) -> Array | None:
    """The rows that were logged with the model."""
    try:
        document = json.loads((folder / "input_example.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or "data" not in document:
        return None
    document = {key: document[key] for key in ("columns", "data") if key in document}
    rows = columns.read(json.dumps({"dataframe_split": document}).encode())
    return rows[:_MOST_EXAMPLES] if rows is not None else None


def _by_chance(columns: Columns) -> list[Array]:
    chance = np.random.default_rng(0)
    found = []
    for scale in _SCALES:
        numbers = chance.normal(size=(_BY_CHANCE, len(columns.names))) * scale
        integral = [place for place, dtype in enumerate(columns.dtypes) if dtype.kind == "i"]
        numbers[:, integral] = np.round(numbers[:, integral])
        rows = columns.of_array(numbers)
        if rows is not None:
            found.append(rows)
    return found


def _table(rows: Array, columns: Columns) -> Any:
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(columns.names), copy=False)
    if all(dtype == columns.common for dtype in columns.dtypes):
        return table
    return table.astype(dict(zip(columns.names, columns.dtypes, strict=True)))
