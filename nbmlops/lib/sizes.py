"""Sizes as people write them.

>>> bytes_of("2 GiB")
2147483648
>>> size_shown(2147483648)
'2 GiB'
"""

from __future__ import annotations

import re

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT]i?)?B?\s*")


def bytes_of(text: str) -> int:
    """Raises ValueError for what is no size."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no size")
    unit = match[2] or ""
    step = 1024 if unit.endswith("i") else 1000
    return int(float(match[1]) * step ** ("KMGT".index(unit[0].upper()) + 1 if unit else 0))


def size_shown(size: int) -> str:
    """The largest unit that needs no long fraction."""
    for step, mark in ((1024, "iB"), (1000, "B")):
        for power in range(4, 0, -1):
            number = size / step**power
            if number >= 1 and number == round(number, 1):
                return f"{number:g} {'KMGT'[power - 1]}{mark}"
    return f"{size:,} bytes"
