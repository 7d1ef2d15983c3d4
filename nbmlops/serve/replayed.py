"""Requests that are asked once more, to compare revisions."""

from __future__ import annotations

REPLAYED = "replay-"
"""How their numbers begin. They are not kept a second time."""
