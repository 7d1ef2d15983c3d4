"""The time, and ids that sort by it."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
_RANDOM_BITS = 80
_lock = threading.Lock()
_last = 0


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    """A 26-character id: 48 bits of milliseconds, then 80 random bits (the layout of a ULID).

    Ids that a process makes later sort later, also within one millisecond and when the clock goes back; two processes
    never make the same one.
    """
    global _last
    with _lock:
        fresh = (time.time_ns() // 1_000_000) << _RANDOM_BITS | int.from_bytes(os.urandom(_RANDOM_BITS // 8), "big")
        # Behind the last one: count on from it, by a random step so that other processes do not meet it.
        number = fresh if fresh > _last else _last + 1 + int.from_bytes(os.urandom(4), "big")
        _last = number
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def made_at(id: str) -> datetime:
    """When an id of `new_id` was made. Raises ValueError when it is not one."""
    if len(id) != 26:
        raise ValueError(f"{id!r} is not an id with a time")
    number = 0
    for letter in id[:10]:
        number = number << 5 | _ALPHABET.index(letter)
    return datetime.fromtimestamp(number / 1000, UTC)
