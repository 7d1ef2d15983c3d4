"""Columns of pandas, and tables of Arrow and polars, as files of Arrow's: each gives back an equal value."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from nbmlops.pipeline.parquet import is_plain_table, read_table, write_table

_COLUMN = "values"


def is_series(value: Any) -> bool:
    """A Series that comes back equal as the only column of a table."""
    pandas = sys.modules.get("pandas")
    if pandas is None or type(value) is not pandas.Series or value.attrs:
        return False
    return type(value.name) in (str, type(None)) and is_plain_table(_as_table(value))


def write_series(value: Any, path: Path) -> None:
    write_table(_as_table(value), path)


def read_series(path: Path) -> Any:
    table = read_table(path)
    name = str(table.columns[0])
    return table[name].rename(None if name == _COLUMN else name.removeprefix(f"{_COLUMN} "))


def _as_table(value: Any) -> Any:
    """A name of the values' own cannot be taken for the index's."""
    return value.to_frame(_COLUMN if value.name is None else f"{_COLUMN} {value.name}")


def is_arrow(value: Any) -> bool:
    pyarrow = sys.modules.get("pyarrow")
    return pyarrow is not None and type(value) is pyarrow.Table


def write_arrow(value: Any, path: Path) -> None:
    import pyarrow.ipc

    with pyarrow.ipc.new_file(path, value.schema) as file:
        file.write_table(value)


def read_arrow(path: Path) -> Any:
    """Its columns lie in the file, which is mapped into memory."""
    import pyarrow.ipc

    return pyarrow.ipc.open_file(pyarrow.memory_map(str(path))).read_all()


def is_polars(value: Any) -> bool:
    polars = sys.modules.get("polars")
    if polars is None or type(value) is not polars.DataFrame:
        return False
    return not any(dtype == polars.Object for dtype in value.dtypes)


def write_polars(value: Any, path: Path) -> None:
    value.write_ipc(path)


def read_polars(path: Path) -> Any:
    import polars

    return polars.read_ipc(path)
