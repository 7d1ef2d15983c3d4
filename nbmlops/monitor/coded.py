"""A column as its different values and, for each row, which of them it has: a million rows are mostly few values."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

Array = np.ndarray[Any, np.dtype[Any]]


class Values(msgspec.Struct, frozen=True, kw_only=True):
    different: tuple[Any, ...]
    """As labels are told: truth values are numbers, whole numbers are whole."""
    codes: Array
    """Of each row its place among them; -1: it has none."""

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: Array) -> Values:
        """Those that do not occur any more are not among the different ones."""
        codes = self.codes[rows]
        present = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(self.different)))
        again = np.full(len(self.different) + 1, -1)
        again[present] = np.arange(len(present))
        return Values(different=tuple(self.different[each] for each in present.tolist()), codes=again[codes])

    @property
    def are_numbers(self) -> bool:
        return all(isinstance(each, int | float) for each in self.different)

    @property
    def numbers(self) -> Array:
        found: Array = np.array([*self.different, np.nan], dtype=float)[self.codes]
        return found

    def as_texts(self) -> Values:
        return Values(different=tuple(str(each) for each in self.different), codes=self.codes)

    def among(self, classes: tuple[Any, ...]) -> Array:
        """Of each row the place of its value among the classes, which have all of them."""
        places = {each: place for place, each in enumerate(classes)}
        found: Array = np.array([places[each] for each in self.different] or [0], dtype=np.int64)[self.codes]
        return found


def values_of(column: pa.ChunkedArray) -> Values:
    """No number (NaN), and what is beyond all numbers, is nothing."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    plain = [plain_of(each) for each in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(len(plain)).to_numpy(zero_copy_only=False).astype(np.int64)
    different = tuple(dict.fromkeys(each for each in plain if each is not None))
    places = {each: place for place, each in enumerate(different)}
    again = np.array([*(-1 if each is None else places[each] for each in plain), -1], dtype=np.int64)
    return Values(different=different, codes=again[codes])


def either(one: Values, other: Values) -> Values:
    """Of each row the value that it has; it has one of them."""
    if not other.different:
        return one
    if not one.different:
        return other
    codes = np.where(one.codes >= 0, one.codes, np.where(other.codes >= 0, other.codes + len(one.different), -1))
    return Values(different=(*one.different, *other.different), codes=codes)


def plain_of(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        if not np.isfinite(value):
            return None
        return int(value) if value.is_integer() else value
    return value if isinstance(value, int | str) or value is None else str(value)
