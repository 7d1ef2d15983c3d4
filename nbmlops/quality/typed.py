"""A column read as what its contract says it is. What cannot be is `odd`: it breaks the rule of the type, and is out of
all others.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from nbmlops.model.contract import Type
from nbmlops.quality.seen import Array, Seen

Reading = Callable[[Array], Array]
"""Texts -> numbers, NaN for what is none; or -> moments in UTC, NaT for what is none."""


def numbers_of(texts: Array) -> Array:
    return np.array([_number(each) for each in texts], np.float64)


def moments_of(texts: Array) -> Array:
    return np.array([_moment(each) for each in texts], "datetime64[us]")


def typed(seen: Seen, type_: Type | None, *, numbers: Reading = numbers_of, moments: Reading = moments_of) -> Seen:
    """As it is, where the contract names no type."""
    if seen.what == "empty" or type_ is None:
        return seen
    match type_:
        case Type.INTEGER | Type.NUMBER:
            if seen.what == "text":
                found = _read(seen, numbers, np.isnan, "number")
                # Numbers written as text, all of them: the column is text.
                return found if found.odd is not None else _all_odd(seen)
            return seen if seen.what == "number" else _picked(seen, "number", np.float64)
        case Type.BOOLEAN:
            return seen if seen.what == "boolean" else _picked(seen, "boolean", bool)
        case Type.DATETIME:
            if seen.what == "text":
                zones = {_is_aware(each) for each in _present(seen)}
                read = _read(seen, moments, np.isnat, "moment")
                return msgspec.structs.replace(
                    read, zone="aware" if zones == {True} else "naive" if zones == {False} else ""
                )
            return seen if seen.what == "moment" else _picked(seen, "moment", "datetime64[us]")
        case Type.TEXT:
            return seen if seen.what == "text" else _picked(seen, "text", object)
        case Type.CATEGORY:
            return seen if seen.what == "text" else _as_texts(seen)


def text_of(value: Any) -> str:
    """Of a category: 1.0 is 1, since a gap makes whole numbers floating-point ones."""
    if isinstance(value, float | np.floating) and np.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


def _read(seen: Seen, reading: Reading, is_none: Callable[[Array], Array], what: Any) -> Seen:
    values = seen.values
    if seen.codes is None and seen.missing is not None:
        values = np.where(seen.missing, "", values)
    found = reading(values) if len(values) else reading(np.array([], object))
    odd = seen.by_row(is_none(found), fill=False)
    return _with_odd(msgspec.structs.replace(seen, what=what, values=found), odd)


def _picked(seen: Seen, what: Any, dtype: Any) -> Seen:
    """Those values of several types that are of this one."""
    if seen.what != "mixed":
        return _all_odd(seen, what)
    fits = np.fromiter((_fits(each, what) for each in seen.values), bool, len(seen.values))
    values = np.zeros(len(fits), dtype) if dtype is not object else np.full(len(fits), "", object)
    values[fits] = [_as(each, what) for each in seen.values[fits]]
    odd = seen.by_row(~fits)
    return _with_odd(msgspec.structs.replace(seen, what=what, values=values, zone=""), odd)


def _all_odd(seen: Seen, what: Any = None) -> Seen:
    odd = np.ones(seen.rows, bool) if seen.missing is None else ~seen.missing
    return msgspec.structs.replace(
        seen,
        what="empty",
        values=np.full(seen.rows, None, object),
        codes=None,
        missing=np.ones(seen.rows, bool),
        odd=odd,
    )


def _with_odd(seen: Seen, odd: Array) -> Seen:
    if not odd.any():
        return seen
    return msgspec.structs.replace(seen, odd=odd, missing=odd if seen.missing is None else seen.missing | odd)


def _as_texts(seen: Seen) -> Seen:
    if seen.what == "moment":
        return _all_odd(seen)
    if seen.what == "mixed":
        values = np.array([text_of(each) for each in seen.values], object)
        return msgspec.structs.replace(seen, what="text", values=values)
    distinct, codes = (
        (seen.values, seen.codes) if seen.codes is not None else np.unique(seen.values, return_inverse=True)
    )
    texts = np.empty(len(distinct), object)
    texts[:] = [text_of(each) for each in distinct]
    codes = codes.reshape(-1)
    if seen.missing is not None:
        codes = np.where(seen.missing, -1, codes)
    return msgspec.structs.replace(seen, what="text", values=texts, codes=codes)


def _present(seen: Seen, most: int = 1000) -> list[Any]:
    if seen.codes is not None or seen.missing is None:
        return list(seen.values[:most])
    return list(seen.values[~seen.missing][:most])


def _fits(value: Any, what: str) -> bool:
    if what == "text":
        return isinstance(value, str)
    if what == "boolean":
        return isinstance(value, bool | np.bool_)
    if what == "moment":
        return isinstance(value, datetime | np.datetime64) or hasattr(value, "isoformat")
    is_number = isinstance(value, int | float | np.integer | np.floating) or type(value).__name__ == "Decimal"
    return is_number and not isinstance(value, bool | np.bool_)


def _as(value: Any, what: str) -> Any:
    if what == "number":
        try:
            return float(value)
        except OverflowError:
            return np.inf if value > 0 else -np.inf
    if what == "moment":
        return _moment(value.isoformat() if hasattr(value, "isoformat") else str(value))
    return value


def _number(text: Any) -> float:
    try:
        return float(text) if "_" not in text else np.nan
    except (TypeError, ValueError):
        return np.nan


def _moment(text: Any) -> np.datetime64:
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            found = found.astimezone(UTC).replace(tzinfo=None)
    except (TypeError, ValueError, OverflowError):
        return np.datetime64("NaT")
    return np.datetime64(found, "us")


def _is_aware(text: Any) -> bool | None:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except (TypeError, ValueError):
        return None
