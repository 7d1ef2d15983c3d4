"""What is installed, and which of it brings a top-level module."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import importlib.metadata

_Places = tuple[tuple[str, int], ...]
"""Where modules are looked for, with the times of their last changes."""


class Installed(NamedTuple):
    name: str
    version: str
    distribution: importlib.metadata.Distribution


def distributions() -> tuple[Installed, ...]:
    """The first one of each name, as imports find it. Read once, as long as nothing is installed meanwhile.

    What an interrupted installation has left, without a name, is passed over.
    """
    return _distributions(_places())


def providers() -> Mapping[str, tuple[str, ...]]:
    """Names of distributions by module, as `importlib.metadata.packages_distributions` finds them, ten times as fast:
    that looks for each installed file. Read once, too.
    """
    return _providers(_places())


def entry_points(group: str) -> tuple[importlib.metadata.EntryPoint, ...]:
    """What installed distributions offer of that group. Read once, too."""
    return _entry_points(group, _places())


@lru_cache(maxsize=32)
def _entry_points(group: str, places: _Places) -> tuple[importlib.metadata.EntryPoint, ...]:
    import importlib.metadata

    return tuple(importlib.metadata.entry_points(group=group))


@lru_cache(maxsize=1)
def _distributions(places: _Places) -> tuple[Installed, ...]:
    import importlib.metadata

    found: dict[str, Installed] = {}
    # The package importlib_metadata, once it is imported, finds all of them a second time.
    for distribution in importlib.metadata.distributions():
        try:
            name, version = _stated(distribution)
        except (OSError, ImportError, KeyError):
            continue
        if name:
            found.setdefault(name, Installed(name, version, distribution))
    return tuple(found.values())


def _stated(distribution: importlib.metadata.Distribution) -> tuple[str, str]:
    """Name and version, from the head of its metadata: Python's own parser reads the pages of text after it as well."""
    texts = (distribution.read_text(file) for file in ("METADATA", "PKG-INFO", ""))
    head, _, _ = next(filter(None, texts), "").partition("\n\n")
    found: dict[str, str] = {}
    for line in head.splitlines():
        key, _, value = line.partition(":")
        found.setdefault(key.lower(), value.strip())
    return found.get("name", ""), found.get("version", "")


@lru_cache(maxsize=1)
def _providers(places: _Places) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, _, distribution in _distributions(places):
        for module in set(_modules(distribution)):
            found.setdefault(module, []).append(name)
    return {module: tuple(names) for module, names in found.items()}


def _modules(distribution: importlib.metadata.Distribution) -> Iterator[str]:
    declared = (distribution.read_text("top_level.txt") or "").split()
    if declared:
        yield from declared
        return
    record = distribution.read_text("RECORD")
    files = record.splitlines() if record else map(str, distribution.files or ())
    for line in files:
        # What a wheel puts elsewhere, `../../../bin`, holds no module, and neither does its own description.
        first, slash, _ = line.partition("/")
        module = first if slash else inspect.getmodulename(PurePosixPath(first.partition(",")[0]).name)
        if module and module.isidentifier() and module != "__pycache__":
            yield module


def _places() -> _Places:
    return tuple((place, _changed(place)) for place in sys.path)


def _changed(place: str) -> int:
    try:
        return os.stat(place or ".").st_mtime_ns
    except OSError:
        return 0
