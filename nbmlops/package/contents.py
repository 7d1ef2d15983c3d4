"""Which files of a folder belong to which layer.

A layer holds what is in its path, and the folders that lead there; what lies in another entry's path is that entry's,
unless the entry is around this one. Links and devices are left out, and told.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.package.ignore import NAME, SYSTEM_FILES, Ignored
from nbmlops.package.kitfile import NAMES
from nbmlops.package.paths import is_inside


class Item(NamedTuple):
    """A folder or a file of a layer."""

    path: str
    """Relative to the folder that is packed."""
    is_folder: bool
    mode: int
    """Permission bits."""
    size: int
    state: tuple[int, ...]
    """What changes when the file does: device, inode, size, times of content and of entry in ns, mode."""


class Contents(NamedTuple):
    items: tuple[Item, ...]
    """Folders before what is in them, names of each folder in bytewise order."""
    left_out: tuple[str, ...]
    """Links and devices."""


NEVER = frozenset({".git", ".hg", ".svn", ".nbmlops", ".venv", "__pycache__", ".ipynb_checkpoints"})
"""Folders that belong to programs of this machine."""


def contents(
    folder: Path, layer: str, others: Sequence[str], ignored: Ignored, *, never: frozenset[str] = NEVER
) -> Contents:
    """Of the layer with this clean path, among those with the other clean paths, without folders of the names `never`.

    Raises NotFoundError where nothing is at the path, and UsageError where all of it is left out.
    """
    place = folder / layer
    if not os.path.lexists(place):
        raise NotFoundError(
            f"{layer} is not in {folder}.",
            kind="layer-missing",
            hint="Correct its path in the Kitfile.",
            path=layer,
        )
    foreign = [other for other in others if other != layer and not is_inside(layer, other)]
    walk = _Walk(folder, layer, foreign, ignored, never)
    walk.enter("")
    if not any(not item.is_folder for item in walk.items) and not (place.is_dir() and not walk.has_lost):
        raise UsageError(
            f"Nothing of {layer} is left to pack.",
            kind="layer-empty",
            hint=f"Look at {NAME}; links and devices are never packed.",
            path=layer,
        )
    return Contents(tuple(walk.items), tuple(walk.left_out))


class _Walk:
    def __init__(self, folder: Path, layer: str, foreign: list[str], ignored: Ignored, never: frozenset[str]) -> None:
        self.folder = folder
        self.layer = layer
        self.foreign = foreign
        self.ignored = ignored
        self.never = never
        self.items: list[Item] = []
        self.left_out: list[str] = []
        self.has_lost = False
        """Something was there and is not packed."""

    def enter(self, path: str) -> None:
        with os.scandir(self.folder / path) as found:
            entries = sorted(found, key=lambda entry: os.fsencode(entry.name))
        for entry in entries:
            self._take(entry, f"{path}/{entry.name}" if path else entry.name)

    def _take(self, entry: os.DirEntry[str], path: str) -> None:
        on_the_way = is_inside(self.layer, path) and path != self.layer
        if not on_the_way and not is_inside(path, self.layer):
            return
        if any(is_inside(path, other) for other in self.foreign):
            return
        if path == entry.name and (path in NAMES or path == NAME):
            return
        if entry.name.lower() in SYSTEM_FILES:
            return
        if entry.name in self.never and entry.is_dir(follow_symlinks=False):
            self.has_lost = True
            return
        info = entry.stat(follow_symlinks=False)
        is_folder = stat.S_ISDIR(info.st_mode)
        if self.ignored(path):
            self.has_lost = True
            if is_folder and self.ignored.takes_back:
                self._inside(path, info)
            return
        if is_folder:
            self.items.append(_item(path, info))
            self.enter(path)
        elif stat.S_ISREG(info.st_mode):
            self.items.append(_item(path, info))
        else:
            self.has_lost = True
            self.left_out.append(path)

    def _inside(self, path: str, info: os.stat_result) -> None:
        """Of a folder that is left out, only what a later rule takes back; the folder then leads there."""
        count = len(self.items)
        self.enter(path)
        if len(self.items) > count:
            self.items.insert(count, _item(path, info))


def _item(path: str, info: os.stat_result) -> Item:
    return Item(
        path=path,
        is_folder=stat.S_ISDIR(info.st_mode),
        mode=stat.S_IMODE(info.st_mode),
        size=0 if stat.S_ISDIR(info.st_mode) else info.st_size,
        state=(info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_mode),
    )
