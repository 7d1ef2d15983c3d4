"""Executing again what ran: what to play, what came of it, and how it compares."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from nbmlops.model.documents import Document


class PlayedCell(msgspec.Struct, frozen=True, kw_only=True):
    """One execution to be repeated."""

    execution: str
    """Id of the original one."""
    source: str
    cell_id: str | None = None
    count: int | None = None
    random: dict[str, Any] = {}
    """States of the random generators to begin with; empty: as they are."""
    writes: tuple[str, ...] = ()
    """Names whose values are kept for comparing, where values are wanted."""


class PlayedSession(msgspec.Struct, frozen=True, kw_only=True):
    """One kernel's cells, in order: the spec of a player process."""

    notebook: str
    """Absolute path that the kernel believes to be its notebook's; may not exist."""
    folder: str
    """Absolute working directory."""
    cells: tuple[PlayedCell, ...]
    environment: dict[str, str] = {}
    values: str = ""
    """Folder for the values of each cell; empty: none are kept."""
    wanted: tuple[str, ...] = ()
    """Names of numbers to tell at the end."""


class CellPlayed(msgspec.Struct, frozen=True, kw_only=True):
    """The player's report: a cell begins."""

    cell: int
    total: int
    preview: str


class SessionPlayed(msgspec.Struct, frozen=True, kw_only=True):
    """The player's last report."""

    done: bool
    numbers: dict[str, float | str] = {}
    error: str = ""


class ReplayVerdict(StrEnum):
    REPRODUCED = "REPRODUCED"
    DIFFERS = "DIFFERS"


class ReplayDifference(msgspec.Struct, frozen=True, kw_only=True):
    cell: int
    """Position of the execution among those replayed, from 1; 0 where it is no cell's."""
    what: str
    """`output`, `value x`, `metric accuracy`, `parameter alpha`, `file out.csv`, `outcome`."""
    expected: str
    actual: str
    source: str = ""
    """First line of the cell."""
    counts: bool = True
    """False: told, but no reason to say DIFFERS (what a shell command says of the machine)."""


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay was made of: the run's own, or as it is now."""

    code: str = "run"
    data: str = "run"


class Reproduction(Document, frozen=True, kw_only=True, tag="reproduction"):
    """The outcome of replaying a run."""

    id: str
    run: str
    verdict: ReplayVerdict
    made: datetime
    seconds: float
    sides: Sides = Sides()
    cells: int
    """Executions replayed."""
    left_out: int = 0
    """Executions that were not replayed, as the run does not need them."""
    compared: tuple[str, ...] = ()
    """What was held against each other: `3 metrics`, `11 outputs`."""
    differences: tuple[ReplayDifference, ...] = ()
    """In the order of the cells; the first is where it began."""
    metrics: dict[str, float] = {}
    """Of the replay."""
    notes: tuple[str, ...] = ()
    """What may explain a difference: other packages, inputs that were not seen."""
