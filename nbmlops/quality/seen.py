"""A column as rules look at it: plain arrays, whoever brought them. Nothing here needs pandas."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
What = Literal["number", "boolean", "text", "moment", "mixed", "empty"]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    what: What
    rows: int
    values: Array
    """One for each row; with `codes`, the distinct ones. Of missing rows it may be anything."""
    missing: Array | None = None
    """By row; None: nothing is missing."""
    codes: Array | None = None
    """By row, the place of its value among `values`; -1: missing."""
    zone: str = ""
    """Of moments: `aware`, `naive`; empty: some are either."""
    odd: Array | None = None
    """By row: what was to be read as the contract's type and could not. It is missing, too, for all other rules."""

    @property
    def count(self) -> int:
        """Of rows that have a value."""
        return self.rows - (int(self.missing.sum()) if self.missing is not None else 0)

    def by_row(self, found: Array, fill: bool = False) -> Array:
        """What was found of each of `values`, for each row; `fill` where it is missing."""
        if self.codes is not None:
            found = found[self.codes] if len(found) else np.full(self.rows, fill)
        if self.missing is None:
            return found
        return np.where(self.missing, fill, found)

    def row_values(self) -> Array:
        """A value for each row."""
        if self.codes is None:
            return self.values
        if not len(self.values):
            return np.full(self.rows, None, object)
        return self.values[self.codes]


def empty(rows: int, missing: Array | None = None) -> Seen:
    """Nothing is known of any row."""
    return Seen(
        what="empty",
        rows=rows,
        values=np.full(rows, None, object),
        missing=np.ones(rows, bool) if missing is None else missing,
    )


def of_array(array: Array) -> Seen:
    """Of numbers, truth values or moments; NaN and NaT are missing. Of objects: see `of_objects`."""
    rows, kind = len(array), array.dtype.kind
    if kind == "b":
        return Seen(what="boolean", rows=rows, values=array)
    if kind in "iu":
        return Seen(what="number", rows=rows, values=array)
    if kind == "f":
        missing = np.isnan(array)
        return Seen(what="number", rows=rows, values=array, missing=missing if missing.any() else None)
    if kind == "M":
        missing = np.isnat(array)
        return Seen(what="moment", rows=rows, values=array, missing=missing if missing.any() else None, zone="naive")
    return of_objects(array)


def of_objects(array: Array, missing: Array | None = None) -> Seen:
    """By what is in it: texts, numbers, truth values, or several of these. None and NaN are missing."""
    values = np.empty(len(array), object)
    values[:] = array.tolist() if array.dtype.kind in "USO" else list(array)
    if missing is None:
        missing = np.fromiter((each is None or each != each for each in map(_plain, values)), bool, len(values))
    gaps = missing if missing.any() else None
    kinds = {_kind(each) for each, is_gap in zip(values, missing, strict=True) if not is_gap}
    rows = len(values)
    if not kinds:
        return empty(rows)
    if kinds == {"text"}:
        return Seen(what="text", rows=rows, values=values, missing=gaps)
    if len(kinds) == 1 and kinds <= {"number", "boolean"}:
        dtype = bool if kinds == {"boolean"} else np.float64
        whole = np.zeros(rows, dtype)
        whole[~missing] = [_number(each) for each in values[~missing]]
        return Seen(what="number" if dtype is np.float64 else "boolean", rows=rows, values=whole, missing=gaps)
    return Seen(what="mixed", rows=rows, values=values, missing=gaps)


def _plain(value: Any) -> Any:
    """Of arrays and the like a comparison is no truth value."""
    return value if isinstance(value, str | int | float | np.generic) or value is None else 0


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, int | float | np.integer | np.floating) or type(value).__name__ == "Decimal":
        return "number"
    return "other"


def _number(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
