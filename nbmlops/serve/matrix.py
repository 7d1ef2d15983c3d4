"""A table without names: one tensor of two dimensions, which a model takes that was fitted with a NumPy array.

Read as `rows.Columns` reads tables with names, and left to MLflow in the same cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from nbmlops.serve.rows import Array
from nbmlops.serve.signature import ANY, NUMPY, Signature
from nbmlops.serve.tensors import Given, to_array

_KINDS = ("FP64", "FP32")


class _Asked(msgspec.Struct, forbid_unknown_fields=True):
    inputs: list[list[float]] | None = None
    instances: list[list[float]] | None = None


_decode = msgspec.json.Decoder(_Asked).decode


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    width: int
    dtype: np.dtype[Any]

    names = ()
    """It has none."""

    @property
    def dtypes(self) -> tuple[np.dtype[Any], ...]:
        return (self.dtype,) * self.width

    def read(self, body: bytes) -> Array | None:
        """Rows; None for a request that is not plain."""
        try:
            asked = _decode(body)
        except (msgspec.MsgspecError, RecursionError):
            return None
        if (asked.inputs is None) == (asked.instances is None):
            return None
        return self._of_lists(asked.inputs or asked.instances or [])

    def of_rows(self, rows: list[Any]) -> Array | None:
        try:
            return self._of_lists(msgspec.convert(rows, list[list[float]]))
        except msgspec.MsgspecError:
            return None

    def of_tensors(self, given: Sequence[Given]) -> Array | None:
        """Raises UsageError for data that is not what its datatype and shape say."""
        if len(given) != 1 or NUMPY.get(given[0].datatype) != self.dtype.name:
            return None
        found = to_array(given[0])
        return found if found.ndim == 2 and self._is_plain(found) else None

    def of_array(self, array: Array) -> Array | None:
        if array.dtype.kind not in "fiu" or array.ndim != 2 or array.shape[1] != self.width:
            return None
        return self._cast(array.astype(np.float64, copy=False))

    def of_example(self, document: Any) -> Array | None:
        """Of what was logged with the model."""
        rows = document.get("inputs") if isinstance(document, dict) else document
        return self.of_rows(rows) if isinstance(rows, list) else None

    def table(self, rows: Array) -> Any:
        """As MLflow gives it to the model."""
        return rows

    def _of_lists(self, rows: list[list[float]]) -> Array | None:
        if not rows or any(len(row) != self.width for row in rows):
            return None
        return self._cast(np.array(rows))

    def _cast(self, array: Array) -> Array | None:
        if self.dtype == np.float64:
            return array
        return array.astype(self.dtype) if (np.abs(array) <= np.finfo(self.dtype).max).all() else None

    def _is_plain(self, array: Array) -> bool:
        return len(array) > 0 and array.shape[1] == self.width and not np.isnan(array).any()


def matrix_of(signature: Signature) -> Matrix | None:
    """None for a model that takes anything else."""
    if signature.has_columns or len(signature.inputs) != 1:
        return None
    (tensor,) = signature.inputs
    rows, *rest = tensor.shape or (0,)
    if rows != ANY or len(rest) != 1 or rest[0] <= 0 or tensor.datatype not in _KINDS or not tensor.is_unnamed:
        return None
    return Matrix(width=rest[0], dtype=np.dtype(NUMPY[tensor.datatype]))
