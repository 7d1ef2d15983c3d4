"""The tags of whatever runs now, for MLflow runs that we do not open ourselves. No MLflow in here.

The session registers a callable; a script or step started by us gets the same tags through NBMLOPS_TAGS.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

VARIABLE = "NBMLOPS_TAGS"

_current: Callable[[], dict[str, str]] | None = None


def set_context(tags: Callable[[], dict[str, str]] | None) -> None:
    """Say what gives the current tags; None when tracking ends."""
    global _current
    _current = tags


def current_tags() -> dict[str, str]:
    """Of the session, else of the environment, else none."""
    if _current is not None:
        return {key: str(value) for key, value in _current().items() if value}
    text = os.environ.get(VARIABLE)
    if not text:
        return {}
    return msgspec.json.decode(text, type=dict[str, str])
