"""What is kept of a table: a small summary of each column that can be merged with others.

Source: issue 8. Numbers keep 257 quantiles: their least, their greatest and 255 between; a merge of n profiles
moves a quantile's rank by at most log2(n)/512 + 1/512 of the rows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

LAYOUT = 1
POINTS = 257
Kind = Literal["number", "category", "text", "datetime", "empty"]
"""`datetime` is kept as numbers: seconds since 1970, UTC. `empty`: no value is known of it."""


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """Finite values."""

    count: int
    mean: float
    deviation: float
    """Standard deviation of the population."""
    low: float
    high: float
    infinite: int = 0
    """Values that are not finite; they are in nothing else here."""
    quantiles: tuple[float, ...] = ()
    """POINTS of them, evenly spaced in rank; those of few values too."""


class Categories(msgspec.Struct, frozen=True, kw_only=True):
    counts: dict[str, int]
    """The most frequent first."""
    other: int = 0
    """Rows of those that are not among them."""


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    lengths: Numbers
    """In characters."""
    words: Categories
    """Lower case; rows that have the word."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: Kind
    dtype: str
    """As the table called it."""
    rows: int
    missing: int = 0
    distinct: int = 0
    """Exact up to 128, estimated above (a relative error of 9 %, one deviation)."""
    hashes: tuple[int, ...] = ()
    """The least 128 of the values' 32-bit hashes: what `distinct` is made of, and merged by."""
    numbers: Numbers | None = None
    categories: Categories | None = None
    texts: Texts | None = None
    mixed: int = 0
    """Values that are of another type than most."""
    zone: str = ""
    """Of datetimes."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    rows: int
    columns: tuple[Column, ...]
    source: str = ""
    """As it was called."""
    first: datetime | None = None
    """When the first of its rows came, where that is known."""
    last: datetime | None = None
    layout: int = LAYOUT

    def column(self, name: str) -> Column | None:
        return next((each for each in self.columns if each.name == name), None)


class ModelProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Of what a model was trained on, and of what it answers to it: `profile.json` among the model's files."""

    inputs: Profile
    """A model that takes an array without names has columns 0, 1, ..."""
    outputs: Profile | None = None
    """Column `prediction`; of several outputs 0, 1, ..."""
    rows: int = 0
    """Of the profile: evenly spread over those that it was trained on."""
    layout: int = LAYOUT
