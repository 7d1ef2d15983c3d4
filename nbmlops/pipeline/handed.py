"""Handed values that a condition or a list of items names: numbers, text and lists, read without executing anything.

value = plain_value(manifest, "accuracy", lambda held: (folder / held.file).read_bytes())
"""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from typing import Any

from nbmlops.errors import NotFoundError, StateError
from nbmlops.pipeline.handoff import Held, Manifest

LARGEST_BYTES = 16_000_000
_NUMPY = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("scalar", "_reconstruct")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
}
"""What a pickle of plain values and numbers of NumPy may name: nothing of it runs code of a user's."""


def plain_value(manifest: Manifest, name: str, data: Callable[[Held], bytes]) -> Any:
    """The value that a step gave under this name. `data` reads the file of a bundle.

    Raises NotFoundError where it gave none, and StateError for one that is more than numbers, text and lists of them.
    """
    held = next((each for each in manifest.held if name in each.names), None)
    if held is None:
        raise NotFoundError(f"Step {manifest.step} did not give {name}.", kind="handoff-missing", name=name)
    if held.size > LARGEST_BYTES:
        raise _unfit(manifest, name, f"it has {held.size:,} bytes")
    try:
        value = _read(held.format, data(held))
    except (ValueError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError) as error:
        raise _unfit(manifest, name, f"it is kept as {held.format}") from error
    try:
        return _plain(value if len(held.names) == 1 else value[name])
    except TypeError as error:
        raise _unfit(manifest, name, str(error)) from error


def _unfit(manifest: Manifest, name: str, why: str) -> StateError:
    return StateError(
        f"{name} of step {manifest.step} is more than numbers, text and lists of them: {why}.",
        kind="value-not-plain",
        hint="Name a plain value in `when` and `foreach`, such as float(score) or list(names).",
    )


def _read(format: str, data: bytes) -> Any:
    if format == "json":
        return json.loads(data)
    if format == "scalar":
        held = json.loads(data)
        if held["dtype"][1] in "Mm":
            raise ValueError("a time")
        return held["value"]
    if format == "npy":
        import numpy

        return numpy.load(io.BytesIO(data), allow_pickle=False)
    if format == "pickle":
        return _Plain(io.BytesIO(data)).load()
    raise ValueError(format)


def _plain(value: Any) -> Any:
    """Arrays and numbers of NumPy as Python has them."""
    if value is None or isinstance(value, bool | int | float | str):
        return getattr(value, "item", lambda: value)()  # numpy.float64 is a float, too
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return _plain(value.tolist())
    raise TypeError(f"it is a {type(value).__name__}")


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _NUMPY:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")
