"""One type for a column that has another one in each file: that of most of its values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

NUMBER, TRUTH, TEXT, TIME = "numbers", "truth values", "texts", "times"


def together(tables: Sequence[pa.Table]) -> tuple[pa.Table, dict[str, int]]:
    """All rows, with every column that any table has; and how many values of a column are not of its type and have
    become gaps. Columns of lists and the like are left out.
    """
    names = list(dict.fromkeys(name for table in tables for name in table.column_names))
    lost: dict[str, int] = {}
    fields: dict[str, list[pa.Array]] = {}
    for name in names:
        type_ = _type_of([each.column(name) for each in tables if name in each.column_names])
        if type_ is None:
            continue
        chunks = []
        for table in tables:
            if name not in table.column_names:
                chunks.append(pa.nulls(table.num_rows, type_))
                continue
            column = table.column(name)
            made = _as(column, type_)
            if gone := made.null_count - column.null_count:
                lost[name] = lost.get(name, 0) + gone
            chunks += made.chunks
        fields[name] = pa.chunked_array(chunks, type_)
    return pa.table(fields), lost


def kind_of(type_: pa.DataType) -> str:
    """Empty for lists, binary data and columns that hold nothing."""
    if pa.types.is_dictionary(type_):
        return kind_of(type_.value_type)
    if pa.types.is_boolean(type_):
        return TRUTH
    if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return NUMBER
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return TEXT
    return TIME if pa.types.is_timestamp(type_) or pa.types.is_date(type_) else ""


def _type_of(columns: Sequence[pa.ChunkedArray]) -> pa.DataType | None:
    values: Counter[str] = Counter()
    for column in columns:
        if kind := kind_of(column.type):
            # An empty column tells its type, too, where no other does.
            values[kind] += len(column) - column.null_count
    if not values:
        return None
    (kind, _), *_ = values.most_common(1)
    types = {each.type for each in columns if kind_of(each.type) == kind}
    if kind == TEXT:
        return pa.string()
    if kind == TIME:
        return next(iter(types)) if len(types) == 1 else pa.timestamp("us", tz="UTC")
    if kind == TRUTH:
        return pa.bool_()
    if len(types) == 1 and not pa.types.is_decimal(next(iter(types))):
        return next(iter(types))
    if all(pa.types.is_integer(each) and each != pa.uint64() for each in types):
        return pa.int64()
    return pa.float64()


def _as(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    if column.type == type_:
        return column
    try:
        # A number too long for a float is a rounded one, and no gap.
        return column.cast(type_, safe=not (kind_of(column.type) == NUMBER and pa.types.is_floating(type_)))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    kind = kind_of(column.type)
    if kind == TEXT and (pa.types.is_floating(type_) or pa.types.is_integer(type_)):
        looks = pc.match_substring_regex(column, r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$")
        numbers = pc.if_else(looks, pc.utf8_trim_whitespace(column), pa.scalar(None, column.type))
        return numbers.cast(pa.float64()).cast(type_, safe=False)
    return pa.chunked_array([pa.nulls(len(column), type_)], type_)
