"""One column of one of the two tables: of all its values, or of its profile."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from nbmlops.model.profile import Categories, Column, Kind, Numbers, Texts
from nbmlops.profile.texts import TextSketch
from nbmlops.profile.values import values_of


class Side(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    rows: int
    missing: int = 0
    infinite: int = 0
    values: Any = None
    """All finite numbers, as an array; or all texts, as an Arrow array."""
    numbers: Numbers | None = None
    """The same as a profile."""
    categories: Categories | None = None
    texts: Texts | None = None

    @property
    def known(self) -> int:
        return self.rows - self.missing


def side_of_profile(column: Column) -> Side:
    numbers = column.numbers if column.numbers is not None and column.numbers.count else None
    return Side(
        kind=column.kind,
        rows=column.rows,
        missing=column.missing,
        infinite=column.numbers.infinite if column.numbers is not None else 0,
        numbers=numbers,
        categories=column.categories,
        texts=column.texts,
    )


def side_of_values(column: Any) -> Side:
    """Of a pandas Series or an Arrow array."""
    found = values_of(column)
    if not found.parts:
        return Side(kind="empty", rows=found.rows, missing=found.missing)
    part = max(found.parts, key=len)
    if part.numbers is not None:
        is_finite = np.isfinite(part.numbers)
        values = part.numbers if is_finite.all() else part.numbers[is_finite]
        return Side(
            kind=part.kind,
            rows=found.rows,
            missing=found.missing,
            infinite=len(part.numbers) - len(values),
            values=values,
        )
    sketch = TextSketch()
    sketch.add(part.texts)
    texts = sketch.texts()
    return Side(
        kind="text" if texts is not None else "category",
        rows=found.rows,
        missing=found.missing,
        values=part.texts,
        categories=sketch.categories(),
        texts=texts,
    )
