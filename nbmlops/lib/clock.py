"""The time, and ids that sort by it."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    """A 26-character id: 48 bits of milliseconds, then 80 random bits (the layout of a ULID).

    Ids made later sort later; two processes never make the same one.
    """
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
