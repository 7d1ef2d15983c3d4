"""`verify`: read all that is kept and check every digest; of a package, the signatures over it as well."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError, UsageError
from nbmlops.lib.digest import short
from nbmlops.model.snapshot import SnapshotRecord
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.verify_package import PackageCheck, verify_package
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.snapshot.recover import lost, recover
from nbmlops.store.verify import Damage, check_loose, check_packs, check_recipes, unhealed

MOST_PATHS = 20
DAMAGED = 9
"""The exit code of an IntegrityError."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("A package. Default: the snapshots of this project.")] = ""
    key: Annotated[
        tuple[str, ...], option("Public key by one of which the package must be signed.", short="k", metavar="FILE")
    ] = ()
    policy: Annotated[
        str, option("Policy that the package is held against. Default: nbmlops-policy.yaml here.", metavar="FILE")
    ] = ""
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
    packs: int = 0
    entries: int = 0
    loose: int = 0
    """Objects of the first layout."""
    bytes_read: int = 0
    """Of all packs."""
    damaged: tuple[Damage, ...] = ()
    snapshots: tuple[Affected, ...] = ()
    is_rebuilt: bool = False
    recovered: int = 0
    """Snapshots that had been lost from `records.db` and are listed again."""
    package: PackageCheck | None = None
    """Where a package was named; then all else is empty."""

    @property
    def exit_code(self) -> int:
        is_good = self.package is None or self.package.is_good
        return 0 if is_good and not self.damaged and not self.snapshots else DAMAGED


def verify(call: Call, request: Request) -> Result:
    """Never fails for damage: what is damaged is in the result, and the exit code says so."""
    if (request.key or request.policy) and not request.package:
        raise UsageError(
            "A key or a policy needs a package.",
            kind="package-unnamed",
            hint="As in: nbmlops verify wine:v1 -k team.pub",
        )
    if request.package:
        return Result(package=verify_package(call, request.package, request.key, request.policy))
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
