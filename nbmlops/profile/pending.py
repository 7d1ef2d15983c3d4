"""Small tables that wait until they are worth a look: a sketch costs the same for a hundred rows as for a thousand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

ENOUGH = 2048
"""Rows that do not wait."""
_MOST_BYTES = 8 << 20


class Pending:
    """Tables of the same columns and types, one after the other."""

    def __init__(self) -> None:
        self._tables: list[Any] = []
        self._rows = self._bytes = 0

    def add(self, table: Any) -> list[Any]:
        """Tables that are to be looked at now, in their order."""
        size = _bytes(table)
        if len(table) >= ENOUGH or size >= _MOST_BYTES:
            return [*self.taken(), table]
        before = [] if not self._tables or _is_alike(self._tables[0], table) else self.taken()
        # A copy: whoever owns a DataFrame may write into it before it is looked at.
        self._tables.append(table.copy() if isinstance(table, pd.DataFrame) else table)
        self._rows += len(table)
        self._bytes += size
        is_enough = self._rows >= ENOUGH or self._bytes >= _MOST_BYTES
        return [*before, *self.taken()] if is_enough else before

    def taken(self) -> list[Any]:
        """All that waits, as one table."""
        tables, self._tables = self._tables, []
        self._rows = self._bytes = 0
        if len(tables) <= 1:
            return tables
        if isinstance(tables[0], pd.DataFrame):
            return [pd.concat(tables, ignore_index=True)]
        if isinstance(tables[0], pa.RecordBatch):
            return [pa.Table.from_batches(tables)]
        return [pa.concat_tables(tables)]


def _is_alike(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, pd.DataFrame):
        return one.columns.equals(other.columns) and list(one.dtypes) == list(other.dtypes)
    return bool(one.schema.equals(other.schema))


def _bytes(table: Any) -> int:
    """Of objects only what points to them."""
    return int(table.memory_usage(index=False).sum()) if isinstance(table, pd.DataFrame) else int(table.nbytes)
