"""A pandas table as a Parquet file, where that gives an equal table back."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

CHUNKING_SINCE = 21
"""The first major version of pyarrow that can cut the pages of a parquet file by their content."""


def is_plain_table(value: Any) -> bool:
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
        write_table(value, sink)
        sink.seek(0)
        back = read_table(sink)
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


def write_table(value: Any, path: Path | io.BytesIO) -> None:
    import pyarrow
    import pyarrow.parquet

    more = {}
    if int(pyarrow.__version__.partition(".")[0]) >= CHUNKING_SINCE:
        # Pages end where the values say so: a changed row costs a snapshot a few chunks, not the file.
        more["use_content_defined_chunking"] = True
    pyarrow.parquet.write_table(pyarrow.Table.from_pandas(value), path, compression="zstd", **more)


def read_table(path: Path | io.BytesIO) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path).to_pandas()
