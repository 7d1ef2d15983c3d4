"""The values of a column by their kind, whatever holds them: pandas, Arrow, NumPy."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nbmlops.model.profile import Kind

_NANOSECONDS = {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0}


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """Of one kind, without those that are missing."""

    kind: Kind
    """number, datetime or category: whether texts are categories shows in the end."""
    numbers: Any = None
    """Array of floats; of datetimes, seconds since 1970, UTC."""
    texts: Any = None
    """Arrow array of strings."""
    zone: str = ""

    def __len__(self) -> int:
        return len(self.numbers if self.numbers is not None else self.texts)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    rows: int
    dtype: str
    parts: tuple[Values, ...] = ()
    """More than one where values of several types are mixed."""

    @property
    def missing(self) -> int:
        return self.rows - sum(len(part) for part in self.parts)


def values_of(column: Any) -> Found:
    """Of a pandas Series, an Arrow array or a NumPy array."""
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return Found(rows=len(column), dtype=str(column.type), parts=_of_arrow(column))
    dtype = column.dtype
    kind = getattr(dtype, "kind", "O")
    if isinstance(dtype, np.dtype) and kind in "fiu":
        return Found(rows=len(column), dtype=str(dtype), parts=_numbers(np.asarray(column)))
    if isinstance(column, np.ndarray):
        array = _arrow(column)
    else:
        array = _arrow(column if not _is_category(dtype) else column.astype(object))
    parts = _mixed(column) if array is None else _of_arrow(array)
    return Found(rows=len(column), dtype=str(dtype), parts=parts)


def _is_category(dtype: Any) -> bool:
    return str(dtype) == "category" and getattr(dtype, "categories", None) is not None and dtype.categories.dtype == "O"


def _arrow(column: Any) -> Any:
    """None where values of several types are mixed."""
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return None


def _of_arrow(array: Any) -> tuple[Values, ...]:
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _of_arrow(array.cast(kind.value_type))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _numbers(_plain(array.cast(pa.float64(), safe=False)))
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _times(array)
    if pa.types.is_null(kind):
        return ()
    if pa.types.is_duration(kind):
        return _numbers(_plain(array.cast(pa.int64()).cast(pa.float64(), safe=False)) * _NANOSECONDS[kind.unit] / 1e9)
    if pa.types.is_boolean(kind):
        texts = pc.if_else(array, "true", "false").drop_null()
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = array.drop_null()
    else:
        return _mixed(array.to_pylist())
    return (Values(kind="category", texts=texts),) if len(texts) else ()


def _plain(array: Any) -> NDArray[np.float64]:
    return np.asarray(array.drop_null().to_numpy(zero_copy_only=False) if array.null_count else array.to_numpy())


def _numbers(values: NDArray[Any]) -> tuple[Values, ...]:
    if values.dtype.kind == "f":
        is_missing = np.isnan(values)
        if is_missing.any():
            values = values[~is_missing]
    return (Values(kind="number", numbers=values.astype(np.float64, copy=False)),) if len(values) else ()


def _times(array: Any) -> tuple[Values, ...]:
    zone = getattr(array.type, "tz", None) or ""
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("s"))
    scale = _NANOSECONDS[array.type.unit] / 1e9
    values = _plain(array.cast(pa.int64()).cast(pa.float64(), safe=False)) * scale
    return (Values(kind="datetime", numbers=values, zone=zone),) if len(values) else ()


def _mixed(values: Any) -> tuple[Values, ...]:
    """Of objects, one by one: numbers as numbers, the rest by its text."""
    import datetime as dates

    numbers: list[float] = []
    times: list[float] = []
    texts: list[str] = []
    for value in values:
        if _is_missing(value):
            continue
        if isinstance(value, bool | np.bool_):
            texts.append("true" if value else "false")
        elif isinstance(value, dates.datetime):
            aware = value if value.tzinfo is not None else value.replace(tzinfo=dates.UTC)
            times.append(aware.timestamp())
        elif isinstance(value, int | float | np.number | Decimal) and not isinstance(
            value, complex | np.complexfloating
        ):
            numbers.append(_float(value))
        else:
            texts.append(_text(value))
    found = []
    if numbers:
        found.append(Values(kind="number", numbers=np.array(numbers, np.float64)))
    if times:
        found.append(Values(kind="datetime", numbers=np.array(times, np.float64)))
    if texts:
        found.append(Values(kind="category", texts=pa.array(texts, pa.large_string())))
    return tuple(found)


def _is_missing(value: Any) -> bool:
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, float | np.floating | Decimal) and bool(value != value)


def _float(value: Any) -> float:
    try:
        return float(value)
    except (OverflowError, ValueError):  # a whole number beyond all floats
        return float("inf") if value > 0 else float("-inf")


def _text(value: Any) -> str:
    """Of whatever it is: never more than a line, and always one that can be written."""
    try:
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    except Exception:  # noqa: BLE001 - of a stranger's class
        text = type(value).__name__
    return text[:200].encode("utf-8", "replace").decode()
