"""Values as files: each value in the plainest format that brings back an equal value.

The first format that takes a value writes it: those of plug-ins (entry points `nbmlops.formats`, by name), then ours.
A format may only take a value when reading its file gives an equal one of the same type; everything else is pickled
(cloudpickle, so that classes and functions of a notebook travel).
"""

from __future__ import annotations

import json
import logging
import math
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cloudpickle

from nbmlops import plugins
from nbmlops.errors import IntegrityError
from nbmlops.pipeline import arrow_formats, estimator_formats, torch_formats
from nbmlops.pipeline.parquet import is_plain_table, read_table, write_table
from nbmlops.ports import ValueFormat

logger = logging.getLogger("nbmlops")

PROTOCOL = 5
_DEEPEST_JSON = 20
LEAST_MAPPED = 16_000_000
"""Bytes of an array's file from which on it is mapped into memory instead of read."""
_LARGEST_JSON = 10**300
"""Python refuses to write integers of thousands of digits as decimals."""


@dataclass
class Format:
    """One of ours, as ports.ValueFormat says."""

    name: str
    suffix: str
    takes: Callable[[Any], bool]
    write: Callable[[Any, Path], None]
    read: Callable[[Path], Any]


def store(value: Any, stem: Path) -> tuple[ValueFormat, Path]:
    """Write the value beside `stem`, with the ending of the format that took it. Raises what the last one raises."""
    for format in _taking(value):
        path = stem.with_name(stem.name + format.suffix)
        try:
            format.write(value, path)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        except Exception:
            # Writing runs the value's own code, and plug-ins'.
            path.unlink(missing_ok=True)
            if format.name == LAST.name:
                raise
            continue
        return format, path
    raise AssertionError("the last format takes everything")


def format_for(value: Any) -> ValueFormat:
    return next(_taking(value))


def format_named(name: str) -> ValueFormat:
    """Raises IntegrityError for a name no format has: its plug-in is not here, or it is of a newer version."""
    everything: tuple[ValueFormat, ...] = (*FORMATS, *plugged_in())
    for format in everything:
        if format.name == name:
            return format
    raise IntegrityError(
        f"There is no format {name!r}.",
        kind="format-unknown",
        hint="Install the package that brings it, or upgrade nbmlops.",
    )


@lru_cache(maxsize=1)
def plugin_names() -> tuple[str, ...]:
    """Of formats that other packages bring. Asked before steps are forked: looking takes a while."""
    return plugins.names(plugins.FORMATS)


@lru_cache(maxsize=1)
def plugged_in() -> tuple[ValueFormat, ...]:
    """Formats of other packages. One that cannot be loaded is told of and left out."""
    found = []
    for name in plugin_names():
        try:
            format = plugins.load(plugins.FORMATS, name)
            found.append(format() if isinstance(format, type) else format)
        except Exception as error:  # noqa: BLE001 - a plug-in may fail in any way
            logger.warning("The format %s cannot be used: %s", name, error)
    return tuple(found)


def _taking(value: Any) -> Iterator[ValueFormat]:
    for format in plugged_in():
        try:
            takes = format.takes(value)
        except Exception as error:  # noqa: BLE001
            logger.warning("The format %s does not say whether it takes a value: %s", format.name, error)
            continue
        if takes:
            yield format
    for own in FORMATS:
        if own.takes(value):
            yield own


def _is_exact_json(value: Any, depth: int = 0) -> bool:
    """Whether JSON gives the very same value back: exact types, finite numbers, string keys."""
    kind = type(value)
    if value is None or kind is bool:
        return True
    if kind is int:
        return bool(abs(value) < _LARGEST_JSON)
    if kind is str:
        return _is_unicode(value)
    if kind is float:
        return math.isfinite(value)
    if depth > _DEEPEST_JSON:
        return False
    if kind is list:
        return all(_is_exact_json(item, depth + 1) for item in value)
    if kind is dict:
        return all(
            type(key) is str and _is_exact_json(key) and _is_exact_json(item, depth + 1) for key, item in value.items()
        )
    return False


