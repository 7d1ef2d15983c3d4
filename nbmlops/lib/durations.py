"""Durations as people write them.

>>> seconds_of("24h"), seconds_of("1h30m"), seconds_of("90")
(86400.0, 5400.0, 90.0)
"""

from __future__ import annotations

import re

_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|sec|s|min|m|h|d|w)")
_LONGEST = 10 * 366 * 86_400.0


def seconds_of(text: str) -> float:
    """A number without a unit is of seconds. Raises ValueError for what is no duration, or longer than ten years."""
    stripped = text.strip()
    place, total = 0, 0.0
    if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", stripped):
        total, place = float(stripped), len(stripped)
    while place < len(stripped) and (match := _PART.match(stripped, place)):
        total += float(match[1]) * _UNITS[match[2]]
        place = match.end()
    if not stripped or place < len(stripped) or total > _LONGEST:
        raise ValueError(f"{text!r} is no duration")
    return total


def lasting(seconds: float) -> str:
    """As people say it, to the unit that matters, rounded up: `40 s`, `25 min`, `4 h`, `3 d`. Never 0."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds > (2 if unit == "d" else 1.5) * size:
            return f"{-int(-seconds // size)} {unit}"
    return f"{max(-int(-seconds // 1), 1)} s"
