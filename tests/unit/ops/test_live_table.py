from __future__ import annotations

import pandas as pd
import polars
import pyarrow as pa
import pytest

from nbmlops.errors import UsageError
from nbmlops.ops.live_table import live_table


def test_tables_of_each_library_are_tables() -> None:
    table = pd.DataFrame({"a": [1, 2]})
    frame = polars.DataFrame({"a": [1, 2]})
    variables = {"a": table, "b": frame, "c": frame.lazy(), "d": pa.table({"a": [1, 2]}), "path": "wines.csv"}
    assert live_table(variables, "a") is table
    for name in "bcd":
        assert live_table(variables, name)["a"].tolist() == [1, 2]
    assert live_table(variables, "absent") is None
    assert live_table(variables, "path") is None


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(UsageError, match="x is a list, and no table"):
        live_table({"x": [1]}, "x")
