"""What a model takes and gives as JSON Schema, by each protocol, and an example of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbmlops.serve.signature import ANY, BYTES, NUMPY, Signature, Tensor

Schema = dict[str, Any]

_INTEGERS = {
    f"{sign}INT{bits}": (0 if sign else -(1 << bits - 1), (1 << bits - (not sign)) - 1)
    for sign in ("", "U")
    for bits in (8, 16, 32, 64)
}
_COLUMNS: dict[str, Schema] = {
    "string": {"type": "string"},
    "datetime": {"type": "string", "format": "date-time"},
    "binary": {"type": "string", "contentEncoding": "base64"},
    "array": {"type": "array"},
    "object": {"type": "object"},
    "map": {"type": "object"},
}
_EXAMPLES: dict[str, Any] = {"BOOL": False, BYTES: "", "FP16": 0.5, "FP32": 0.5, "FP64": 0.5}


def value(tensor: Tensor) -> Schema:
    """Of one value of it."""
    if tensor.datatype in _INTEGERS:
        least, most = _INTEGERS[tensor.datatype]
        found: Schema = {"type": "integer", "minimum": least, "maximum": most}
    elif tensor.datatype == "BOOL":
        found = {"type": "boolean"}
    elif tensor.datatype != BYTES:
        found = {"type": "number"}
    else:
        found = _COLUMNS.get(tensor.column, {})
    if tensor.is_optional and "type" in found:
        return {**found, "type": [found["type"], "null"]}
    return found


def nested(tensor: Tensor) -> Schema:
    """Of the whole of it, as lists in lists."""
    found = value(tensor)
    for length in reversed(tensor.shape):
        found = {"type": "array", "items": found}
        if length != ANY:
            found |= {"minItems": length, "maxItems": length}
    return found


def mlflow(signature: Signature) -> Schema:
    """Of a request to `/invocations`."""
    params = {"params": {"type": "object"}}
    if signature.has_columns:
        split = {
            "type": "object",
            "properties": {"columns": _header(signature), "data": _rows(signature), "index": {"type": "array"}},
            "required": ["columns", "data"],
        }
        forms = {"dataframe_split": split, "dataframe_records": {"type": "array", "items": _record(signature)}}
        return {"oneOf": [_only(name, form, params) for name, form in forms.items()]}
    inputs = _arrays(signature.inputs)
    return {"oneOf": [_only("inputs", inputs, params), _only("instances", {"type": "array"}, params)]}


def kserve(signature: Signature) -> Schema:
    """Of a request to `/v1/models/NAME:predict`."""
    if signature.has_columns:
        items: Schema = {"oneOf": [_row(signature), _record(signature)]}
    elif len(signature.inputs) == 1 and signature.inputs[0].shape[:1] == (ANY,):
        items = nested(signature.inputs[0])["items"]
    else:
        items = {}
    return _only("instances", {"type": "array", "items": items}, {})


def open_inference(signature: Signature) -> Schema:
    """Of a request to `/v2/models/NAME/infer`."""
    tensors = [_tensor(each) for each in signature.inputs]
    inputs: Schema = {"type": "array", "minItems": 1, "items": {"anyOf": tensors} if tensors else _any_tensor()}
    if signature.has_columns:
        table = _any_tensor()
        table["properties"]["shape"] |= {"minItems": 2, "maxItems": 2}
        required = sum(not each.is_optional for each in signature.inputs)
        by_column = {**inputs, "minItems": max(required, 1), "maxItems": len(tensors)}
        inputs = {"anyOf": [by_column, {"type": "array", "minItems": 1, "maxItems": 1, "items": table}]}
    outputs = {"type": "object", "properties": {"name": {"type": "string"}, "parameters": {"type": "object"}},
               "required": ["name"]}  # fmt: skip
    return {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object"},
            "inputs": inputs,
            "outputs": {"type": "array", "items": outputs},
        },
        "required": ["inputs"],
    }


def inferred(signature: Signature) -> Schema:
    """Of its answer."""
    outputs = [_tensor(each, is_output=True) for each in signature.outputs]
    items = {"anyOf": outputs} if outputs else _any_tensor(is_output=True)
    return {
        "type": "object",
        "properties": {
            "model_name": {"type": "string"},
            "model_version": {"type": "string"},
            "id": {"type": "string"},
            "outputs": {"type": "array", "items": items},
        },
        "required": ["model_name", "outputs"],
    }


def example(signature: Signature) -> dict[str, Any]:
    """A request to `/invocations` for a model that was logged without one; empty where its signature says nothing."""
    if not signature.inputs:
        return {}
    if signature.has_columns:
        names = [each.name for each in signature.inputs]
        return {"dataframe_split": {"columns": names, "data": [[_example(each) for each in signature.inputs]]}}
    arrays = {each.name: _filled(each, each.shape) for each in signature.inputs}
    return {"inputs": next(iter(arrays.values())) if len(arrays) == 1 else arrays}


def _header(signature: Signature) -> Schema:
    required = sum(not each.is_optional for each in signature.inputs)
    # Others may be sent too; they are left out.
    return {
        "type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": required,
        "examples": [[each.name for each in signature.inputs]],
    }  # fmt: skip


def _rows(signature: Signature) -> Schema:
    kinds: list[Schema] = []
    for each in signature.inputs:
        if (kind := value(each)) not in kinds:
            kinds.append(kind)
    return {"type": "array", "items": {"type": "array", "items": kinds[0] if len(kinds) == 1 else {"anyOf": kinds}}}


def _row(signature: Signature) -> Schema:
    values = [value(each) for each in signature.inputs]
    return {"type": "array", "prefixItems": values, "items": False, "minItems": len(values)}


def _record(signature: Signature) -> Schema:
    return {
        "type": "object",
        "properties": {each.name: value(each) for each in signature.inputs},
        "required": [each.name for each in signature.inputs if not each.is_optional],
    }


def _arrays(inputs: Sequence[Tensor]) -> Schema:
    if not inputs:
        return {}
    if len(inputs) == 1:
        return nested(inputs[0])
    names = [each.name for each in inputs]
    return {"type": "object", "properties": {each.name: nested(each) for each in inputs}, "required": names}


def _only(name: str, schema: Schema, further: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {name: schema, **further},
        "required": [name],
        "additionalProperties": False,
    }


def _tensor(tensor: Tensor, *, is_output: bool = False) -> Schema:
    found = _any_tensor(is_output=is_output)
    found["properties"] |= {"name": {"const": tensor.name}, "datatype": {"const": tensor.datatype}}
    items = value(tensor)
    if is_output and tensor.datatype.startswith("FP"):
        items = {"type": ["number", "null"]}
    if tensor.shape != (ANY,):
        lengths = [{"type": "integer", "minimum": 0} if each == ANY else {"const": each} for each in tensor.shape]
        found["properties"]["shape"] = {
            "type": "array", "prefixItems": lengths, "items": False, "minItems": len(lengths),
        }  # fmt: skip
    found["properties"]["data"] = {"type": "array", "items": items} if is_output else {"type": "array"}
    return found


def _any_tensor(*, is_output: bool = False) -> Schema:
    """Data is flat, or nested as the shape is; it lies behind the JSON where a size is told for it."""
    return {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "datatype": {"enum": [*NUMPY, BYTES]},
            "parameters": {"type": "object"},
            "data": {"type": "array"},
        },
        "required": ["name", "shape", "datatype"],
    }


def _filled(tensor: Tensor, shape: Sequence[int]) -> Any:
    if not shape:
        return _example(tensor)
    return [_filled(tensor, shape[1:]) for _ in range(1 if shape[0] == ANY else shape[0])]


def _example(tensor: Tensor) -> Any:
    if tensor.column == "datetime":
        return "2026-01-31T12:00:00"
    return {"array": [], "object": {}, "map": {}}.get(tensor.column, _EXAMPLES.get(tensor.datatype, 1))
