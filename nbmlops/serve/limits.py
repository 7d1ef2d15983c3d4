"""How long a request may take, and how many may wait."""

from __future__ import annotations

import msgspec

SECONDS = 60.0
MOST_WAITING = 1024
MOST_OF_ONE = 512
"""Requests of one caller under way."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    seconds: float = SECONDS
    """That a caller may take to send a request, and the model to answer it."""
    most_waiting: int = MOST_WAITING
    """Requests that wait to be scored with others; further ones are sent away."""
    threads: int = 8
    """In which requests are answered that go MLflow's whole way."""
    most_waiting_for_threads: int = 256
