"""Name -> adapter, from entry points; ours come in the same way as strangers'."""

from __future__ import annotations

import difflib
from typing import Any

from nbmlops.errors import NotFoundError
from nbmlops.lib.distributions import entry_points

ENGINES = "nbmlops.engines"
COMPILERS = "nbmlops.compilers"
ORCHESTRATORS = "nbmlops.orchestrators"
FORMATS = "nbmlops.formats"
DRIFT_CHECKS = "nbmlops.drift_checks"
FORGES = "nbmlops.forges"


def names(group: str) -> tuple[str, ...]:
    return tuple(sorted({point.name for point in entry_points(group)}))


def load(group: str, name: str) -> Any:
    """The adapter of that name. Raises NotFoundError with near names."""
    for point in entry_points(group):
        if point.name == name:
            return point.load()
    known = names(group)
    near = difflib.get_close_matches(name, known, n=1) or known
    raise NotFoundError(
        f"There is no {group.removeprefix('nbmlops.').removesuffix('s').replace('_', ' ')} {name!r}.",
        kind="plugin-missing",
        hint=f"There is: {', '.join(near)}." if near else "",
    )
