"""A snapshot by what people type: its digest, the beginning of it, or `data`/`code` for the newest."""

from __future__ import annotations

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.lib.digest import short
from nbmlops.model.documents import decode
from nbmlops.model.snapshot import Scope, Snapshot, SnapshotRecord
from nbmlops.store.objects import Objects
from nbmlops.store.records import Records

SHORTEST_PREFIX = 4


def find_record(reference: str, records: Records) -> SnapshotRecord | None:
    """The newest record of the snapshot meant, or None. Raises UsageError when several are meant."""
    everything = records.newest(SnapshotRecord, limit=1_000_000)
    if reference in tuple(Scope):
        return next((record for record in everything if record.scope == reference), None)
    if len(reference) < SHORTEST_PREFIX:
        return None
    found: dict[str, SnapshotRecord] = {}
    for record in everything:
        if record.snapshot.startswith(reference) or record.id == reference:
            found.setdefault(record.snapshot, record)
    if len(found) > 1:
        names = ", ".join(short(digest) for digest in found)
        raise UsageError(
            f"{reference!r} is the beginning of {len(found)} snapshots: {names}.",
            kind="snapshot-ambiguous",
            hint="Type more of it.",
        )
    return next(iter(found.values()), None)


def load(digest: str, objects: Objects) -> Snapshot:
    """Raises NotFoundError or IntegrityError."""
    return decode(objects.read(digest), Snapshot, place=f"snapshot {short(digest)}")


def missing(reference: str) -> NotFoundError:
    return NotFoundError(
        f"There is no snapshot or run {reference!r}.", kind="snapshot-missing", hint="List them: nbmlops snapshots"
    )
