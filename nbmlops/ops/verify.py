"""`verify`: read all that is kept and check every digest."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.lib.digest import short
from nbmlops.model.snapshot import SnapshotRecord
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.snapshot.recover import lost, recover
from nbmlops.store.verify import Damage, check_loose, check_packs, check_recipes, unhealed

MOST_PATHS = 20
DAMAGED = 9
"""The exit code of an IntegrityError."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rebuild_index: Annotated[bool, option("First make the index again from the packs.")] = False


class Affected(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot that cannot be restored whole."""

    snapshot: str
    taken: datetime
    message: str
    run: str | None
    missing: int
    """How many of its files, or 1 where its own list is damaged."""
    paths: tuple[str, ...]
    """The first of them."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    packs: int
    entries: int
    loose: int
    """Objects of the first layout."""
    bytes_read: int
    """Of all packs."""
    damaged: tuple[Damage, ...]
    snapshots: tuple[Affected, ...]
    is_rebuilt: bool
    recovered: int
    """Snapshots that had been lost from `records.db` and are listed again."""

    @property
    def exit_code(self) -> int:
        return DAMAGED if self.damaged or self.snapshots else 0


def verify(call: Call, request: Request) -> Result:
    """Never fails for damage: what is damaged is in the result, and the exit code says so."""
    project = call.project
    objects = project.objects
    if request.rebuild_index:
        call.progress(Progress(task="index", note="reading trailers"))
        objects.index.rebuild()
    names = objects.packs.names()
    size = sum(objects.packs.path(name).stat().st_size for name in names)
    done = 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        call.progress(Progress(task="verify", done=done, total=size, note=f"{len(names)} packs"))

    entries, damaged = check_packs(objects, told)
    loose, more = check_loose(objects)
    damaged += [*more, *check_recipes(objects)]
    recovered = recover(objects, project.records)
    result = Result(
        packs=len(names),
        entries=entries,
        loose=loose,
        bytes_read=size,
        damaged=unhealed(objects, damaged),
        snapshots=_affected(project),
        is_rebuilt=request.rebuild_index,
        recovered=recovered,
    )
    call.progress(Progress(task="verify", done=size, total=size, state="failed" if result.exit_code else "done"))
    return result


def _affected(project: Project) -> tuple[Affected, ...]:
    found: dict[str, Affected | None] = {}
    for record in project.records.newest(SnapshotRecord, limit=1_000_000):
        if record.snapshot not in found:
            found[record.snapshot] = _needs(project, record)
    return tuple(each for each in found.values() if each is not None)


def _needs(project: Project, record: SnapshotRecord) -> Affected | None:
    try:
        paths = lost(project.objects, load(record.snapshot, project.objects))
    except (IntegrityError, NotFoundError):
        paths = [f"the list of snapshot {short(record.snapshot)} itself"]
    if not paths:
        return None
    return Affected(
        snapshot=record.snapshot,
        taken=record.taken,
        message=record.message,
        run=record.run,
        missing=len(paths),
        paths=tuple(paths[:MOST_PATHS]),
    )
