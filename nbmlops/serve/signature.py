"""What a model takes and gives, by its MLmodel file, in the words of the Open Inference Protocol.

Read without MLflow: a service says what it takes before the model is there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from nbmlops.errors import NotFoundError, UsageError

BYTES = "BYTES"
ANY = -1
"""Of a dimension: whatever length."""
_COLUMNS = {
    "boolean": "BOOL",
    "integer": "INT32",
    "long": "INT64",
    "float": "FP32",
    "double": "FP64",
    "string": BYTES,
    "binary": BYTES,
    "datetime": BYTES,
}
NUMPY = {
    "BOOL": "bool",
    **{f"{sign}INT{bits}": f"{sign.lower()}int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)},
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
}
"""Datatype -> numpy's name of it; BYTES has none."""
_DATATYPES = {name: datatype for datatype, name in NUMPY.items()}


class Tensor(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    datatype: str
    shape: tuple[int, ...]
    is_optional: bool = False
    column: str = ""
    """MLflow's name of its type where it is a table's column."""
    is_unnamed: bool = False
    """It is called by its place."""


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    inputs: tuple[Tensor, ...] = ()
    """Empty: the model does not say."""
    outputs: tuple[Tensor, ...] = ()
    has_columns: bool = False
    """It takes a table with these columns; else arrays."""


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What an MLmodel file says."""

    signature: Signature
    platform: str
    """`sklearn`, `xgboost`, ...; `pyfunc` where it names no library."""
    version: str
    """MLflow's id of the model; empty where it has none."""
    flavors: dict[str, Any] = {}
    """As they stand there: by which libraries it can be loaded, and how."""


def describe(folder: Path) -> Described:
    """Raises NotFoundError where there is no MLmodel file, UsageError where it is none."""
    path = folder / "MLmodel"
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no model in {folder}: no file MLmodel.",
            kind="model-missing",
            hint="Name the folder of an MLflow model.",
        ) from None
    except (ValueError, yaml.YAMLError) as error:
        raise _malformed(path, "it is no YAML") from error
    if not isinstance(document, Mapping) or not isinstance(document.get("flavors"), Mapping):
        raise _malformed(path, "it names no flavors")
    signature = document.get("signature") or {}
    if not isinstance(signature, Mapping):
        raise _malformed(path, "its signature is none")
    inputs, has_columns = _tensors(signature.get("inputs"), path, "input")
    outputs, _ = _tensors(signature.get("outputs"), path, "output")
    return Described(
        signature=Signature(inputs=inputs, outputs=outputs, has_columns=has_columns),
        platform=next((str(name) for name in document["flavors"] if name != "python_function"), "pyfunc"),
        version=str(document.get("model_uuid") or ""),
        flavors=dict(document["flavors"]),
    )


def _tensors(text: Any, path: Path, what: str) -> tuple[tuple[Tensor, ...], bool]:
    """And whether they are a table's columns."""
    if not text:
        return (), False
    try:
        fields = json.loads(text) if isinstance(text, str) else text
        if not isinstance(fields, list):
            raise TypeError("no list")
        found = tuple(_tensor(field, f"{what}-{number}") for number, field in enumerate(fields))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _malformed(path, f"its {what}s are none") from error
    return found, bool(fields) and all(field["type"] != "tensor" for field in fields)


def _tensor(field: Mapping[str, Any], unnamed: str) -> Tensor:
    name = str(field.get("name") or unnamed)
    if field["type"] == "tensor":
        spec = field["tensor-spec"]
        shape = tuple(int(length) for length in spec["shape"])
        datatype = _DATATYPES.get(str(spec["dtype"]), BYTES)
        return Tensor(name=name, datatype=datatype, shape=shape, is_unnamed=not field.get("name"))
    # Arrays, objects and maps in a cell have no datatype of their own in the protocol: they travel as JSON.
    return Tensor(
        name=name,
        datatype=_COLUMNS.get(str(field["type"]), BYTES),
        shape=(ANY,),
        is_optional=not field.get("required", True),
        column=str(field["type"]),
    )


def _malformed(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} is no MLmodel file: {why}.", kind="model-malformed", hint="Log the model again.")
