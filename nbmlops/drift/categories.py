"""Counts of names in two samples."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from nbmlops.drift.numbers import chi2_of, of_counts
from nbmlops.model.drift import Shape
from nbmlops.model.profile import Categories

MOST_DRAWN = 8


class CategoryMeasures(msgspec.Struct, frozen=True, kw_only=True):
    chi2: float
    """The statistic, without Yates's correction."""
    freedom: int
    cramers_v: float
    psi: float
    js: float
    new_share: float
    """Of rows now, with names that the reference has not."""
    new: tuple[str, ...]
    """The most frequent of them."""
    rows: tuple[int, int]
    shape: Shape


def measures(before: Categories, now: Categories) -> CategoryMeasures:
    names = list(dict.fromkeys((*before.counts, *now.counts)))
    first, second = _counts(names, before, now), _counts(names, now, before)
    chi2, freedom = chi2_of(first, second)
    psi, js = of_counts(first, second)
    rows = first.sum(), second.sum()
    shares = second / max(1.0, rows[1])
    # Among those of the reference that were not kept by name, there may be a few of each.
    known = first / max(1.0, rows[0])
    new = [place for place, name in enumerate(names) if name not in before.counts and shares[place] > 2 * known[place]]
    unknown = 0.0 if before.other else now.other / max(1.0, rows[1])
    return CategoryMeasures(
        chi2=chi2,
        freedom=freedom,
        cramers_v=float(np.sqrt(chi2 / max(1.0, sum(rows)))),
        psi=psi,
        js=js,
        new_share=float(sum(shares[place] - known[place] for place in new) + unknown),
        new=tuple(names[place] for place in sorted(new, key=lambda place: -shares[place])[:5]),
        rows=(int(rows[0]), int(rows[1])),
        shape=Shape(
            names=tuple(names[:MOST_DRAWN]),
            # The last one is of all others.
            before=tuple(round(share, 5) for share in known[:-1][:MOST_DRAWN].tolist()),
            now=tuple(round(share, 5) for share in shares[:-1][:MOST_DRAWN].tolist()),
        ),
    )


def _counts(names: list[str], side: Categories, opposite: Categories) -> NDArray[np.float64]:
    """Of each name and of all others. A name that was too rare to be kept is taken to be as frequent as on the
    opposite side, as far as its rarity allows.
    """
    counts = np.array([side.counts.get(name, -1) for name in names] + [side.other], np.float64)
    is_absent = counts < 0
    if not side.other:
        counts[is_absent] = 0.0
        return counts
    here = sum(side.counts.values()) + side.other
    there = sum(opposite.counts.values()) + opposite.other
    for place in np.flatnonzero(is_absent).tolist():
        counts[place] = min(min(side.counts.values(), default=0), opposite.counts[names[place]] * here / max(1, there))
    scale = min(1.0, side.other / max(1.0, counts[is_absent].sum()))
    counts[is_absent] *= scale
    counts[-1] = max(0.0, side.other - counts[is_absent].sum())
    return counts
