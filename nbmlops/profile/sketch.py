"""Quantiles of a stream of numbers in little room: summaries of equal weight, merged two by two.

Each summary holds points that are evenly spaced in rank. Values are gathered until there are `_GATHERED` of them; two
summaries of one level become one of the next. So n values pass log2(n / _GATHERED) merges, each of which moves a rank
by at most 1/(2 * _FINE) of the rows it covers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbmlops.model.profile import POINTS, Numbers

Floats = NDArray[np.float64]
_FINE = 2049
_GATHERED = 1 << 18


class NumberSketch:
    """Of one column. Not for several threads at once."""

    def __init__(self) -> None:
        self.count = 0
        self.infinite = 0
        self._mean = 0.0
        self._squares = 0.0
        self._low, self._high = np.inf, -np.inf
        self._waiting: list[Floats] = []
        self._waits = 0
        self._levels: list[tuple[int, Floats] | None] = []

    def add(self, values: Floats) -> None:
        """Values that are not missing."""
        is_finite = np.isfinite(values)
        if not is_finite.all():
            self.infinite += int(len(values) - np.count_nonzero(is_finite))
            values = values[is_finite]
        if not len(values):
            return
        self._moments(values)
        self._waits += len(values)
        is_enough = self._waits >= _GATHERED
        # What waits is a copy: whoever owns the column may write into it meanwhile.
        self._waiting.append(values if is_enough else values.copy())
        if is_enough:
            self._settle()

    def numbers(self) -> Numbers:
        if not self.count:
            return Numbers(count=0, mean=0.0, deviation=0.0, low=0.0, high=0.0, infinite=self.infinite)
        parts = [each for each in self._levels if each is not None]
        if self._waiting:
            gathered = np.sort(_joined(self._waiting))
            points = _reduced(gathered, POINTS) if not parts else _evenly(gathered, _FINE)
            parts.append((len(gathered), points))
        points = parts[0][1] if len(parts) == 1 else mixed(parts, _FINE)
        points = _reduced(points, POINTS) if len(points) != POINTS else points
        points = points.copy()
        points[0], points[-1] = self._low, self._high
        return Numbers(
            count=self.count,
            mean=self._mean,
            deviation=float(np.sqrt(self._squares / self.count)),
            low=float(self._low),
            high=float(self._high),
            infinite=self.infinite,
            quantiles=rounded(points),
        )

    def _moments(self, values: Floats) -> None:
        """As Chan, Golub and LeVeque (1979) join two groups."""
        count = len(values)
        # Near the greatest float a sum is no longer finite: then it is told as it is.
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(values.mean())
            squares = float(np.square(values - mean).sum())
            step, total = mean - self._mean, self.count + count
            self._squares += squares + step * step * self.count * count / total
            self._mean += step * count / total
        self.count = total
        self._low, self._high = min(self._low, float(values.min())), max(self._high, float(values.max()))

    def _settle(self) -> None:
        gathered = np.sort(_joined(self._waiting))
        self._waiting, self._waits = [], 0
        carried = (len(gathered), _evenly(gathered, _FINE))
        level = 0
        while level < len(self._levels) and (other := self._levels[level]) is not None:
            carried = (carried[0] + other[0], mixed([carried, other], _FINE))
            self._levels[level] = None
            level += 1
        if level == len(self._levels):
            self._levels.append(None)
        self._levels[level] = carried


def rounded(points: Floats) -> tuple[float, ...]:
    """To nine digits: half the room, and no rank moves that anybody could tell."""
    with np.errstate(all="ignore"):
        scale = 10.0 ** (8 - np.floor(np.log10(np.abs(points))))
        short = np.round(points * scale) / scale
    return tuple(np.where(np.isfinite(short), short, points).tolist())


def mixed(parts: list[tuple[int, Floats]], points: int) -> Floats:
    """Quantiles of several groups taken together: (rows, their quantiles, evenly spaced in rank)."""
    total = sum(rows for rows, _ in parts)
    every = np.concatenate([values for _, values in parts])
    weights = np.concatenate([_weights(rows, len(values)) for rows, values in parts])
    order = np.argsort(every, kind="stable")
    every, ranks = every[order], np.cumsum(weights[order])
    ranks -= weights[order] / 2
    return np.asarray(np.interp(np.linspace(0.0, total, points), ranks, every), np.float64)


def _weights(rows: int, count: int) -> Floats:
    """Of each point, in rows: those at the ends stand for half as much."""
    weights = np.full(count, rows / max(1, count - 1))
    if count > 1:
        weights[[0, -1]] /= 2
    else:
        weights[:] = rows
    return weights


def _evenly(ordered: Floats, points: int) -> Floats:
    """At most so many of the ordered values, evenly spaced in rank, the least and the greatest among them."""
    return ordered if len(ordered) <= points else _reduced(ordered, points)


def _reduced(ordered: Floats, points: int) -> Floats:
    """Exactly so many; a value between two neighbours is one of them, so that what is kept has been there."""
    places = np.rint(np.linspace(0, len(ordered) - 1, points)).astype(np.int64)
    return ordered[places]


def _joined(arrays: list[Floats]) -> Any:
    return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
