"""What both have in common: times by the clock of whoever answers, and texts of strangers."""

from __future__ import annotations

from datetime import datetime

from nbmlops.lib.json_api import Reply
from nbmlops.lib.said import in_a_line

_MOST = 500


def age(began: datetime | None, reply: Reply) -> float:
    """Seconds between then and the answer, by the clock there; 0 where it does not say."""
    if began is None or reply.date is None or began.tzinfo is None or began.timestamp() <= 0:
        return 0.0
    return max(0.0, (reply.date - began).total_seconds())


def line(text: str) -> str:
    """Somebody else's words."""
    return in_a_line(text, most=_MOST)
