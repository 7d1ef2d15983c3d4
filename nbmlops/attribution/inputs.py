"""The rows that a model is asked about, as a DataFrame or an array, and new rows that are put together of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
_MOST_CELLS = 4_000_000
"""In memory at a time."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a model says of rows."""

    values: Array
    """(rows, outcomes): probabilities of classes, or one value."""
    said: Array | None = None
    """Places of predicted classes; None for values."""


Ask = Callable[[Any], Given]
"""Raises NbmlopsError where the model refuses the rows, or gives no numbers."""


class Inputs:
    """`names`: of an array's columns, which has none itself."""

    def __init__(self, table: Any, names: Sequence[str] = ()) -> None:
        self.table = table
        self.is_array = isinstance(table, np.ndarray)
        self.names = tuple(names) if self.is_array else tuple(str(each) for each in table.columns)
        self._columns: list[Any] = (
            [np.ascontiguousarray(table[:, place]) for place in range(table.shape[1])]
            if self.is_array
            else [table.iloc[:, place].array for place in range(table.shape[1])]
        )
        dtypes = {str(column.dtype) for column in self._columns}
        self._matrix: Array | None = None
        if not self.is_array and len(dtypes) == 1 and table.dtypes.iloc[0].kind in "iufb":
            self._matrix = table.to_numpy()

    def __len__(self) -> int:
        return len(self.table)

    def at(self, places: Array) -> Any:
        """These rows, as the model takes them."""
        if self.is_array:
            return self.table[places]
        return self.table.iloc[places].reset_index(drop=True)

    def values(self, column: int) -> Any:
        """Of a column, in order."""
        return self._columns[column]

    def numbers(self, column: int) -> Array | None:
        """As floats, gaps as NaN; None for a column that holds other things."""
        values = self._columns[column]
        if getattr(values.dtype, "kind", "O") not in "iufb":
            return None
        if isinstance(values, np.ndarray):
            return values.astype(float)
        found: Array = values.to_numpy(dtype=float, na_value=np.nan)
        return found

    def gathered(self, places: Sequence[Array]) -> Any:
        """New rows: each column has an array that says from which row each value comes."""
        count = len(places[0])
        source: Array | None = self.table if self.is_array else self._matrix
        if source is not None:
            made = np.empty((count, len(places)), dtype=source.dtype)
            for column, chosen in enumerate(places):
                made[:, column] = source[chosen, column]
            return made if self.is_array else type(self.table)(made, columns=self.table.columns)
        taken = {column: self._columns[column].take(chosen) for column, chosen in enumerate(places)}
        table = type(self.table)(taken, copy=False)
        table.columns = self.table.columns
        return table

    def mixed(self, members: Sequence[Array], masks: Array, row: int, background: Array) -> Any:
        """For each mask (players) and its background row: the columns of players that are in come from `row`."""
        places: list[Array] = [background] * len(self.names)
        for player, columns in enumerate(members):
            chosen = np.where(masks[:, player], row, background)
            for column in columns:
                places[column] = chosen
        return self.gathered(places)

    def parts(self, count: int, size: int = 1) -> Iterator[slice]:
        """`count` things of `size` rows each, as many at a time as memory should hold."""
        step = max(1, _MOST_CELLS // max(1, size * len(self.names)))
        for start in range(0, count, step):
            yield slice(start, min(start + step, count))


def shown(value: Any) -> str:
    """A value of a table, short."""
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, bool):
        return str(plain)
    if isinstance(plain, float):
        return "missing" if plain != plain else f"{plain:.6g}"
    if plain is None or str(plain) in ("<NA>", "NaT", "nan"):
        return "missing"
    text = " ".join(str(plain).split())
    return text if len(text) <= 60 else f"{text[:59]}…"
