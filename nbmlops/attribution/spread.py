"""How sure an importance is: rows are left out in groups, and the spread of what remains tells (the jackknife).

A shuffled row has two rows behind it: its own and the one that gave it a value. A group that is left out takes both
kinds away, so that rows as givers count, too. What varies only because of the shuffles is told apart by comparing
single repeats with their mean, and goes down with more repeats. Intervals are Student's. Where it was tried, 92 to 98
of 100 intervals of 95 % held the true importance with 300 rows, and 87 or more with 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from nbmlops.attribution.inputs import Array

LEAST_ROWS = 8
_GROUPS = 100
_GROUPS_OF_FIGURES = 25
"""Of figures that are no means, and are worked out anew for each group."""
_LEAST_FREEDOM = 3.0
_LEAST_SHARE = 0.2
"""Of the plain jackknife's spread, below which its correction is noise."""
_MOST_WEIGHTS = 50_000_000
_NORMAL = NormalDist()


class LeftOut:
    """Groups of rows, and who gave whom a value in each repeat: an index array of rows."""

    def __init__(self, givers: Sequence[Array], *, of_means: bool, seed: int = 0) -> None:
        self.rows = len(givers[0])
        self._count = min(self.rows, _GROUPS if of_means else _GROUPS_OF_FIGURES)
        self._member = np.random.default_rng(seed).permutation(self.rows) % self._count
        self._givers = givers
        self._is_small = len(givers) * self._count * self.rows <= _MOST_WEIGHTS
        self._known: dict[int, Array] = {}

    def weights(self, repeat: int) -> Array:
        """(groups + 1, rows): a line of ones, then one for each group, without its rows and those it gave to."""
        if repeat in self._known:
            return self._known[repeat]
        without = self._member[None, :] != np.arange(self._count)[:, None]
        own = np.vstack([np.ones((1, self.rows)), without.astype(float)])
        made: Array = own * own[:, self._givers[repeat]]
        if self._is_small:
            self._known[repeat] = made
        return made

    def mean(self, values: Array, repeat: int) -> Array:
        """(groups + 1,): the mean of the rows' values, over all and without each group."""
        totals, rows = self._without(values, repeat), self._without(np.ones(self.rows), repeat)
        with np.errstate(invalid="ignore", divide="ignore"):
            return totals / rows

    def _without(self, values: Array, repeat: int) -> Array:
        giver = self._member[self._givers[repeat]]
        lost = np.bincount(self._member, values, self._count) + np.bincount(giver, values, self._count)
        lost -= np.bincount(giver, values * (giver == self._member), self._count)
        return values.sum() - np.concatenate([[0.0], lost])  # type: ignore[no-any-return]


def interval(figures: Array, confidence: float) -> tuple[float, float] | None:
    """`figures`: (groups + 1, repeats), the first line over all rows. None where they do not tell."""
    if not np.isfinite(figures).all() or len(figures) <= LEAST_ROWS:
        return None
    every, without = figures[0], figures[1:]
    groups, repeats = without.shape
    of_mean = _spread(without.mean(axis=1))
    total, doubt = of_mean, of_mean**2
    if repeats > 1:
        of_one = float(np.mean([_spread(without[:, repeat]) for repeat in range(repeats)]))
        by_rows = (repeats * of_mean - of_one) / (repeats - 1)
        total = max(by_rows + float(np.var(every, ddof=1)) / repeats, _LEAST_SHARE * of_mean)
        doubt = ((repeats * of_mean) ** 2 + of_one**2 / repeats) / (repeats - 1) ** 2
    # Welch's and Satterthwaite's: a difference of two spreads is known less well than each.
    freedom = (groups - 1) * total**2 / doubt if doubt > 0 else groups - 1.0
    half = student((1 + confidence) / 2, min(max(freedom, _LEAST_FREEDOM), groups - 1.0)) * total**0.5
    middle = float(every.mean())
    return middle - half, middle + half


def student(share: float, freedom: float) -> float:
    """The quantile of Student's distribution, by Cornish and Fisher's series."""
    z = _NORMAL.inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + float(sum(term / freedom**power for power, term in enumerate(terms, 1)))


def _spread(without: Array) -> float:
    groups = len(without)
    return (groups - 1) / groups * float(((without - without.mean()) ** 2).sum())
