"""Something that is wrong with data or with a model, as it is told, kept and acted upon."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that does not hold."""

    kind: str
    """drift, quality, performance, traffic, missing-labels..."""
    subject: str
    """A column, a metric, the deployment itself."""
    message: str
    """In a sentence, with the figures."""
    severity: Severity = Severity.WARNING
    value: float | None = None
    limit: float | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that has begun or ended: told once each."""

    time: datetime
    deployment: str
    finding: Finding
    is_over: bool = False
