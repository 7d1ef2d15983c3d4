"""Entries -> a Snapshot that can be restored: contents first, then the snapshot, then the record that names it.

A crash before the record leaves some unused objects, never a snapshot that cannot be restored.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from nbmlops.model.documents import encode, identity
from nbmlops.model.environment import Environment, GitState
from nbmlops.model.snapshot import Entry, Scope, Snapshot, SnapshotRecord
from nbmlops.store.objects import Objects
from nbmlops.store.records import Records


def take(
    entries: tuple[Entry, ...],
    *,
    places: dict[str, Path],
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
    stored = 0
    for entry in entries:
        if contents and entry.path in contents:
            stored += objects.put_bytes(contents[entry.path])[1]
        elif entry.link is not None:
            stored += objects.put_bytes(entry.link.encode())[1]
        else:
            stored += objects.put_file(places[entry.path], entry.digest)
    if environment is not None:
        stored += objects.put_bytes(encode(environment))[1]
    snapshot = Snapshot(
        scope=scope,
        entries=entries,
        environment=identity(environment) if environment is not None else None,
        git=git,
    )
    stored += objects.put_bytes(encode(snapshot))[1]
    digest = identity(snapshot)
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
        stored=stored,
        message=message,
        notebook=notebook,
        run=run,
        parent=parent if parent != digest else (previous[0].parent if previous else None),
        skipped=skipped,
    )
    records.put(record, id=record.id, subject=scope)
    return record
