"""What the player calls inside the kernel, before and after each cell, unseen by the notebook."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.capture.random_states import restore


def before(states: str, count: int | None) -> None:
    """`states` is a JSON file of random states, or empty."""
    from IPython.core.getipython import get_ipython

    if states:
        restore(msgspec.json.decode(Path(states).read_bytes()))
    if count:
        # So that Out[3] and history mean what they meant.
        get_ipython().execution_count = count


def numbers(names: tuple[str, ...], namespace: dict[str, Any]) -> dict[str, float | str]:
    """Values of scalars by name, numbers as they are, everything else as text; names without a value are left out."""
    found: dict[str, float | str] = {}
    for name in names:
        if name in namespace:
            value = namespace[name]
            found[name] = str(value)
            with contextlib.suppress(TypeError, ValueError):
                found[name] = float(value)
    return found
