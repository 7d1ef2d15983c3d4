"""Tensors of the Open Inference Protocol -> what a model takes, and back from what it gives."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from nbmlops.errors import UsageError
from nbmlops.serve.signature import BYTES, NUMPY, Signature, Tensor

_DATATYPES = {name: datatype for datatype, name in NUMPY.items()}


class Given(msgspec.Struct, kw_only=True):
    """A tensor as it is sent."""

    name: str
    shape: tuple[int, ...]
    datatype: str
    data: Any = None
    """Flat, or nested as the shape is; an array already where it came as bytes."""
    parameters: dict[str, Any] = {}


def to_array(given: Given) -> np.ndarray[Any, Any]:
    """Raises UsageError for data that is not what datatype and shape say."""
    if any(length < 0 for length in given.shape):
        raise _refused(given.name, f"no array has the shape {list(given.shape)}")
    count = int(np.prod(given.shape, dtype=object)) if given.shape else 1
    if isinstance(given.data, np.ndarray):
        if given.data.size != count:
            raise _refused(given.name, f"its shape {list(given.shape)} has {count} values, {given.data.size} were sent")
        return given.data.reshape(given.shape)
    try:
        flat = _flat(given.data)
    except RecursionError:
        raise _refused(given.name, "it is nested too deeply") from None
    if len(flat) != count:
        raise _refused(given.name, f"its shape {list(given.shape)} has {count} values, {len(flat)} were sent")
    if given.datatype == BYTES:
        found = np.empty(count, dtype=object)
        found[:] = flat
        return found.reshape(given.shape)
    if given.datatype not in NUMPY:
        known = ", ".join([*NUMPY, BYTES])
        raise _refused(given.name, f"{given.datatype!r} is no datatype: they are {known}")
    return _numbers(given, flat).reshape(given.shape)


def _numbers(given: Given, flat: list[Any]) -> np.ndarray[Any, Any]:
    kind = np.dtype(NUMPY[given.datatype])
    allowed: tuple[type, ...] = (bool,) if kind.kind == "b" else (int,) if kind.kind in "iu" else (int, float)
    types = set(map(type, flat))
    has_gaps = type(None) in types and kind.kind == "f"
    if not types <= {*allowed, *((type(None),) if has_gaps else ())}:
        raise _refused(given.name, f"a value of it is no {given.datatype}")
    try:
        return np.array([np.nan if value is None else value for value in flat] if has_gaps else flat, dtype=kind)
    except OverflowError as error:
        raise _refused(given.name, f"a value of it is too large for {given.datatype}") from error


def _flat(data: Any) -> list[Any]:
    if not isinstance(data, list):
        return [data]
    if not any(isinstance(each, list) for each in data):
        return data
    return [value for each in data for value in _flat(each)]


def to_input(given: Sequence[Given], signature: Signature) -> Any:
    """A table where the model takes columns, one array where it takes one, else arrays by name.

    A table comes as one tensor for each column, or as a single one with a column for each.
    Raises UsageError for tensors that are not those of the signature.
    """
    names = [each.name for each in given]
    if len(set(names)) < len(names):
        raise UsageError("An input is named twice.", kind="input-refused")
    arrays = {each.name: to_array(each) for each in given}
    if not signature.inputs:
        return next(iter(arrays.values())) if len(arrays) == 1 else _table(arrays)
    wanted = [each.name for each in signature.inputs]
    if signature.has_columns:
        if len(arrays) == 1 and set(arrays) != set(wanted):
            (array,) = arrays.values()
            if array.ndim != 2 or array.shape[1] != len(wanted):
                raise _other(names, wanted)
            return _table({name: array[:, place] for place, name in enumerate(wanted)})
        if missing := [name for name in wanted if name not in arrays]:
            raise UsageError(f"Inputs are missing: {', '.join(missing[:10])}.", kind="input-refused")
        return _table(arrays)
    if len(wanted) == 1:
        if len(arrays) != 1:
            raise _other(names, wanted)
        return next(iter(arrays.values()))
    if set(arrays) != set(wanted):
        raise _other(names, wanted)
    return arrays


def _table(columns: Mapping[str, np.ndarray[Any, Any]]) -> Any:
    import pandas as pd

    found = {}
    for name, array in columns.items():
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            raise _refused(name, f"a column has one dimension, not {array.ndim}")
        found[name] = array
    if len({len(array) for array in found.values()}) > 1:
        raise UsageError("The inputs are not of one length.", kind="input-refused")
    return pd.DataFrame(found)


def to_arrays(predicted: Any, expected: Sequence[Tensor]) -> dict[str, np.ndarray[Any, Any]]:
    """Of whatever a model gives, by name: a table's columns, arrays by name, or one array."""
    if hasattr(predicted, "columns") and hasattr(predicted, "dtypes"):
        return {str(name): predicted[name].to_numpy() for name in predicted.columns}
    if isinstance(predicted, Mapping):
        return {str(name): np.asarray(value) for name, value in predicted.items()}
    array = predicted.to_numpy() if hasattr(predicted, "to_numpy") else np.asarray(predicted)
    return {expected[0].name if len(expected) == 1 else "output-0": array}


def to_outputs(predicted: Any, expected: Sequence[Tensor]) -> list[dict[str, Any]]:
    return [output_of(name, array) for name, array in to_arrays(predicted, expected).items()]


def output_of(name: str, array: np.ndarray[Any, Any]) -> dict[str, Any]:
    datatype = _DATATYPES.get(array.dtype.name, BYTES)
    flat = array.ravel().tolist()
    if datatype == BYTES:
        flat = [each if isinstance(each, str) else _text(each) for each in flat]
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": flat}


def _text(value: Any) -> str:
    """Dates, and what is nested in a cell."""
    return json.dumps(value, default=str) if isinstance(value, list | dict) else str(value)


def _other(names: Sequence[str], wanted: Sequence[str]) -> UsageError:
    return UsageError(
        f"The model takes {_listed(wanted)}, not {_listed(names)}.",
        kind="input-refused",
        hint="Ask GET /v2/models/NAME.",
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "") or "nothing"


def _refused(name: str, why: str) -> UsageError:
    return UsageError(f"Input {name[:100]!r} cannot be used: {why}.", kind="input-refused")
