"""Functions of other people's modules and classes that are replaced while tracking is on, and put back."""

from __future__ import annotations

import types
from typing import Any


class Patches:
    def __init__(self) -> None:
        self._made: list[tuple[Any, str, Any, Any]] = []
        """Owner, name, original, replacement."""

    def put(self, owner: Any, name: str, original: Any, replacement: Any) -> bool:
        """False where a class does not allow it."""
        try:
            setattr(owner, name, replacement)
        except (AttributeError, TypeError):
            return False
        self._made.append((owner, name, original, replacement))
        return True

    def undo(self) -> None:
        """Everything as it was, but for what somebody else has patched on top."""
        for owner, name, original, replacement in reversed(self._made):
            if owner.__dict__.get(name) is replacement:
                setattr(owner, name, original)
        self._made.clear()

    def names(self) -> tuple[str, ...]:
        """What is replaced now, as `module.function` or `module.Class.method`."""
        return tuple(
            sorted(
                f"{owner.__name__}.{name}"
                if isinstance(owner, types.ModuleType)
                else f"{owner.__module__}.{owner.__qualname__}.{name}"
                for owner, name, _, replacement in self._made
                if owner.__dict__.get(name) is replacement
            )
        )
