"""What changed inside of files and between runs."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nbmlops.model.snapshot import ChangeKind


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """What share of the values is there, before and after, from 0 to 1."""

    label: str
    share_before: float
    share_after: float


class ColumnChange(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a table that is not as it was."""

    name: str
    change: ChangeKind
    type_before: str = ""
    type_after: str = ""
    nulls_before: int = 0
    nulls_after: int = 0
    mean_before: float | None = None
    """Of numbers."""
    mean_after: float | None = None
    cells: int | None = None
    """How many values changed, row by row; None where rows cannot be matched by their position."""
    shift: float = 0.0
    """How far the distribution moved, from 0 to 1: Kolmogorov-Smirnov for numbers, total variation for the rest."""
    bars: tuple[Bar, ...] = ()
    """Its distribution before and after, for a small chart: in ranges for numbers, by value for the rest."""


class TableDiff(msgspec.Struct, frozen=True, kw_only=True):
    rows_before: int
    rows_after: int
    rows_added: int | None
    """Rows without an equal one before; None where the table is too large to tell."""
    rows_removed: int | None
    columns: tuple[ColumnChange, ...]

    @property
    def weight(self) -> float:
        """How much of the table is another one, from 0 to 1."""
        rows = max(self.rows_before, self.rows_after, 1)
        moved = max(self.rows_added or 0, self.rows_removed or 0) / rows
        shift = max((column.shift for column in self.columns), default=0.0)
        reshaped = 1.0 if any(column.change is not ChangeKind.CHANGED for column in self.columns) else 0.0
        return min(1.0, max(moved, shift, reshaped))


class CellChange(msgspec.Struct, frozen=True, kw_only=True):
    """A cell of a notebook that was added, removed or edited."""

    cell: str
    """Its id."""
    change: ChangeKind
    before: str = ""
    after: str = ""

    @property
    def first_line(self) -> str:
        return (self.after or self.before).strip().partition("\n")[0][:80]


class FileDetail(msgspec.Struct, frozen=True, kw_only=True):
    """What changed inside of one file; at most one of the three."""

    path: str
    table: TableDiff | None = None
    cells: tuple[CellChange, ...] = ()
    text: str = ""
    """A unified diff."""


class SuspectKind(StrEnum):
    PARAMETER = "parameter"
    DATA = "data"
    CODE = "code"
    PACKAGE = "package"
    RANDOM = "random"


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may explain why two runs have different figures."""

    kind: SuspectKind
    what: str
    why: str
    weight: float
    """From 0 to 1: a guess, for the order only."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    before: str | float | None
    after: str | float | None


class RunDiff(msgspec.Struct, frozen=True, kw_only=True):
    before: str
    """Name of the run."""
    after: str
    metrics: tuple[Pair, ...]
    params: tuple[Pair, ...]
    """Those that differ."""
    packages: tuple[Pair, ...]
    """Those that differ and that one of the runs imported."""
    cells: tuple[CellChange, ...]
    suspects: tuple[Suspect, ...]
    """The most likely first."""


class LayerChange(msgspec.Struct, frozen=True, kw_only=True):
    """A layer of one of two packages, or of both."""

    kind: str
    path: str
    change: ChangeKind | None
    """None: it is the same."""
    before: int | None = None
    """Size in bytes."""
    after: int | None = None
    digest_before: str = ""
    digest_after: str = ""


class PackageDiff(msgspec.Struct, frozen=True, kw_only=True):
    digest_before: str
    """Of the manifest."""
    digest_after: str
    is_same: bool
    """One digest: not a byte differs."""
    layers: tuple[LayerChange, ...]
    shared_bytes: int
    """Of blobs that are layers of both."""
    new_bytes: int
    """Of blobs that only the later one has: what has to move where the earlier one is."""
    metrics: tuple[Pair, ...] = ()
    """Of the Kitfiles."""
    params: tuple[Pair, ...] = ()
    """Those that differ."""
    fields: tuple[Pair, ...] = ()
    """What else differs in the Kitfiles, by its path: `model.framework`."""
