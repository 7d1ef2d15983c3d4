"""Whether a mean has left its limit, asked after each value and never too often.

A test by betting: a gambler who may bet against "the mean is at most the limit" has a wealth that is a martingale
while that is true, and so exceeds 1/alpha with a probability of at most alpha, however often one looks (Ville, 1939).
Bets are a handful of fixed ones, held together (Waudby-Smith and Ramdas, "Estimating means of bounded random variables
by betting", JRSS B, 2024). A small part of the capital is put in at each value, so that a change that comes late is
found about as fast as an early one (after Shin, Ramdas and Rinaldo, "E-detectors", 2022, with weights that sum to one:
the bound holds for ever, not per run length). What is kept between looks is one number for each bet, and how many
values were seen.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from nbmlops.model.monitoring import Alarm

ALPHA = 0.01
_BETS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.55, 0.8)
"""Shares of the capital that a value may cost."""
_FIRST = 10.0
"""Weights of the n-th value fall as 1/((n + 10) log(n + 10)^2)."""
_NOTHING = -1e300
"""The logarithm of no capital, as JSON can hold it."""
Array = np.ndarray[Any, np.dtype[Any]]


def begin(limit: float) -> Alarm:
    """Values lie between 0 and 1; raised once their mean is above `limit`, which lies between 0 and below 1."""
    if not 0 <= limit < 1:
        raise ValueError(f"a limit of {limit} cannot be exceeded")
    return Alarm(limit=limit, wealth=(_NOTHING,) * len(_BETS))


def see(alarm: Alarm, values: Array, *, alpha: float = ALPHA) -> Alarm:
    """After these values, in their order. It stays raised once it was, also where later values are better."""
    if not len(values):
        return alarm
    factors = np.log(_factors(np.asarray(values, dtype=float), alarm.limit))
    grown = np.cumsum(factors, axis=0)
    count = len(grown)
    put_in = _weights(alarm.seen, count)
    # Wealth after n values: what it was times all factors, and each later stake times those that came after it.
    stakes = np.logaddexp.accumulate(put_in[:, None] - (grown - factors), axis=0)
    wealth = grown + np.logaddexp(stakes, np.array(alarm.wealth)[None, :])
    held = np.logaddexp.reduce(wealth, axis=1) - math.log(len(_BETS))
    return msgspec.structs.replace(
        alarm,
        seen=alarm.seen + count,
        wealth=tuple(float(each) for each in wealth[-1]),
        is_raised=alarm.is_raised or bool((held >= -math.log(alpha)).any()),
    )


def see_counts(alarm: Alarm, ones: int, zeros: int, *, alpha: float = ALPHA) -> Alarm:
    """The same of values that are 0 or 1 and came together, as a router counts them: one step."""
    if ones + zeros <= 0:
        return alarm
    pair = np.log(_factors(np.array([1.0, 0.0]), alarm.limit))
    grown = ones * pair[0] + zeros * pair[1]
    wealth = grown + np.logaddexp(_weights(alarm.seen, 1)[0], np.array(alarm.wealth))
    held = float(np.logaddexp.reduce(wealth)) - math.log(len(_BETS))
    return msgspec.structs.replace(
        alarm,
        seen=alarm.seen + 1,
        wealth=tuple(float(each) for each in wealth),
        is_raised=alarm.is_raised or held >= -math.log(alpha),
    )


def _factors(values: Array, limit: float) -> Array:
    """What each bet's capital is multiplied by: its mean is at most 1 while the values' is at most the limit."""
    # At most `limit` is lost of a stake of 1; with a limit of nothing, any value above it is proof.
    bets = np.array(_BETS) / max(limit, 1e-9)
    return 1 + bets[None, :] * (np.clip(values, 0.0, 1.0)[:, None] - limit)


def _weights(seen: int, count: int) -> Array:
    """Logarithms of what is put in before each value. All that will ever be is 1."""
    places = np.arange(seen, seen + count) + _FIRST
    # The sum of 1/(x log(x)^2) from 10 on is below its integral from 9.5 on: 1/log(9.5).
    found: Array = math.log(math.log(_FIRST - 0.5)) - np.log(places) - 2 * np.log(np.log(places))
    return found
