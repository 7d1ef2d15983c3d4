"""Waiting for a descriptor. `select.select` takes none above 1023, and a notebook may hold thousands of files open."""

from __future__ import annotations

import math
import select


def readable(descriptor: int, seconds: float | None) -> bool:
    """Whether there is something to read, or its end, within so many seconds; None: however long it takes."""
    return _ready(descriptor, select.POLLIN, seconds)


def writable(descriptor: int, seconds: float | None) -> bool:
    """Whether it takes something, or is broken, within so many seconds."""
    return _ready(descriptor, select.POLLOUT, seconds)


def _ready(descriptor: int, events: int, seconds: float | None) -> bool:
    poll = select.poll()
    poll.register(descriptor, events)
    return bool(poll.poll(None if seconds is None else max(0, math.ceil(1000 * seconds))))
