"""Where we keep what is a user's and no project's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "NBMLOPS_HOME"


def user_folder() -> Path:
    """NBMLOPS_HOME, else below the place that the system has for such data."""
    if home := os.environ.get(VARIABLE):
        return Path(home)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "nbmlops"
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "nbmlops"


def user_cache() -> Path:
    """For what can be made again. It need not be there, nor writable."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nbmlops"
