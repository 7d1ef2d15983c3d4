"""A table that a notebook holds in a variable."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from nbmlops.errors import UsageError


def live_table(variables: Mapping[str, object], name: str) -> Any:
    """As a pandas DataFrame; None where there is no such variable. Raises UsageError for one that is no table."""
    if name not in variables:
        return None
    value: Any = variables[name]
    if isinstance(value, str):  # the name of a file, as in {path}
        return None
    if _is_of("pandas", "DataFrame", value):
        return value
    if _is_of("polars", "DataFrame", value) or _is_of("pyarrow", "Table", value):
        return value.to_pandas()
    if _is_of("polars", "LazyFrame", value):
        return value.collect().to_pandas()
    raise UsageError(
        f"{name} is a {type(value).__name__}, and no table.",
        kind="data-format",
        hint="Name a DataFrame of pandas or polars, or a table of pyarrow.",
    )


def _is_of(module: str, name: str, value: object) -> bool:
    """Without importing the module: nothing is of it that has not."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)
