"""The request that was logged with a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

FILE = "serving_input_example.json"
_MOST_BYTES = 1 << 18


def logged_example(folder: Path) -> Any:
    """None where there is none, or one that is too long to be shown."""
    path = folder / FILE
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        found = msgspec.json.decode(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