def _is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold it: halves of characters it cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shares_parts(value: Any, seen: set[int] | None = None) -> bool:
    """Whether one list or dict is reachable twice: JSON would make two of it."""
    seen = set() if seen is None else seen
    if type(value) not in (list, dict):
        return False
    if id(value) in seen:
        return True
    seen.add(id(value))
    return any(_shares_parts(item, seen) for item in (value if type(value) is list else value.values()))


def _write_json(value: Any, path: Path) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def _is_plain_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    if numpy is None or type(value) is not numpy.ndarray:
        return False
    # The file does not say that a record type is aligned.
    return not value.dtype.hasobject and not value.dtype.isalignedstruct


def _write_array(value: Any, path: Path) -> None:
    import numpy

    with path.open("wb") as file:
        numpy.save(file, value, allow_pickle=False)


def _read_array(path: Path) -> Any:
    import numpy

    if path.stat().st_size < LEAST_MAPPED:
        return numpy.load(path, allow_pickle=False)
    # Copy-on-write: what nobody touches is never read, and what somebody changes is changed in this process alone.
    return numpy.asarray(numpy.load(path, allow_pickle=False, mmap_mode="c"))


def _is_plain_scalar(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.generic):
        return False
    kind = value.dtype.kind
    if kind == "U":
        return type(value) is numpy.str_ and _is_unicode(str(value))
    return kind in "biuMm" or (kind == "f" and value.dtype.itemsize <= 8 and bool(numpy.isfinite(value)))


def _write_scalar(value: Any, path: Path) -> None:
    """`{"dtype": "<f4", "value": 0.1}`: for people, and exact."""
    plain = int(value.astype("i8")) if value.dtype.kind in "Mm" else value.item()
    _write_json({"dtype": value.dtype.str, "value": plain}, path)


def _read_scalar(path: Path) -> Any:
    import numpy

    held = json.loads(path.read_text(encoding="utf-8"))
    dtype = numpy.dtype(held["dtype"])
    if dtype.kind in "Mm":
        return numpy.array(held["value"], dtype="i8").view(dtype)[()]
    return numpy.array(held["value"], dtype=dtype)[()]


class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Classes of a notebook travel by name and, for whoever does not define them, by value.

    A step defines again the classes that it uses; what it takes must be instances of these, or isinstance() fails.
    """

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, type) and value.__module__ == "__main__" and "<" not in value.__qualname__:
            return notebook_class, (value.__qualname__, cloudpickle.dumps(value, protocol=PROTOCOL))
        return super().reducer_override(value)


def notebook_class(name: str, data: bytes) -> Any:
    """The class of that name where this notebook defines it, else the one that was sent."""
    found: Any = sys.modules.get("__main__")
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) else pickle.loads(data)


def pickle_to(value: Any, file: Any) -> None:
    """As values are handed over that have no plainer format. `file` has `write`."""
    Pickler(file, protocol=PROTOCOL).dump(value)


def _write_pickle(value: Any, path: Path) -> None:
    with path.open("wb") as file:
        pickle_to(value, file)


def _read_pickle(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)


LAST = Format("pickle", ".pkl", lambda value: True, _write_pickle, _read_pickle)
FORMATS: tuple[Format, ...] = (
    Format("json", ".json", lambda value: _is_exact_json(value) and not _shares_parts(value), _write_json,
           lambda path: json.loads(path.read_text(encoding="utf-8"))),
    Format("scalar", ".json", _is_plain_scalar, _write_scalar, _read_scalar),
    Format("npy", ".npy", _is_plain_array, _write_array, _read_array),
    Format("parquet", ".parquet", is_plain_table, write_table, read_table),
    Format("series", ".parquet", arrow_formats.is_series, arrow_formats.write_series, arrow_formats.read_series),
    Format("arrow", ".arrow", arrow_formats.is_arrow, arrow_formats.write_arrow, arrow_formats.read_arrow),
    Format("polars", ".arrow", arrow_formats.is_polars, arrow_formats.write_polars, arrow_formats.read_polars),
    Format("skops", ".skops", estimator_formats.is_for_skops, estimator_formats.write_skops,
           estimator_formats.read_skops),
    Format("joblib", ".joblib", estimator_formats.is_for_joblib, estimator_formats.write_joblib,
           estimator_formats.read_joblib),
    Format("torch", ".pt", torch_formats.is_for_torch, torch_formats.write_torch, torch_formats.read_torch),
    LAST,
)  # fmt: skip
