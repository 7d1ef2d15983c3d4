"""All documents of `reconcilers/`: names once, dependencies that there are and that end somewhere."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from nbmlops.errors import IntegrityError, NbmlopsError, UsageError
from nbmlops.lib.files import write_atomic
from nbmlops.lib.version import VERSION
from nbmlops.model.reconciler import Reconciler
from nbmlops.reconcile.shapes import At
from nbmlops.reconcile.spec import load

_FRESH_SECONDS = 0.1
"""A file that has just been written may be written again within one tick of the file system's clock."""
_MOST_FILES = 10_000


class Found(msgspec.Struct, frozen=True, kw_only=True):
    reconcilers: tuple[Reconciler, ...]
    """What those that are refused depend on is here, too. By name."""
    refused: tuple[NbmlopsError, ...] = ()


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was when it was read."""

    time: int
    size: int
    inode: int
    documents: tuple[tuple[int, Reconciler], ...]

    def is_of(self, stat: os.stat_result) -> bool:
        return (self.time, self.size, self.inode) == (stat.st_mtime_ns, stat.st_size, stat.st_ino)


class _Cache(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    files: dict[str, _Kept]


_kept: dict[str, _Kept] = {}
"""In this process, by path."""


def load_all(folder: Path, *, cache: Path | None = None) -> tuple[Reconciler, ...]:
    """By name. `cache` is a file that may go at any time: with it another process need not read them again.

    Raises UsageError for the first document that is none.
    """
    found = load_each(folder, cache=cache)
    if found.refused:
        raise found.refused[0]
    return found.reconcilers


def load_each(folder: Path, *, cache: Path | None = None) -> Found:
    """Those that can be read, and why the others cannot: one that is broken stops no other."""
    refused: list[NbmlopsError] = []
    placed: dict[str, tuple[At, Reconciler]] = {}
    for name, documents in _files(folder, cache, refused):
        for line, spec in documents:
            at = At(name, line, spec.name)
            if spec.name in placed:
                other = placed[spec.name][0]
                refused.append(at.refused(f"{spec.name} stands in {other.place}:{other.line} already"))
            else:
                placed[spec.name] = at, spec
    refused += _dependencies(placed)
    return Found(reconcilers=tuple(placed[name][1] for name in sorted(placed)), refused=tuple(refused))


def in_order(specs: Iterable[Reconciler]) -> tuple[Reconciler, ...]:
    """Each behind those that it depends on, else by name. A circle is cut where it was entered."""
    named = {spec.name: spec for spec in specs}
    ordered: dict[str, Reconciler] = {}
    entered: set[str] = set()
    # By hand: a chain of a thousand is deeper than Python's stack.
    open_ = [(name, False) for name in sorted(named, reverse=True)]
    while open_:
        name, is_done = open_.pop()
        if is_done:
            ordered.setdefault(name, named[name])
        elif name not in entered:
            entered.add(name)
            open_.append((name, True))
            open_ += [(each, False) for each in sorted(named[name].depends_on, reverse=True) if each in named]
    return tuple(ordered.values())


def _files(
    folder: Path, cache: Path | None, refused: list[NbmlopsError]
) -> list[tuple[str, tuple[tuple[int, Reconciler], ...]]]:
    there = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                # A folder, a pipe or a socket is no document, whatever it is called; one that has just gone is none.
                with contextlib.suppress(FileNotFoundError):
                    if entry.name.endswith(".yaml") and entry.is_file():
                        there.append((entry.name, entry.stat()))
    except (FileNotFoundError, NotADirectoryError):
        return []
    kept = _cached(cache) if cache is not None else {}
    found, has_read = [], False
    for name, stat in sorted(there)[:_MOST_FILES]:
        path = folder / name
        known = _kept.get(str(path)) or kept.get(name)
        if known is None or not known.is_of(stat):
            try:
                documents = load(path, name=f"{folder.name}/{name}")
            except (UsageError, NbmlopsError) as error:
                refused.append(error)
                _kept.pop(str(path), None)
                continue
            known = _Kept(time=stat.st_mtime_ns, size=stat.st_size, inode=stat.st_ino, documents=documents)
            has_read = True
        if time.time() - stat.st_mtime > _FRESH_SECONDS:
            _kept[str(path)] = known
        found.append((name, known))
    if cache is not None and has_read:
        _keep(cache, {name: known for name, known in found if str(folder / name) in _kept})
    return [(name, known.documents) for name, known in found]


def _dependencies(placed: Mapping[str, tuple[At, Reconciler]]) -> list[UsageError]:
    refused = []
    for at, spec in placed.values():
        for name in spec.depends_on:
            if name not in placed:
                refused.append(at.refused(f"{spec.name} depends on {name}, which there is not"))
    if not refused and (circle := _circle({name: spec.depends_on for name, (_, spec) in placed.items()})):
        at = placed[circle[0]][0]
        refused.append(at.refused(f"they depend on each other: {', '.join([*circle, circle[0]])}"))
    return refused


def _circle(needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The names of one; empty: there is none."""
    left = {name: set(others) for name, others in needs.items()}
    while free := [name for name, others in left.items() if not others]:
        for name in free:
            del left[name]
        for others in left.values():
            others.difference_update(free)
    if not left:
        return []
    path = [min(left)]
    while (following := min(left[path[-1]])) not in path:
        path.append(following)
    return path[path.index(following) :]


def _cached(path: Path) -> dict[str, _Kept]:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Cache)
    except (OSError, msgspec.MsgspecError, UnicodeError, RecursionError):
        return {}
    return found.files if found.version == VERSION else {}


def _keep(path: Path, files: dict[str, _Kept]) -> None:
    # A cache that cannot be written is no reason to stop.
    with contextlib.suppress(OSError, NbmlopsError, IntegrityError):
        write_atomic(path, msgspec.json.encode(_Cache(version=VERSION, files=files)))
