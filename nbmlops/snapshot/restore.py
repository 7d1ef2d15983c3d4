"""A Snapshot -> files. What would be done is decided first; nothing is overwritten unless asked."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path, PurePosixPath

import msgspec

from nbmlops.errors import ConflictError, IntegrityError, NotFoundError
from nbmlops.lib.files import refusing_disk_errors
from nbmlops.model.snapshot import Entry, Reference, Snapshot
from nbmlops.snapshot.references import fetch, is_same
from nbmlops.store.objects import Objects
from nbmlops.store.statcache import StatCache


class Action(StrEnum):
    WRITE = "write"
    KEEP = "keep"
    """Already there with the same bytes."""
    OVERWRITE = "overwrite"
    SKIP = "skip"
    """Lies outside of the project: only restored to a folder that is named."""
    FOLDER = "blocked by a folder"
    FILE = "blocked by a file"
    OUTSIDE = "blocked by a link"


_IN_THE_WAY = {
    Action.FOLDER: "a folder stands there",
    Action.FILE: "a file stands where its folder would be",
    Action.OUTSIDE: "a link leads out of the folder",
}


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    action: Action
    size: int


def plan(
    snapshot: Snapshot, *, target: Path, paths: tuple[str, ...], elsewhere: bool, stats: StatCache
) -> tuple[tuple[Entry, Path, Action], ...]:
    """What restoring would do to each entry. `paths` are files, folders or patterns; empty means all.

    Raises NotFoundError when a path is not in the snapshot.
    """
    wanted = [entry for entry in snapshot.entries if not paths or any(_matches(entry.path, path) for path in paths)]
    for path in paths:
        if not any(_matches(entry.path, path) for entry in snapshot.entries):
            raise NotFoundError(f"The snapshot has no {path}.", kind="path-missing", path=path)
    links = {entry.path for entry in snapshot.entries if entry.link is not None}
    actions = []
    for entry in wanted:
        if any(str(folder) in links for folder in PurePosixPath(entry.path).parents):
            raise _unsafe(entry.path)
        place = _place(entry.path, target, elsewhere)
        if place is None:
            actions.append((entry, Path(entry.path), Action.SKIP))
            continue
        actions.append((entry, place, _action(entry, place, target, stats)))
    return tuple(actions)


def restore(
    actions: tuple[tuple[Entry, Path, Action], ...],
    *,
    objects: Objects,
    root: Path = Path(),
    force: bool,
    progress: Callable[[str], None] = lambda path: None,
) -> tuple[Placed, ...]:
    """Do what the plan says. Each file appears only after its bytes were checked; references to files start at `root`.

    Raises IntegrityError for a reference whose bytes are no longer what was kept. Raises ConflictError before anything
    is written: when files would be overwritten and `force` is not given, and when something stands in the way that
    `force` does not remove.
    """
    blocked = [(place, action) for _, place, action in actions if action in _IN_THE_WAY]
    if blocked:
        place, action = blocked[0]
        raise ConflictError(
            f"{place} cannot be restored: {_IN_THE_WAY[action]}.",
            kind="path-in-the-way",
            hint="Move that away, or restore elsewhere with --to FOLDER.",
            paths=[str(place) for place, _ in blocked],
        )
    clashes = [entry.path for entry, _, action in actions if action is Action.OVERWRITE]
    if clashes and not force:
        more = f" and {len(clashes) - 1} more" if len(clashes) > 1 else ""
        raise ConflictError(
            f"{clashes[0]}{more} would be overwritten: the file there is different.",
            kind="file-exists",
            hint="Overwrite with --force, or restore elsewhere with --to FOLDER.",
            paths=clashes,
        )
    placed = []
    for entry, place, action in actions:
        if action in (Action.WRITE, Action.OVERWRITE):
            _write(entry, place, objects, root)
            progress(entry.path)
        placed.append(Placed(path=entry.path, action=action, size=entry.size))
    return tuple(placed)


def _write(entry: Entry, place: Path, objects: Objects, root: Path) -> None:
    if isinstance(entry.reference, Reference):
        fetch(entry.reference, place, root, executable=entry.executable)
        return
    if entry.link is None:
        objects.restore(entry.digest, place, executable=entry.executable)
        return
    with refusing_disk_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        aside = place.parent / f".nbmlops-{os.urandom(8).hex()}"
        aside.symlink_to(entry.link)
        os.replace(aside, place)


def _place(path: str, target: Path, elsewhere: bool) -> Path | None:
    parts = PurePosixPath(path).parts
    if ".." in parts:
        raise _unsafe(path)
    if PurePosixPath(path).is_absolute():
        return target.joinpath("outside", *parts[1:]) if elsewhere else None
    return target.joinpath(*parts)


def _unsafe(path: str) -> IntegrityError:
    return IntegrityError(f"The snapshot has an unsafe path: {path}.", kind="path-unsafe", path=path)


def _action(entry: Entry, place: Path, target: Path, stats: StatCache) -> Action:
    action = _wished(entry, place, stats)
    if action is Action.KEEP:
        return action
    if place.is_dir() and not place.is_symlink():
        return Action.FOLDER
    for folder in place.parents:
        if folder == target:
            break
        if os.path.lexists(folder) and not folder.is_dir():
            return Action.FILE
    return action if place.parent.resolve().is_relative_to(target.resolve()) else Action.OUTSIDE


def _wished(entry: Entry, place: Path, stats: StatCache) -> Action:
    if not os.path.lexists(place):
        return Action.WRITE
    if entry.link is not None:
        return Action.KEEP if place.is_symlink() and os.readlink(place) == entry.link else Action.OVERWRITE
    if not place.is_file() or place.is_symlink():
        return Action.OVERWRITE
    if isinstance(entry.reference, Reference):
        return Action.KEEP if is_same(entry.reference, place, stats) else Action.OVERWRITE
    is_same_mode = bool(place.stat().st_mode & stat.S_IXUSR) == entry.executable
    return Action.KEEP if is_same_mode and stats.digest(place) == entry.digest else Action.OVERWRITE


def _matches(path: str, wanted: str) -> bool:
    wanted = wanted.rstrip("/")
    return path == wanted or path.startswith(wanted + "/") or fnmatch.fnmatchcase(path, wanted)
