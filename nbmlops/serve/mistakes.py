"""Whose fault it is that a model has failed: MLflow lets some requests through that are not what a signature says."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from nbmlops.errors import UsageError
from nbmlops.serve.signature import Signature

_OF_GAPS = re.compile(r"\b(nan|infinity|inf|missing values?)\b", re.IGNORECASE)
"""In what scikit-learn and others say of a number that is none."""


def mistake(data: Any, rows: int | None, signature: Signature, error: BaseException | None = None) -> UsageError | None:
    """What is wrong with the request; None where nothing is. Some models have an answer to no rows, or to gaps.

    `error`: what the model has raised.
    """
    if rows == 0:
        return _refused("The request has no rows, which this model does not take.")
    names = [each.name for each in signature.inputs if each.column == "string"]
    for name in names:
        if name in getattr(data, "columns", ()) and not all(map(_is_text, data[name])):
            return _refused(f"A value of column {name[:100]!r} is no text.")
    if isinstance(error, ValueError) and _OF_GAPS.search(str(error)):
        return _gap(data, [each.name for each in signature.inputs])
    return None


def _gap(data: Any, names: list[str]) -> UsageError | None:
    columns = list(data.columns) if hasattr(data, "columns") else None
    values = data.to_numpy() if columns is not None else np.asarray(data)
    if values.ndim != 2 or values.dtype.kind not in "fO":
        return None
    try:
        where = np.argwhere(~np.isfinite(values.astype(np.float64)))
    except (TypeError, ValueError):
        return None
    if not len(where):
        return None
    row, place = (int(each) for each in where[0])
    known = columns or (names if len(names) == values.shape[1] else None)
    column = repr(str(known[place])[:100]) if known is not None else str(place)
    return _refused(f"Column {column} of row {row} is missing or infinite, which this model does not take.")


def _is_text(value: Any) -> bool:
    """Or a gap."""
    return isinstance(value, str) or value is None or (isinstance(value, float) and value != value)


def _refused(message: str) -> UsageError:
    return UsageError(message, kind="input-refused")
