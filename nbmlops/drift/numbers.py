"""Two samples of numbers, or their profiles: how far one has moved from the other.

Equal to scipy's `ks_2samp`, `wasserstein_distance` and `distance.jensenshannon` where all values are there. PSI and
Jensen-Shannon are over the tenths of the reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nbmlops.model.drift import Shape
from nbmlops.model.profile import Numbers

Floats = NDArray[np.float64]
BINS = 24
_TENTHS = np.linspace(0.0, 1.0, 11)[1:-1]


class NumberMeasures(msgspec.Struct, frozen=True, kw_only=True):
    ks: float
    wasserstein: float
    """In the unit of the values."""
    psi: float
    js: float
    """Distance, to base 2: from 0 to 1."""
    chi2: float
    """Of the tenths, with so many degrees of freedom: what chance says of PSI."""
    freedom: int
    rows: tuple[int, int]
    shape: Shape


def exact(before: Floats, now: Floats) -> NumberMeasures:
    """Of finite values, in any order; none of the two is empty."""
    before, now = np.sort(before), np.sort(now)
    first, second = len(before), len(now)
    edges = np.unique(before[np.minimum((first * _TENTHS).astype(np.int64), first - 1)])
    every = np.concatenate((before, now))
    order = np.argsort(every, kind="stable")  # of two ordered runs: they are merged
    seen = np.cumsum(order >= first, dtype=np.int64)
    distance = np.arange(1, len(every) + 1, dtype=np.float64)
    distance -= seen
    distance /= first
    distance -= seen / second
    np.abs(distance, out=distance)
    with np.errstate(over="ignore"):
        steps = np.diff(every[order])
    # Among equal values only the last one's distance is one.
    ks = float(distance[:-1].max(initial=0.0, where=steps > 0))
    wasserstein = float(np.dot(distance[:-1], steps)) if np.isfinite(steps).all() else float("inf")
    shares = [np.diff(np.searchsorted(side, edges, "right"), prepend=0, append=len(side)) for side in (before, now)]
    psi, js = of_counts(*shares)
    chi2, freedom = chi2_of(*shares)
    return NumberMeasures(
        ks=ks,
        wasserstein=wasserstein,
        psi=psi,
        js=js,
        chi2=chi2,
        freedom=freedom,
        rows=(first, second),
        shape=_shape(
            before[[first // 100, -1 - first // 100]],
            now[[second // 100, -1 - second // 100]],
            _upto(before),
            _upto(now),
        ),
    )


def of_profiles(before: Numbers, now: Numbers) -> NumberMeasures:
    """Within 2 % of what all values would give, where there are a thousand of them."""
    first, second = Cumulative(before), Cumulative(now)
    grid = np.unique(np.concatenate((first.values, second.values)))
    ks = max(
        float(np.abs(first.upto(grid) - second.upto(grid)).max()),
        float(np.abs(first.below(grid) - second.below(grid)).max()),
    )
    with np.errstate(over="ignore", invalid="ignore"):
        wasserstein = float(np.abs(_bin_means(before) - _bin_means(now)).mean())
    quantiles = np.array(before.quantiles)
    edges = np.unique(quantiles[np.rint(_TENTHS * (len(quantiles) - 1)).astype(np.int64)])
    shares = [
        np.diff(each.upto(edges), prepend=0.0, append=1.0) * numbers.count
        for each, numbers in ((first, before), (second, now))
    ]
    psi, js = of_counts(*shares)
    chi2, freedom = chi2_of(*shares)
    return NumberMeasures(
        chi2=chi2,
        freedom=freedom,
        ks=ks,
        wasserstein=max(wasserstein, abs(before.mean - now.mean)),
        psi=psi,
        js=js,
        rows=(before.count, now.count),
        shape=_shape(quantiles[[2, -3]], np.array(now.quantiles)[[2, -3]], first.upto, second.upto),
    )


def _upto(ordered: Floats) -> Callable[[Floats], Floats]:
    return lambda at: np.asarray(np.searchsorted(ordered, at, "right") / len(ordered), np.float64)


def _shape(before: Floats, now: Floats, *upto: Callable[[Floats], Floats]) -> Shape:
    """`before`, `now`: the 1 % and 99 % quantiles; `upto`: the share of values up to some."""
    low, high = float(min(before[0], now[0])), float(max(before[-1], now[-1]))
    if not low < high:
        low, high = low - 0.5, high + 0.5
    edges = low / BINS * np.arange(BINS, -1, -1) + high / BINS * np.arange(BINS + 1)
    shares = [np.diff(each(edges[1:-1]), prepend=0.0, append=1.0) for each in upto]
    return Shape(
        edges=tuple(float(f"{edge:.6g}") for edge in edges.tolist()),
        before=tuple(round(share, 5) for share in shares[0].tolist()),
        now=tuple(round(share, 5) for share in shares[1].tolist()),
    )


def _bin_means(numbers: Numbers) -> Floats:
    """Of the values between two quantiles. What the whole mean says more than the middles lies in the tails."""
    points = np.array(numbers.quantiles)
    means = (points[1:] + points[:-1]) / 2
    tails = np.array([points[1] - points[0], points[-1] - points[-2]])
    rest = numbers.mean * len(means) - means.sum()
    if np.isfinite(rest) and tails.sum() > 0:
        means[[0, -1]] += rest * tails / tails.sum()
        means[[0, -1]] = np.clip(means[[0, -1]], points[[0, -2]], points[[1, -1]])
    return np.asarray(means, np.float64)


class Cumulative:
    """Which share of a profile's values is at most, or below, a value."""

    def __init__(self, numbers: Numbers) -> None:
        quantiles = np.array(numbers.quantiles)
        self.values, first, counts = np.unique(quantiles, return_index=True, return_counts=True)
        last = len(quantiles) - 1
        self._low = first / last
        self._high = (first + counts - 1) / last
        # A value that stands for several quantiles holds half of the steps beside it too.
        self._high[-1] = 1.0

    def upto(self, at: Floats) -> Floats:
        return self._share(at, is_through=True)

    def below(self, at: Floats) -> Floats:
        return self._share(at, is_through=False)

    def _share(self, at: Floats, *, is_through: bool) -> Floats:
        values = self.values
        place = np.searchsorted(values, at, "right") - 1
        inside = np.clip(place, 0, len(values) - 1)
        after = np.minimum(inside + 1, len(values) - 1)
        # Of halves: the distance of the two greatest floats is none.
        width = np.where(after > inside, values[after] / 2 - values[inside] / 2, 1.0)
        part = np.clip((at / 2 - values[inside] / 2) / width, 0.0, 1.0)
        share = self._high[inside] + (self._low[after] - self._high[inside]) * part
        share = np.where(at == values[inside], (self._high if is_through else self._low)[inside], share)
        share = np.where(place < 0, 0.0, share)
        return np.asarray(np.where(at > values[-1], 1.0, share), np.float64)


