"""Two versions of a column -> the bars of a small chart: in the same places, as shares of each version's values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nbmlops.model.difference import Bar

NUMBER_BARS = 16
VALUE_BARS = 8
REST = "…"


def bars_of_numbers(old: Any, new: Any) -> tuple[Bar, ...]:
    """Of two float arrays without NaN. Bars are equally wide from the smallest finite value to the largest; infinite
    values are in none. No bars where there is nothing finite, or only one value."""
    sides = [side[np.isfinite(side)] for side in (old, new)]
    together = np.concatenate(sides)
    if not len(together):
        return ()
    low, high = float(together.min()), float(together.max())
    if low == high or not np.isfinite(high - low):
        return ()
    edges = np.linspace(low, high, NUMBER_BARS + 1)
    counts = [np.histogram(side, bins=edges)[0] / max(len(side), 1) for side in sides]
    return tuple(
        Bar(
            label=f"{edges[n]:.4g} to {edges[n + 1]:.4g}",
            share_before=round(float(a), 6),
            share_after=round(float(b), 6),
        )
        for n, (a, b) in enumerate(zip(*counts, strict=True))
    )


def bars_of_values(old: Mapping[Any, float], new: Mapping[Any, float]) -> tuple[Bar, ...]:
    """Of the shares of each value: the most frequent ones, and the rest in one. Missing ones are left out."""
    names = sorted(
        (name for name in old.keys() | new.keys() if name is not None),
        key=lambda name: (-max(old.get(name, 0.0), new.get(name, 0.0)), str(name)),
    )
    shown, others = names[:VALUE_BARS], names[VALUE_BARS:]
    bars = [
        Bar(
            label=_short(str(name)), share_before=round(old.get(name, 0.0), 6), share_after=round(new.get(name, 0.0), 6)
        )
        for name in shown
    ]
    if others:
        rest = [sum(side.get(name, 0.0) for name in others) for side in (old, new)]
        bars.append(Bar(label=REST, share_before=round(rest[0], 6), share_after=round(rest[1], 6)))
    return tuple(bars)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + REST
