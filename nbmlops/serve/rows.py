"""Tables of plain numbers, read from JSON straight into one array.

What pandas would make of a request is known beforehand where a signature has numeric columns only and each value is a
number: those requests, nearly all in practice, need no DataFrame. Whatever is not plain (missing values, texts, other
keys) is left to MLflow's own reading, so that both give the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from nbmlops.serve.signature import NUMPY, Signature
from nbmlops.serve.tensors import Given, to_array

_KINDS = frozenset({"FP64", "FP32", "INT64", "INT32"})
_EXACT = float(1 << 53)
"""Integers below it are themselves as floating-point numbers."""

Array = np.ndarray[Any, np.dtype[Any]]


class _Split(msgspec.Struct, forbid_unknown_fields=True):
    data: list[list[float]]
    columns: list[str]
    index: list[int] | None = None


class _Asked(msgspec.Struct, forbid_unknown_fields=True):
    dataframe_split: _Split | None = None
    dataframe_records: list[dict[str, float]] | None = None


_decode = msgspec.json.Decoder(_Asked).decode


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """The numeric columns of a signature."""

    names: tuple[str, ...]
    dtypes: tuple[np.dtype[Any], ...]
    common: np.dtype[Any]
    """What a table of them is as one array."""

    @property
    def width(self) -> int:
        return len(self.names)

    def read(self, body: bytes) -> Array | None:
        """Rows in the signature's order; None for a request that is not plain."""
        try:
            asked = _decode(body)
        except (msgspec.MsgspecError, RecursionError):
            return None
        split, records = asked.dataframe_split, asked.dataframe_records
        if split is not None and records is None:
            return self._of_split(split)
        if records is not None and split is None:
            return self._of_records(records)
        return None

    def of_rows(self, rows: list[Any]) -> Array | None:
        """A list of rows in the signature's order, or of records."""
        try:
            if rows and isinstance(rows[0], dict):
                return self._of_records(msgspec.convert(rows, list[dict[str, float]]))
            found = msgspec.convert(rows, list[list[float]])
        except msgspec.MsgspecError:
            return None
        return self._cast(np.array(found)) if found and {len(row) for row in found} == {len(self.names)} else None

    def of_tensors(self, given: Sequence[Given]) -> Array | None:
        """A table that came as tensors of the Open Inference Protocol: a column for each, or one for all.

        Raises UsageError for data that is not what its datatype and shape say.
        """
        if len(given) == 1 and given[0].name not in self.names:
            return self.of_array(to_array(given[0])) if given[0].datatype == "FP64" else None
        if {each.name for each in given} != set(self.names) or len(given) > len(self.names):
            return None
        kinds = {each.name: each.datatype for each in given}
        if any(NUMPY.get(kinds[name]) != dtype.name for name, dtype in zip(self.names, self.dtypes, strict=True)):
            return None
        arrays = {each.name: to_array(each) for each in given}
        if any(array.ndim not in (1, 2) or array.shape[1:] not in ((), (1,)) for array in arrays.values()):
            return None
        found = [arrays[name].reshape(len(arrays[name])) for name in self.names]
        if len({len(each) for each in found}) != 1 or any(np.isnan(each).any() for each in found):
            return None
        return np.column_stack(found).astype(self.common, copy=False)

    def of_array(self, array: Array) -> Array | None:
        """A table that came as one numeric array, a column for each."""
        if array.dtype.kind not in "fiu" or array.ndim != 2 or array.shape[1] != len(self.names):
            return None
        return self._cast(array.astype(np.float64, copy=False))

    def of_example(self, document: Any) -> Array | None:
        """Of what was logged with the model."""
        if not isinstance(document, dict) or "data" not in document:
            return None
        split = {key: document[key] for key in ("columns", "data") if key in document}
        return self.read(msgspec.json.encode({"dataframe_split": split}))

    def table(self, rows: Array) -> Any:
        """As MLflow gives it to the model."""
        import pandas as pd

        table = pd.DataFrame(rows, columns=list(self.names), copy=False)
        if all(dtype == self.common for dtype in self.dtypes):
            return table
        return table.astype(dict(zip(self.names, self.dtypes, strict=True)))

    def _of_split(self, split: _Split) -> Array | None:
        if split.index is not None and len(split.index) != len(split.data):
            return None
        width = len(split.columns)
        if not split.data or any(len(row) != width for row in split.data):
            return None
        if tuple(split.columns) == self.names:
            return self._cast(np.array(split.data))
        places = {name: place for place, name in enumerate(split.columns)}
        if len(places) < width or not places.keys() >= set(self.names):
            return None
        return self._cast(np.array(split.data)[:, [places[name] for name in self.names]])

    def _of_records(self, records: list[dict[str, float]]) -> Array | None:
        if not records:
            return None
        try:
            return self._cast(np.array([[record[name] for name in self.names] for record in records]))
        except KeyError:
            return None

    def _cast(self, array: Array) -> Array | None:
        """From float64 to what the columns are together; None where a value is none of its column's."""
        if all(dtype == np.float64 for dtype in self.dtypes):
            return array
        for place, dtype in enumerate(self.dtypes):
            column = array[:, place]
            if dtype.kind == "i":
                bound = min(_EXACT, float(np.iinfo(dtype).max))
                if not (np.abs(column) < bound).all() or (column != np.floor(column)).any():
                    return None
            elif dtype == np.float32:
                if not (np.abs(column) <= np.finfo(np.float32).max).all():
                    return None
                array[:, place] = column.astype(np.float32)
        return array.astype(self.common)


def columns_of(signature: Signature) -> Columns | None:
    """None where one is not numeric, or not required, or where the model takes no table."""
    if not signature.has_columns or any(each.datatype not in _KINDS or each.is_optional for each in signature.inputs):
        return None
    names = tuple(each.name for each in signature.inputs)
    if len(set(names)) < len(names):
        return None
    dtypes = tuple(np.dtype(NUMPY[each.datatype]) for each in signature.inputs)
    return Columns(names=names, dtypes=dtypes, common=np.result_type(*dtypes))