def of_counts(before: NDArray[Any], now: NDArray[Any]) -> tuple[float, float]:
    """PSI and the Jensen-Shannon distance of counts in the same order. Half a row stands in for none in PSI."""
    before, now = np.asarray(before, np.float64), np.asarray(now, np.float64)
    first, second = before.sum(), now.sum()
    if not first or not second:
        return 0.0, 0.0
    p, q = np.maximum(before, 0.5) / first, np.maximum(now, 0.5) / second
    psi = float(((q - p) * np.log(q / p)).sum())
    p, q = before / first, now / second
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(p > 0, p * np.log2(p / middle), 0.0).sum()
        right = np.where(q > 0, q * np.log2(q / middle), 0.0).sum()
    return psi, float(np.sqrt(max(0.0, (left + right) / 2)))


def chi2_of(before: NDArray[Any], now: NDArray[Any]) -> tuple[float, int]:
    """The statistic of two rows of counts, without Yates's correction, and its degrees of freedom."""
    counts = np.array([before, now], np.float64)
    counts = counts[:, counts.sum(axis=0) > 0]
    rows = counts.sum(axis=1)
    if not rows.all():
        return 0.0, 0
    expected = np.outer(rows, counts.sum(axis=0)) / rows.sum()
    return float(((counts - expected) ** 2 / expected).sum()), max(0, counts.shape[1] - 1)


def chi2_p_value(statistic: float, freedom: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(freedom, statistic)) if freedom else 1.0


def ks_p_value(statistic: float, rows: tuple[int, int]) -> float:
    """By Kolmogorov's limit distribution."""
    from scipy.special import kolmogorov

    return float(kolmogorov(statistic * np.sqrt(rows[0] * rows[1] / (rows[0] + rows[1]))))
