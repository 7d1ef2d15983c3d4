"""The profile of a table, or of many parts of one, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from nbmlops.model.profile import Column, Kind, Profile
from nbmlops.profile.distinct import DistinctSketch, hashes_of_numbers
from nbmlops.profile.pending import Pending
from nbmlops.profile.sketch import NumberSketch
from nbmlops.profile.texts import TextSketch
from nbmlops.profile.values import Found, Values, values_of


def profile_of(table: Any, *, source: str = "") -> Profile:
    """Of a DataFrame or an Arrow table."""
    profiler = Profiler()
    profiler.add(table)
    return profiler.profile(source=source)


class Profiler:
    """Parts of one table; columns may be missing from some of them."""

    def __init__(self) -> None:
        self._columns: dict[str, ColumnProfiler] = {}
        self._pending = Pending()
        self._seen = 0
        self.rows = 0

    def add(self, table: Any) -> None:
        """A DataFrame or an Arrow table."""
        self.rows += len(table)
        for each in self._pending.add(table):
            self._take(each)

    def profile(self, *, source: str = "") -> Profile:
        for each in self._pending.taken():
            self._take(each)
        return Profile(rows=self.rows, columns=tuple(each.column() for each in self._columns.values()), source=source)

    def _take(self, table: Any) -> None:
        for name, values in _columns(table):
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = ColumnProfiler(name, self._seen)
            column.add(values)
        self._seen += len(table)
        for column in self._columns.values():
            column.fill(self._seen)


class ColumnProfiler:
    def __init__(self, name: str, missing: int = 0) -> None:
        self._name = name
        self._rows = self._missing = missing
        self._dtypes: Counter[str] = Counter()
        self._counts: Counter[Kind] = Counter()
        self._numbers: dict[Kind, NumberSketch] = {}
        self._texts: TextSketch | None = None
        self._distinct = DistinctSketch()
        self._zone = ""

    def add(self, values: Any) -> None:
        found: Found = values_of(values)
        self._rows += found.rows
        self._missing += found.missing
        self._dtypes[found.dtype] += found.rows
        for part in found.parts:
            self._counts[part.kind] += len(part)
            self._take(part)

    def fill(self, rows: int) -> None:
        """Rows of parts that did not have it."""
        self._missing += rows - self._rows
        self._rows = rows

    def column(self) -> Column:
        ranked = self._counts.most_common()
        kind: Kind = ranked[0][0] if ranked else "empty"
        texts = self._texts.texts() if self._texts is not None and kind == "category" else None
        return Column(
            name=self._name,
            kind="text" if texts is not None else kind,
            dtype=self._dtypes.most_common(1)[0][0] if self._dtypes else "",
            rows=self._rows,
            missing=self._missing,
            distinct=self._distinct.count,
            hashes=tuple(self._distinct.hashes.tolist()),
            numbers=self._numbers[kind].numbers() if kind in self._numbers else None,
            categories=self._texts.categories() if self._texts is not None and kind == "category" else None,
            texts=texts,
            mixed=sum(count for _, count in ranked[1:]),
            zone=self._zone,
        )

    def _take(self, part: Values) -> None:
        if part.numbers is not None:
            self._numbers.setdefault(part.kind, NumberSketch()).add(part.numbers)
            self._distinct.add(hashes_of_numbers(part.numbers))
            self._zone = part.zone or self._zone
            return
        if self._texts is None:
            self._texts = TextSketch()
        different = self._texts.add(part.texts)
        names = np.asarray(different.to_numpy(zero_copy_only=False), object)
        # Deterministic, whatever the process: SipHash with a key that pandas fixes.
        self._distinct.add(np.asarray(pd.util.hash_array(names, categorize=False), np.uint64))


def _columns(table: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(table, pa.Table | pa.RecordBatch):
        seen: Counter[str] = Counter()
        for name, values in zip(table.schema.names, table.columns, strict=True):
            yield _once(name, seen), values
        return
    seen = Counter()
    for place, name in enumerate(table.columns):
        yield _once(str(name), seen), table.iloc[:, place]


def _once(name: str, seen: Counter[str]) -> str:
    """A second column of a name gets a number."""
    seen[name] += 1
    return name if seen[name] == 1 else f"{name}.{seen[name] - 1}"
