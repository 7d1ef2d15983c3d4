"""Entries -> a Snapshot that can be restored: contents, the snapshot and the record that names it, in one batch.

The record lies in the last pack, behind all that it needs, and then in `records.db`: a crash before leaves some unused
objects, never a snapshot that cannot be restored, and a lost database costs no snapshot.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from nbmlops.lib.canonical import canonical_json
from nbmlops.model.documents import encode, identity
from nbmlops.model.environment import Environment, GitState
from nbmlops.model.snapshot import Entry, Reference, Scope, Snapshot, SnapshotRecord
from nbmlops.store.objects import Objects
from nbmlops.store.records import Records
from nbmlops.store.writing import Writer


def take(
    entries: tuple[Entry, ...],
    *,
    places: dict[str, str],
    scope: Scope,
    objects: Objects,
    records: Records,
    id: str,
    taken: datetime,
    message: str = "",
    notebook: str = "",
    run: str | None = None,
    environment: Environment | None = None,
    git: GitState | None = None,
    contents: dict[str, bytes] | None = None,
    skipped: tuple[str, ...] = (),
) -> SnapshotRecord:
    """Keep a tree. `contents` holds the bytes of entries that are not files (an executed notebook).

    Raises ConflictError when a file is no longer what its entry says.
    """
    with objects.writing() as writer:
        if environment is not None:
            writer.put_bytes(encode(environment))
        _put_entries(writer, entries, places, contents or {})
        snapshot = Snapshot(
            scope=scope,
            entries=entries,
            environment=identity(environment) if environment is not None else None,
            git=git,
        )
        digest, _ = writer.put_bytes(encode(snapshot))
        previous = records.newest(SnapshotRecord, subject=scope, limit=1)
        if previous and previous[0].snapshot == digest and not message:
            return previous[0]
        parent = previous[0].snapshot if previous else None
        record = SnapshotRecord(
            id=id,
            snapshot=digest,
            taken=taken,
            scope=scope,
            files=len(entries),
            size=snapshot.size,
            stored=writer.stored,
            message=message,
            notebook=notebook,
            run=run,
            parent=parent if parent != digest else (previous[0].parent if previous else None),
            skipped=skipped,
        )
        writer.put_record(encode(record))
        writer.commit()
        records.put(record, id=record.id, subject=scope)
    return record


def _put_entries(
    writer: Writer, entries: tuple[Entry, ...], places: dict[str, str], contents: dict[str, bytes]
) -> None:
    missing = writer.missing(entry.digest for entry in entries)
    for entry in entries if missing else ():
        if entry.digest not in missing:
            continue
        if entry.path in contents:
            writer.put_bytes(contents[entry.path])
        elif entry.link is not None:
            writer.put_bytes(entry.link.encode())
        elif isinstance(entry.reference, Reference):
            writer.put_bytes(canonical_json(entry.reference))
        else:
            writer.put_file(Path(places[entry.path]), entry.digest)
