"""Records of snapshots that packs hold and `records.db` lacks: a deleted database costs no snapshot."""

from __future__ import annotations

import contextlib

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.model.documents import decode, encode
from nbmlops.model.snapshot import Snapshot, SnapshotRecord
from nbmlops.snapshot.find import load
from nbmlops.store.index import Location
from nbmlops.store.objects import Objects
from nbmlops.store.pack import Kind
from nbmlops.store.recipe import parts
from nbmlops.store.records import Records


def recover(objects: Objects, records: Records) -> int:
    """Put back the records of snapshots that are still whole; returns how many."""
    known = {record.id for record in records.newest(SnapshotRecord, limit=1_000_000)}
    found = [record for record in recorded(objects).values() if record.id not in known]
    whole = [(record, record.id, str(record.scope)) for record in found if is_whole(objects, record.snapshot)]
    if whole:
        records.put_many(whole)
    return len(whole)


def pack_records(objects: Objects, records: Records) -> None:
    """Put into packs the records from before there were any: only packs travel."""
    packed = {record.id for record in recorded(objects).values()}
    bare = [record for record in records.oldest(SnapshotRecord) if record.id not in packed]
    if bare:
        with objects.writing() as writer:
            for record in bare:
                writer.put_record(encode(record))


def recorded(objects: Objects) -> dict[bytes, SnapshotRecord]:
    """The records that packs hold, by the digest of their entries."""
    found = {}
    for pack, entry in objects.index.of_kind(Kind.RECORD):
        # `nbmlops verify` names what cannot be read.
        with contextlib.suppress(ValueError, OSError, IntegrityError):
            data = objects.packs.read(pack, entry)
            found[entry.digest] = decode(data, SnapshotRecord, place="record of a snapshot")
    return found


def is_whole(objects: Objects, digest: str) -> bool:
    """Whether all that a snapshot names is there: gc may have been killed over one that was to go."""
    try:
        return not lost(objects, load(digest, objects))
    except (IntegrityError, NotFoundError):
        return False


def lost(objects: Objects, snapshot: Snapshot) -> list[str]:
    """Files of a snapshot, and documents it names, that the store does not have undamaged."""
    named = {entry.path: entry.digest for entry in snapshot.entries}
    if snapshot.environment:
        named["(environment)"] = snapshot.environment
    if snapshot.git is not None and snapshot.git.diff:
        named["(git diff)"] = snapshot.git.diff
    broken = objects.missing(named.values())
    for digest, places in objects.index.locate_many(map(bytes.fromhex, named.values()), [Kind.RECIPE]).items():
        if not _has_chunks(objects, places[0]):
            broken.add(digest.hex())
    return [path for path, digest in named.items() if digest in broken]


def _has_chunks(objects: Objects, recipe: Location) -> bool:
    try:
        chunks = {chunk for chunk, _ in parts(objects.packs.read(recipe.pack, recipe.entry))}
    except (ValueError, OSError):
        return False
    return objects.index.known(chunks, [Kind.CHUNK]) == chunks
