"""Results of steps, carried with the packs: what one machine has computed, another need not.

They rest on code, values, files and packages. Whether these are the same here is asked at each run, as of results that
were computed here. Values may be pickles: whoever may write to a remote may run code where its results are used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath

import msgspec

from nbmlops.model.documents import decode, encode
from nbmlops.model.step_cache import Given, StepEntries, StepEntry
from nbmlops.pipeline.step_key import identity_of
from nbmlops.project import Project
from nbmlops.store.remote import RESULTS, Remote
from nbmlops.track.address import sqlite_path


def send_results(project: Project, there: Remote) -> int:
    """Send the entries that the remote lacks and that mean something elsewhere; returns how many."""
    known = {entry.id for entry in results_on(there)}
    own = project.records.newest(StepEntry, limit=1_000_000)
    fresh = tuple(entry for entry in own if entry.id not in known and _is_portable(entry))
    if fresh:
        there.send_document(RESULTS, encode(StepEntries(entries=fresh)))
    return len(fresh)


def receive_results(project: Project, there: Remote) -> int:
    """Take in entries of which all objects are in the store; returns how many were new."""
    known = {entry.id for entry in project.records.newest(StepEntry, limit=1_000_000)}
    fresh = [entry for entry in results_on(there) if entry.id not in known and _is_portable(entry)]
    missing = project.objects.missing({digest for entry in fresh for digest in needed(entry)})
    whole = [entry for entry in fresh if missing.isdisjoint(needed(entry))]
    if sqlite_path(project.uri) is not None:
        # Runs of another machine's own MLflow are not in this one's.
        whole = [msgspec.structs.replace(entry, run="") for entry in whole]
    if whole:
        project.records.put_many((entry, entry.id, identity_of(entry.key)) for entry in whole)
    return len(whole)


def results_on(there: Remote) -> tuple[StepEntry, ...]:
    found: dict[str, StepEntry] = {}
    for name in there.documents(RESULTS):
        place = f"{name} on remote {there.name}"
        for entry in decode(there.read_document(RESULTS, name), StepEntries, place=place).entries:
            found[entry.id] = entry
    return tuple(found.values())


def needed(entry: StepEntry) -> Iterator[str]:
    """Digests of the objects without which an entry is worth nothing."""
    yield entry.notebook
    if entry.manifest:
        yield entry.manifest
    for each in (*entry.given, *entry.written):
        yield each.digest


def _is_portable(entry: StepEntry) -> bool:
    """What it measured can only be asked here; a file outside of the project is another one elsewhere; and nobody's
    entry writes outside of mine.
    """
    return entry.is_measured and all(map(_is_inside, (*entry.given, *entry.written)))


def _is_inside(given: Given) -> bool:
    path = PurePosixPath(given.path)
    is_plain = not path.is_absolute() and ".." not in path.parts and given.path.strip("./")
    return bool(is_plain) and not PureWindowsPath(given.path).drive and "\\" not in given.path
