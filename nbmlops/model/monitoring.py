"""What is seen of a deployment when somebody looks: windows of its requests, figures, rules, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from nbmlops.model.drift import Drift
from nbmlops.model.evaluation import Metric, Slice
from nbmlops.model.finding import Event, Finding
from nbmlops.model.profile import Profile

LAYOUT = 1


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that has to hold, by name: `drift`, `missing`, `accuracy`, `p99`..."""

    name: str
    limit: float
    is_least: bool = False
    """The value has to be at least the limit; else at most."""
    line: int = 0
    """Of nbmlops.toml; 0: it is a default."""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that one revision has answered in a while."""

    revision: str
    start: datetime
    end: datetime
    rows: int
    requests: int = 0
    is_closed: bool = True
    """No more rows will come."""
    p50: float | None = None
    """Seconds that a request has taken."""
    p99: float | None = None
    profile: Profile | None = None
    """Of what was asked and answered; None: there are too few rows."""
    drift: dict[str, float] = {}
    """By column the deciding measure over its limit: 1 and more has drifted."""
    drifted: tuple[str, ...] = ()

    @property
    def worst(self) -> float | None:
        return max(self.drift.values(), default=None)


class Estimated(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that nobody has measured: what it has to be if the model errs as it did on labelled rows."""

    name: str
    value: float
    low: float
    high: float
    method: Literal["cbpe", "dle"]
    rows: int
    """Without labels, that it is of."""
    from_rows: int
    """With labels, that it was learnt from."""


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """How well a revision did in a while, by labels that were told later."""

    revision: str
    start: datetime
    end: datetime
    rows: int
    labelled: int
    delay: float | None = None
    """Seconds from an answer to its label: the median."""
    task: str = ""
    """classification or regression; empty: there are no labels."""
    metrics: tuple[Metric, ...] = ()
    slices: tuple[Slice, ...] = ()
    """The worst first."""
    estimates: tuple[Estimated, ...] = ()

    def metric(self, name: str) -> Metric | None:
        return next((each for each in self.metrics if each.name == name), None)


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """What a revision has answered since the look before, as its router counts."""

    revision: str
    requests: int
    failed: int


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a deployment."""

    deployment: str
    time: datetime
    since: datetime
    width_seconds: float
    confidence: float = 0.95
    reference: str = ""
    """As it was called; empty: there is none yet."""
    rows: int
    """Of all windows."""
    rows_read: int = 0
    """The others were read at looks before."""
    windows: tuple[Window, ...] = ()
    """Oldest first."""
    drift: tuple[tuple[str, Drift], ...] = ()
    """By revision: its newest window that has enough rows."""
    performance: tuple[Performance, ...] = ()
    """Whole revisions, over all that was read."""
    by_window: tuple[Performance, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    findings: tuple[Finding, ...] = ()
    """That go on, also those that this look could not judge."""
    events: tuple[Event, ...] = ()
    """That this look has raised."""
    notes: tuple[str, ...] = ()


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that goes on."""

    since: datetime
    finding: Finding


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """All that a test keeps between looks (monitor/alarm.py)."""

    limit: float
    seen: int = 0
    wealth: tuple[float, ...] = ()
    """Logarithms."""
    until: datetime | None = None
    """Of the newest value that it has seen."""
    is_raised: bool = False


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What a router had counted of a revision."""

    since: datetime
    """When the router began."""
    requests: int
    failed: int


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept between looks."""

    looked: datetime | None = None
    since: datetime | None = None
    """From when on windows have been read."""
    width_seconds: float = 0.0
    windows: tuple[Window, ...] = ()
    """Oldest first, with their profiles."""
    open: tuple[Open, ...] = ()
    alarms: dict[str, Alarm] = {}
    counted: dict[str, Counted] = {}
    """By revision."""
    compared: dict[str, str] = {}
    """By revision a digest of what its windows were compared with, and how."""
    layout: int = LAYOUT
