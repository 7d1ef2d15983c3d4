"""Sizes as people write them.

>>> bytes_of("2 GiB")
2147483648
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
