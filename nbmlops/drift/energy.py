"""The energy distance of two samples of numbers, from 0 (alike) to 1 (apart).

Szekely and Rizzo, "Energy statistics" (2013); in one dimension it is an integral over the squared difference of the
cumulative shares. It weighs tails more than KS does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nbmlops.model.drift import Measure
from nbmlops.model.profile import Kind

LIMIT = 0.1
_RESAMPLED = 200
_MOST_RESAMPLED = 2000
"""Values of each side, from which chance is told."""


class EnergyDistance:
    name = "energy"

    def takes(self, kind: Kind) -> bool:
        return kind == "number"

    def measure(self, before: NDArray[np.float64], now: NDArray[np.float64]) -> Measure:
        """At least its limit only where 19 of 20 exchanges of rows between the two tables give less."""
        value = distance(before, now)
        return Measure(name=self.name, value=value, limit=max(LIMIT, _by_chance(before, now)))


def distance(before: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    """The square root of the energy distance over the greatest that it could be."""
    before, now = np.sort(before), np.sort(now)
    every = np.sort(np.concatenate((before, now)), kind="stable")
    steps = np.diff(every)
    first = np.searchsorted(before, every[:-1], "right") / len(before)
    second = np.searchsorted(now, every[:-1], "right") / len(now)
    apart = float(np.dot((first - second) ** 2, steps))
    # Of values of different samples the mean distance: it bounds the other from above.
    between = float(np.dot(first * (1 - second) + second * (1 - first), steps))
    return float(np.sqrt(apart / between)) if between > 0 else 0.0


def _by_chance(before: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    chance = np.random.default_rng(0)
    sides = [chance.choice(each, min(len(each), _MOST_RESAMPLED), replace=False) for each in (before, now)]
    both, first = np.concatenate(sides), len(sides[0])
    found = []
    for _ in range(_RESAMPLED):
        mixed = chance.permutation(both)
        found.append(distance(mixed[:first], mixed[first:]))
    # Of fewer rows, chance gives more.
    scale = np.sqrt((1 / len(before) + 1 / len(now)) / (1 / first + 1 / (len(both) - first)))
    return float(np.quantile(found, 0.95) * scale)
