"""Columns of a DataFrame as rules look at them. Of texts and categories, each distinct value is looked at once."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from nbmlops.model.contract import Type
from nbmlops.quality.seen import Array, Seen, empty, of_array, of_objects
from nbmlops.quality.typed import typed

_NUMBERS = frozenset({"integer", "floating", "mixed-integer-float"})
_MANY = 1000
_MOMENTS = frozenset({"datetime", "datetime64", "date"})


class Columns:
    """Of a DataFrame, by place. Of many columns of one kind of numbers pandas itself takes longer than the rules."""

    def __init__(self, table: Any) -> None:
        self._table = table
        dtypes = set(table.dtypes) if table.shape[1] > _MANY else set()
        is_block = len(dtypes) == 1 and all(isinstance(each, np.dtype) and each.kind in "biuf" for each in dtypes)
        self._block: Array | None = table.to_numpy() if is_block and np.float16 not in dtypes else None

    def series(self, place: int) -> Any:
        return self._table.iloc[:, place]

    def seen(self, place: int, type_: Type | None = None) -> Seen:
        if self._block is not None:
            return typed(of_array(self._block[:, place]), type_, numbers=_numbers, moments=_moments)
        return seen_as(self.series(place), type_)


def seen_as(series: Any, type_: Type | None) -> Seen:
    """A column, read as what its contract says."""
    return typed(seen_of(series), type_, numbers=_numbers, moments=_moments)


def seen_of(series: Any) -> Seen:
    import pandas as pd
    from pandas.api import types

    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biufM":
        return of_array(series.to_numpy(np.float64) if dtype == np.float16 else series.to_numpy())
    if isinstance(dtype, pd.DatetimeTZDtype):
        return msgspec.structs.replace(of_array(series.dt.tz_convert(None).to_numpy()), zone="aware")
    if isinstance(dtype, pd.CategoricalDtype):
        return _of_categories(series)
    if isinstance(dtype, pd.StringDtype):
        return _of_texts(series)
    if not isinstance(dtype, np.dtype):
        gaps = series.isna().to_numpy()
        if types.is_bool_dtype(dtype):
            return _masked("boolean", series.to_numpy(bool, na_value=False), gaps)
        if types.is_integer_dtype(dtype):
            name = "uint64" if types.is_unsigned_integer_dtype(dtype) else "int64"
            return _masked("number", series.to_numpy(name, na_value=0), gaps)
        if types.is_float_dtype(dtype):
            return of_array(series.to_numpy(np.float64, na_value=np.nan))
    return _of_objects(series.astype(object))


def _of_objects(series: Any) -> Seen:
    import pandas as pd

    kind = pd.api.types.infer_dtype(series, skipna=True)
    if kind == "string":
        return _of_texts(series)
    gaps = series.isna().to_numpy()
    if kind == "empty":
        return empty(len(series))
    if kind in _NUMBERS and not _has_huge(series):
        return of_array(series.astype(np.float64).to_numpy())
    if kind in _MOMENTS:
        found = pd.to_datetime(series, utc=True, errors="coerce")
        if not (found.isna().to_numpy() & ~gaps).any():
            zones = {getattr(each, "tzinfo", None) is not None for each in series[~gaps]}
            zone = "" if len(zones) > 1 else "aware" if zones == {True} else "naive"
            return msgspec.structs.replace(of_array(found.dt.tz_convert(None).to_numpy()), zone=zone)
    return of_objects(series.to_numpy(), gaps)


def _has_huge(series: Any) -> bool:
    """Integers that no floating-point number holds."""
    try:
        series.astype(np.float64)
    except (OverflowError, TypeError, ValueError):
        return True
    return False


def _of_texts(series: Any) -> Seen:
    import pandas as pd

    codes, distinct = pd.factorize(series)
    missing = codes == -1
    values = np.asarray(distinct, object)
    if not len(values):
        return empty(len(series))
    return Seen(what="text", rows=len(codes), values=values, codes=codes, missing=missing if missing.any() else None)


def _of_categories(series: Any) -> Seen:
    codes = series.cat.codes.to_numpy()
    of_each = seen_of(series.cat.categories.to_series().reset_index(drop=True))
    if not len(of_each.values):
        return empty(len(series))
    missing = codes == -1
    return msgspec.structs.replace(
        of_each,
        rows=len(codes),
        values=of_each.row_values(),
        codes=codes,
        missing=missing if missing.any() else None,
    )


def _masked(what: Any, values: Array, gaps: Array) -> Seen:
    return Seen(what=what, rows=len(values), values=values, missing=gaps if gaps.any() else None)


def _numbers(texts: Array) -> Array:
    import pandas as pd

    found: Array = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(np.float64)
    return found


def _moments(texts: Array) -> Array:
    import pandas as pd

    found = pd.to_datetime(pd.Series(texts, dtype=object), format="ISO8601", utc=True, errors="coerce")
    moments: Array = found.dt.tz_convert(None).to_numpy()
    return moments
