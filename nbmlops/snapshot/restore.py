"""A Snapshot -> files. What would be done is decided first; nothing is overwritten unless asked."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path, PurePosixPath

import msgspec

from nbmlops.errors import ConflictError, IntegrityError, NotFoundError
from nbmlops.lib.files import refusing_disk_errors
from nbmlops.model.snapshot import Entry, Snapshot
from nbmlops.store.objects import Objects
from nbmlops.store.statcache import StatCache


class Action(StrEnum):
    WRITE = "write"
    KEEP = "keep"
    """Already there with the same bytes."""
    OVERWRITE = "overwrite"
    SKIP = "skip"
    """Lies outside of the project: only restored to a folder that is named."""


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
    actions = []
    for entry in wanted:
        place = _place(entry.path, target, elsewhere)
        if place is None:
            actions.append((entry, Path(entry.path), Action.SKIP))
            continue
        actions.append((entry, place, _action(entry, place, stats)))
    return tuple(actions)


def restore(
    actions: tuple[tuple[Entry, Path, Action], ...],
    *,
    objects: Objects,
    force: bool,
    progress: Callable[[str], None] = lambda path: None,
) -> tuple[Placed, ...]:
    """Do what the plan says. Each file appears only after its bytes were checked.

    Raises ConflictError before anything is written when files would be overwritten and `force` is not given.
    """
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
            _write(entry, place, objects)
            progress(entry.path)
        placed.append(Placed(path=entry.path, action=action, size=entry.size))
    return tuple(placed)


def _write(entry: Entry, place: Path, objects: Objects) -> None:
    if entry.link is None:
        objects.restore(entry.digest, place, executable=entry.executable)
        return
    with refusing_disk_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(entry.link)


def _place(path: str, target: Path, elsewhere: bool) -> Path | None:
    parts = PurePosixPath(path).parts
    if ".." in parts:
        raise IntegrityError(f"The snapshot has an unsafe path: {path}.", kind="path-unsafe", path=path)
    if PurePosixPath(path).is_absolute():
        return target.joinpath("outside", *parts[1:]) if elsewhere else None
    return target.joinpath(*parts)


def _action(entry: Entry, place: Path, stats: StatCache) -> Action:
    if not os.path.lexists(place):
        return Action.WRITE
    if entry.link is not None:
        return Action.KEEP if place.is_symlink() and os.readlink(place) == entry.link else Action.OVERWRITE
    if place.is_file() and not place.is_symlink() and stats.digest(place) == entry.digest:
        return Action.KEEP
    return Action.OVERWRITE


def _matches(path: str, wanted: str) -> bool:
    wanted = wanted.rstrip("/")
    return path == wanted or path.startswith(wanted + "/") or fnmatch.fnmatchcase(path, wanted)
