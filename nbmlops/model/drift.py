"""How far each column of a table has moved from a reference.

Source: issue 8; measures as in scipy 1.17 (`ks_2samp`, `wasserstein_distance`, `chi2_contingency`,
`distance.jensenshannon`), PSI as in Siddiqi, "Credit Risk Scorecards" (2006).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nbmlops.model.profile import Kind


class Verdict(StrEnum):
    DRIFTED = "drifted"
    STABLE = "stable"
    TOO_FEW = "too few"
    """Rows, to say anything."""
    NEW = "new"
    """The reference has no such column."""
    GONE = "gone"
    CHANGED = "changed"
    """Of another kind than in the reference."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """psi, ks, wasserstein (in deviations of the reference), js, chi2 (Cramer's V), missing, new_share, length_ks..."""
    value: float
    limit: float | None = None
    """At or above it the column has drifted; None: it is only told."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """To be drawn: how the rows of both are spread."""

    names: tuple[str, ...] = ()
    """Of categories, the most frequent first; empty for numbers."""
    edges: tuple[float, ...] = ()
    """Of bins of numbers; what is beyond is in the first and the last one."""
    before: tuple[float, ...] = ()
    """Shares of rows."""
    now: tuple[float, ...] = ()


class ColumnDrift(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: Kind
    verdict: Verdict
    measures: tuple[Measure, ...] = ()
    """The one that decides first."""
    p_value: float | None = None
    """A footnote, corrected for the number of columns (Holm): many rows make any difference significant."""
    why: str = ""
    """In a sentence, with units."""
    shape: Shape | None = None
    importance: float | None = None
    """Share of the model's answers that comes from it, where that is known."""

    @property
    def effect(self) -> float:
        """The deciding measure over its limit: 1 and more has drifted."""
        return max((each.value / each.limit for each in self.measures if each.limit), default=0.0)


class Multivariate(msgspec.Struct, frozen=True, kw_only=True):
    """All columns together."""

    name: str
    """domain_classifier (area under the ROC curve that tells the two tables apart), pca (reconstruction error)."""
    value: float
    limit: float
    low: float | None = None
    high: float | None = None
    why: str = ""

    @property
    def has_drifted(self) -> bool:
        return self.value >= self.limit


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    """As it was called."""
    current: str
    reference_rows: int
    current_rows: int
    columns: tuple[ColumnDrift, ...]
    """Worst first."""
    together: tuple[Multivariate, ...] = ()
    is_exact: bool = True
    """From all rows; False: from profiles (within 2 %)."""
    weighted: float | None = None
    """Share of the model's importance that lies in columns that have drifted."""
    notes: tuple[str, ...] = ()

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        return tuple(each for each in self.columns if each.verdict in (Verdict.DRIFTED, Verdict.CHANGED, Verdict.GONE))
