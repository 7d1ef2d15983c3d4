"""Functions of other people's modules and classes that are replaced while tracking is on, and put back.

patches.after_import("urllib.request", lambda module: patches.wrap(module, "urlopen", watched))
patches.undo()      # watched(original) gave what stood in its place until here
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from nbmlops.lib.importing import after_import


class Patches:
    def __init__(self) -> None:
        self._made: list[tuple[Any, str, Any, Any]] = []
        """Owner, name, original, replacement."""
        self._cancels: list[Callable[[], None]] = []

    def after_import(self, name: str, patch: Callable[[types.ModuleType], None]) -> None:
        """Call `patch(module)` when the user's code has imported the module, or at once if it has."""
        self._cancels.append(after_import(name, patch))

    def wrap(self, owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
        """Put `wrapper(original)` in the place of what the module or class itself defines.

        Nothing happens where it defines no such function (another version of the library) or is not to be changed.
        """
        original = getattr(owner, "__dict__", {}).get(name)
        if original is None or not callable(original):
            return
        replacement = wrapper(original)
        try:
            setattr(owner, name, replacement)
        except (AttributeError, TypeError):
            return
        self._made.append((owner, name, original, replacement))

    def undo(self) -> None:
        """Everything as it was, but for what somebody else has patched on top; nothing is waited for any more."""
        for cancel in self._cancels:
            cancel()
        self._cancels.clear()
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
