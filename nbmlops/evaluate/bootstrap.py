"""How far figures of some rows may be from those of all rows there could be: the bootstrap, in matrices of counts.

Intervals are BCa: corrected for bias and for how the figure's spread changes with the figure, for which groups of rows
are left out in turn. Two models are drawn on the same rows, so that their difference varies less than either does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist

import msgspec
import numpy as np

from nbmlops.evaluate.metrics import Array, Measure

MOST, LEAST = 1000, 200
_WORK = 50_000_000
"""Rows that are drawn, times figures' cost, beyond which fewer samples are drawn."""
_CHUNK = 2_000_000
"""Counts in memory at a time."""
_GROUPS = 100
_NORMAL = NormalDist()


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: of the rows, of each sample, and of the rows without each group."""

    value: float
    samples: Array
    without: Array

    def less(self, other: Drawn) -> Drawn:
        """The difference of two models that were drawn together."""
        return Drawn(
            value=self.value - other.value, samples=self.samples - other.samples, without=self.without - other.without
        )

    def negative(self) -> Drawn:
        return Drawn(value=-self.value, samples=-self.samples, without=-self.without)


def samples_for(rows: int, cost: int = 1) -> int:
    """How many are drawn. `cost`: of one measuring, in passes over the rows."""
    return max(LEAST, min(MOST, _WORK // max(1, rows * cost)))


def draw(
    measures: Sequence[Measure],
    rows: int,
    *,
    samples: int,
    seed: int = 0,
    told: Callable[[int], None] = lambda done: None,
) -> tuple[dict[str, Drawn], ...]:
    """The figures of each measure, all on the same samples of `rows` rows. `told` of samples that are done."""
    values = [each(np.ones((1, rows))) for each in measures]
    drawn: list[list[dict[str, Array]]] = [[] for _ in measures]
    done = 0
    for weights in _samples(rows, samples, seed):
        for place, each in enumerate(measures):
            drawn[place].append(each(weights))
        done += len(weights)
        told(done)
    without: list[list[dict[str, Array]]] = [[] for _ in measures]
    for weights in _without_groups(rows, seed):
        for place, each in enumerate(measures):
            without[place].append(each(weights))
    return tuple(
        {
            name: Drawn(
                value=float(found[name][0]), samples=_joined(drawn[place], name), without=_joined(without[place], name)
            )
            for name in found
        }
        for place, found in enumerate(values)
    )


def interval(drawn: Drawn, confidence: float) -> tuple[float, float] | None:
    """Two-sided. None where the samples do not tell."""
    tail = (1 - confidence) / 2
    low, high = quantile(drawn, tail), quantile(drawn, 1 - tail)
    return None if low is None or high is None else (low, high)


def quantile(drawn: Drawn, share: float) -> float | None:
    """The bound that the true figure is below with probability `share`. None where the samples do not tell."""
    samples = drawn.samples[np.isfinite(drawn.samples)]
    if not np.isfinite(drawn.value) or len(samples) < max(2, len(drawn.samples) // 2):
        return None
    below = float(np.mean(samples < drawn.value) + np.mean(samples == drawn.value) / 2)
    edge = 1 / (len(samples) + 1)
    bias = _NORMAL.inv_cdf(min(max(below, edge), 1 - edge))
    asked = bias + _NORMAL.inv_cdf(share)
    moved = bias + asked / max(1 - _acceleration(drawn.without) * asked, 0.1)
    return float(np.quantile(samples, _NORMAL.cdf(moved)))


def wilson(hits: float, rows: int, confidence: float) -> tuple[float, float]:
    """The interval of a share: it is right for few rows too, and where none or all are hits."""
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    share, room = hits / rows, z * z / rows
    centre = (share + room / 2) / (1 + room)
    half = z / (1 + room) * ((share * (1 - share) + room / 4) / rows) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def _samples(rows: int, samples: int, seed: int) -> Iterator[Array]:
    chance = np.random.default_rng(seed)
    size = max(1, min(samples, _CHUNK // rows))
    for start in range(0, samples, size):
        count = min(size, samples - start)
        places = chance.integers(0, rows, (count, rows)) + np.arange(count)[:, None] * rows
        yield np.bincount(places.ravel(), minlength=count * rows).reshape(count, rows).astype(float)


def _without_groups(rows: int, seed: int) -> Iterator[Array]:
    groups = min(rows, _GROUPS)
    if groups < 2:
        return
    member = np.random.default_rng(seed).permutation(rows) % groups
    size = max(1, _CHUNK // rows)
    for start in range(0, groups, size):
        left_out = np.arange(start, min(start + size, groups))
        yield (member[None, :] != left_out[:, None]).astype(float)


def _acceleration(without: Array) -> float:
    known = without[np.isfinite(without)]
    if len(known) < 2:
        return 0.0
    moved = known.mean() - known
    spread = float((moved**2).sum())
    # A figure that no row changes has none.
    return float((moved**3).sum()) / (6 * spread**1.5) if spread > 1e-24 else 0.0


def _joined(parts: list[dict[str, Array]], name: str) -> Array:
    return np.concatenate([part[name] for part in parts]) if parts else np.empty(0)
