"""What a model gives, as columns: `prediction`, or `prediction.NAME` where it gives several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from nbmlops.errors import ExternalError
from nbmlops.serve.signature import NUMPY, Signature

PREDICTION = "prediction"
ERROR = "error"


def columns_of(predicted: Any, rows: int) -> dict[str, pa.Array]:
    """Raises ExternalError where there is not one answer for each row, or one that no column can hold."""
    named = _named(predicted)
    found = {}
    for name, values in named.items():
        try:
            array = _array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise ExternalError(
                f"What the model gives is no column: {str(error).splitlines()[0][:200].rstrip('.')}.",
                kind="answer-unwritable",
            ) from error
        if len(array) != rows:
            raise ExternalError(
                f"The model gives {len(array)} answers for {rows} rows.",
                kind="answers-differ",
                hint="It cannot be asked about rows.",
            )
        found[name] = array
    return found


def expected(signature: Signature) -> dict[str, pa.DataType]:
    """The columns of what it gives, for a file without rows."""
    types = [_type(each.datatype) for each in signature.outputs]
    if not types:
        return {PREDICTION: pa.null()}
    if signature.outputs[0].column and len(types) > 1:
        return {f"{PREDICTION}.{each.name}": type for each, type in zip(signature.outputs, types, strict=True)}
    shape = signature.outputs[0].shape
    if len(shape) == 2 and shape[1] > 1:
        return {f"{PREDICTION}.{place}": types[0] for place in range(shape[1])}
    return {PREDICTION: types[0]}


def _type(datatype: str) -> pa.DataType:
    return pa.type_for_alias(NUMPY[datatype]) if datatype in NUMPY else pa.string()


def _named(predicted: Any) -> dict[str, Any]:
    if hasattr(predicted, "columns") and hasattr(predicted, "dtypes"):
        columns = {str(name): predicted.iloc[:, place] for place, name in enumerate(predicted.columns)}
        return _prefixed(columns)
    if isinstance(predicted, Mapping):
        return _prefixed({str(name): values for name, values in predicted.items()})
    if isinstance(predicted, np.ndarray) and predicted.ndim == 2:
        return _prefixed({str(place): predicted[:, place] for place in range(predicted.shape[1])})
    return {PREDICTION: predicted}


def _prefixed(columns: dict[str, Any]) -> dict[str, Any]:
    if len(columns) == 1:
        return {PREDICTION: next(iter(columns.values()))}
    return {f"{PREDICTION}.{name}": values for name, values in columns.items()}


def _array(values: Any) -> pa.Array:
    if isinstance(values, np.ndarray):
        # Further dimensions become lists.
        found = pa.array(np.ascontiguousarray(values) if values.ndim == 1 else values.tolist())
    else:
        found = pa.array(values if hasattr(values, "dtype") or isinstance(values, Sequence) else [values])
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
