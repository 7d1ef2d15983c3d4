"""Which table came from which file, without touching the table.

    frames.remember(df, "data/train.csv")
    frames.named(namespace)               # {"df": "data/train.csv"}

Tables are known by identity and held weakly: a forgotten table is forgotten here too.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from typing import Any

_MOST_TABLES = 2048


class Frames:
    def __init__(self) -> None:
        self._sources: dict[int, tuple[weakref.ref[Any], str]] = {}
        self._lock = threading.Lock()

    def remember(self, table: object, source: str) -> None:
        """`source`: a path as records keep it, a pattern of paths, or an address. What cannot be held weakly is not."""
        if isinstance(table, dict):  # one table per sheet
            for each in list(table.values())[:_MOST_TABLES]:
                if not isinstance(each, dict):
                    self.remember(each, source)
            return
        identity = id(table)

        def forget(gone: weakref.ref[Any]) -> None:
            known = self._sources.get(identity)
            if known is not None and known[0] is gone:
                self._sources.pop(identity, None)

        try:
            held = weakref.ref(table, forget)
        except TypeError:
            return
        with self._lock:
            self._sources[identity] = (held, source)
            while len(self._sources) > _MOST_TABLES:
                self._sources.pop(next(iter(self._sources)))

    def source_of(self, table: object) -> str:
        """Empty when it is not known."""
        known = self._sources.get(id(table))
        return known[1] if known is not None and known[0]() is table else ""

    def named(self, namespace: Mapping[str, object]) -> dict[str, str]:
        """The variables that hold a known table now."""
        if not self._sources:
            return {}
        sources = self._sources
        return {
            name: source
            for name, value in list(namespace.items())
            if id(value) in sources and not name.startswith("_") and (source := self.source_of(value))
        }

    def clear(self) -> None:
        self._sources.clear()
