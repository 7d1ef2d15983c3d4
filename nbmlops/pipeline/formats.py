"""Values as files: each value in the plainest format that brings back an equal value.

The first format that takes a value writes it. A format may only take a value when reading its file gives an
equal one of the same type; everything else is pickled (cloudpickle, so that classes and functions of a
notebook travel).
"""

from __future__ import annotations

import io
import json
import math
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import msgspec

from nbmlops.errors import IntegrityError

PROTOCOL = 5
_DEEPEST_JSON = 20
_LARGEST_JSON = 10**300
"""Python refuses to write integers of thousands of digits as decimals."""

CHUNKING_SINCE = 21
"""The first major version of pyarrow that can cut the pages of a parquet file by their content."""


class Format(msgspec.Struct, frozen=True):
    name: str
    suffix: str
    takes: Callable[[Any], bool]
    write: Callable[[Any, Path], None]
    read: Callable[[Path], Any]


def format_for(value: Any) -> Format:
    return next(format for format in FORMATS if format.takes(value))


def format_named(name: str) -> Format:
    """Raises IntegrityError for a name no format has: what it stands for was written by a newer version."""
    for format in FORMATS:
        if format.name == name:
            return format
    raise IntegrityError(f"There is no format {name!r}.", kind="format-unknown", hint="Upgrade nbmlops.")


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

    return numpy.load(path, allow_pickle=False)


def _is_plain_table(value: Any) -> bool:
    """A DataFrame that its Parquet file gives back equal: same types, index, column names and attributes.

    The file is made once in memory to know: Parquet widens some types and drops what Arrow itself would keep
    (categories nobody uses, units of time).
    """
    pandas = sys.modules.get("pandas")
    if pandas is None or type(value) is not pandas.DataFrame or value.attrs:
        return False
    if not all(type(name) is str for name in value.columns) or not value.columns.is_unique:
        return False
    if getattr(value.index, "freq", None) is not None:
        return False
    import pyarrow

    sink = io.BytesIO()
    try:
        _write_table(value, sink)
        sink.seek(0)
        back = _read_table(sink)
    except (pyarrow.ArrowException, ValueError, TypeError, OverflowError, KeyError, AttributeError):
        return False
    return bool(
        type(back.index) is type(value.index)
        and back.index.identical(value.index)
        and back.columns.identical(value.columns)
        and all(_is_same_column(back[name], value[name]) for name in value.columns)
    )


def _is_same_column(left: Any, right: Any) -> bool:
    if left.dtype != right.dtype or not left.equals(right):
        return False
    if hasattr(right, "cat"):
        return bool(left.cat.categories.identical(right.cat.categories))
    if right.dtype != object:
        return True
    # `equals` takes None for NaN and an array for a list; only text and None surely come back as they were.
    return all(type(a) is type(b) and type(b) in (str, type(None)) for a, b in zip(left, right, strict=True))


def _write_table(value: Any, path: Path | io.BytesIO) -> None:
    import pyarrow
    import pyarrow.parquet

    more = {}
    if int(pyarrow.__version__.partition(".")[0]) >= CHUNKING_SINCE:
        # Pages end where the values say so: a changed row costs a snapshot a few chunks, not the file.
        more["use_content_defined_chunking"] = True
    pyarrow.parquet.write_table(pyarrow.Table.from_pandas(value), path, compression="zstd", **more)


def _read_table(path: Path | io.BytesIO) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path).to_pandas()


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
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
    _Pickler(file, protocol=PROTOCOL).dump(value)


def _write_pickle(value: Any, path: Path) -> None:
    with path.open("wb") as file:
        pickle_to(value, file)


def _read_pickle(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)


FORMATS: tuple[Format, ...] = (
    Format("json", ".json", lambda value: _is_exact_json(value) and not _shares_parts(value), _write_json,
           lambda path: json.loads(path.read_text(encoding="utf-8"))),
    Format("npy", ".npy", _is_plain_array, _write_array, _read_array),
    Format("parquet", ".parquet", _is_plain_table, _write_table, _read_table),
    Format("pickle", ".pkl", lambda value: True, _write_pickle, _read_pickle),
)  # fmt: skip
