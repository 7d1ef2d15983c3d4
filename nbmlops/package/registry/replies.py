"""What a registry answers, read without trusting it: it may be deep, endless, or not what it says."""

from __future__ import annotations

import json
from typing import Any

_MOST_DIGITS = 18


def json_of(data: bytes) -> Any:
    """The value; None for what is no JSON, or is nested too deeply to be meant."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def number_of(text: str | None) -> int | None:
    """The number that a header holds; None where it holds none."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None
