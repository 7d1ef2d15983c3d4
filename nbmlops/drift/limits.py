"""From when on a difference is worth a word."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Effect sizes. A column has drifted when one reaches its limit and chance does not explain it."""

    psi: float = 0.2
    """Population stability index: 0.1 is told to be small, 0.25 large."""
    ks: float = 0.2
    """Kolmogorov-Smirnov: the greatest distance between the two cumulative shares."""
    missing: float = 0.1
    """Difference of the shares of missing values."""
    new: float = 0.05
    """Share of rows with categories that the reference has not."""
    words: float = 0.3
    """Jensen-Shannon distance between the words of texts."""
    alpha: float = 0.05
    """How often a window without drift may be told to have drifted, over all of its columns (Holm)."""
    min_rows: int = 50
    """Of either side; with fewer nothing is said."""
    auc: float = 0.6
    """Of a classifier that tells the two tables apart."""
    reconstruction: float = 0.25
    """Growth of the error with which principal components of the reference give back a row."""


USUAL = Limits()
