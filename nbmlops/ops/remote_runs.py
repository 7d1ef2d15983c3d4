"""Which run has which snapshots, carried with the packs: a clone's MLflow does not know the runs of this one."""

from __future__ import annotations

from blake3 import blake3

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.documents import decode, encode
from nbmlops.model.remote import RunLink, RunLinks
from nbmlops.model.run import Tags
from nbmlops.model.snapshot import SnapshotRecord
from nbmlops.ops.find_tree import linked
from nbmlops.project import Project
from nbmlops.snapshot.find import SHORTEST_PREFIX, find_record, missing
from nbmlops.store.compression import unpack
from nbmlops.store.pack import Entry, Kind
from nbmlops.store.remote import RUNS, Remote
from nbmlops.track.address import sqlite_path
from nbmlops.track.lists import find_run, list_runs


def send_links(project: Project, there: Remote) -> int:
    """Send the links that the remote lacks, in one file; returns how many."""
    known = set(_links(there))
    fresh = tuple(link for link in _own(project) if link not in known)
    if fresh:
        there.send_document(RUNS, encode(RunLinks(links=fresh)))
    return len(fresh)


def receive_links(project: Project, there: Remote) -> None:
    links = _links(there)
    if links:
        project.records.put_many((link, link.id, link.name) for link in links)


def snapshots_meant(
    project: Project, reference: str, there: Remote, held: dict[str, tuple[Entry, ...]]
) -> tuple[str, ...]:
    """Digests of what is called so here or on the remote: a snapshot, or the data and code of a run.

    Raises NotFoundError, UsageError when ambiguous.
    """
    record = find_record(reference, project.records)
    if record is not None:
        return (record.snapshot,)
    try:
        tags = find_run(project.uri, reference).tags
    except NotFoundError:
        pass
    else:
        return tuple(filter(None, (tags.get(Tags.DATA_SNAPSHOT), tags.get(Tags.CODE_SNAPSHOT))))
    link = linked(project, reference)
    if link is not None:
        return tuple(filter(None, (link.data, link.code)))
    if len(reference) >= SHORTEST_PREFIX:
        for found in _records(there, held):
            if found.snapshot.startswith(reference) or found.id == reference:
                return (found.snapshot,)
    raise missing(reference)


def trace_meant(project: Project, reference: str) -> str:
    """Of a run that this project's MLflow knows, the trace by which it can be reproduced; else nothing."""
    try:
        return find_run(project.uri, reference).tags.get(Tags.TRACE, "")
    except (NotFoundError, UsageError):
        return ""


def _own(project: Project) -> list[RunLink]:
    """Of this project's own MLflow, and those that came from a remote. A server is asked by everybody themselves."""
    links = list(project.records.newest(RunLink, limit=1_000_000))
    path = sqlite_path(project.uri)
    if path is None or not path.exists():
        return links
    for run in list_runs(project.uri, limit=1_000_000, descending=False):
        data, code = run.tags.get(Tags.DATA_SNAPSHOT), run.tags.get(Tags.CODE_SNAPSHOT)
        if data or code:
            links.append(RunLink(id=run.id, name=run.name, started=run.started, data=data, code=code))
    return links


def _links(there: Remote) -> list[RunLink]:
    found: list[RunLink] = []
    for name in there.documents(RUNS):
        found += decode(there.read_document(RUNS, name), RunLinks, place=f"{name} on remote {there.name}").links
    return found


def _records(there: Remote, held: dict[str, tuple[Entry, ...]]) -> list[SnapshotRecord]:
    """Records on the remote, newest first. A damaged one is passed over: pulling its pack names it."""
    found = []
    for name, entries in held.items():
        for entry in entries:
            if entry.kind != Kind.RECORD:
                continue
            try:
                data = unpack(entry.codec, there.read(name, entry), entry.raw)
            except ValueError:
                continue
            if blake3(data).digest() == entry.digest:
                found.append(decode(data, SnapshotRecord, place=f"record on remote {there.name}"))
    return sorted(found, key=lambda record: record.taken, reverse=True)
