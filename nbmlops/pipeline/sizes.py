"""How many bytes values take when they are handed over, without storing them.

sizes_of({"df": table})     # {"df": 12_000_000}
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nbmlops.pipeline.formats import pickle_to

MOST_BYTES = 1_000_000_000
"""Of a value that has to be pickled to be known; beyond it, counting ends."""


class _Enough(Exception):
    pass


class _Counter:
    """A file that only counts."""

    def __init__(self) -> None:
        self.count = 0

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self.count += size
        if self.count > MOST_BYTES:
            raise _Enough
        return size


def sizes_of(values: Mapping[str, Any]) -> dict[str, int]:
    """Of what cannot be stored, nothing is said."""
    found = {}
    for name, value in values.items():
        size = _size_of(value)
        if size is not None:
            found[name] = size
    return found


def write_sizes(names: Iterable[str], namespace: Mapping[str, Any], path: Path) -> None:
    """Called in the kernel of a measured notebook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sizes_of({name: namespace[name] for name in names if name in namespace})))


def _size_of(value: Any) -> int | None:
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and type(value) is numpy.ndarray and not value.dtype.hasobject:
        return int(value.nbytes)
    if pandas is not None and isinstance(value, pandas.DataFrame):
        return int(value.memory_usage(deep=True).sum())
    counter = _Counter()
    try:
        pickle_to(value, counter)
    except _Enough:
        return counter.count
    except Exception:  # noqa: BLE001 - pickling runs the value's own code
        return None
    return counter.count
