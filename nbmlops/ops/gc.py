"""`gc`: free the room of what no run, no named snapshot and no document needs any more."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec

from nbmlops.errors import StateError, UsageError
from nbmlops.lib.clock import made_at, utc_now
from nbmlops.model.documents import encode
from nbmlops.model.run import RunView
from nbmlops.model.snapshot import SnapshotRecord
from nbmlops.model.step_cache import StepEntry
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option
from nbmlops.project import Project
from nbmlops.snapshot.mark import SHARED, Marks, digests_in, stored_bytes
from nbmlops.snapshot.recover import recorded, recover
from nbmlops.snapshot.scan import SKIPPED_FOLDERS
from nbmlops.store.objects import Objects
from nbmlops.store.pack import Entry, Kind
from nbmlops.store.sweep import YOUNG_SECONDS, carry_out, fold, leftovers, plan
from nbmlops.track.address import sqlite_path
from nbmlops.track.lists import list_runs

MOST_RUNS = 10
RESULTS_PER_STEP = 5
"""So many results of a step are kept however old they are: going back to an earlier value costs nothing."""
_UNITS = {"": 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
_AGE = re.compile(r"(\d+)\s*([dhms]?)")
_DIGEST = re.compile("[0-9a-f]{64}")
_CAPTURED = ("execution", "session", "snapshot-record", "cell-outputs", "random-states", "reproduction")
"""Kinds of records that are kept for ever and hold on to nothing by themselves, once they are past the grace period."""
_FOLDERS = ("pipelines", "packages", ".nbmlops/runs")
_DOCUMENTS = (".json", ".yaml", ".yml", ".ipynb", "")
_MOST_BYTES = 8 << 20


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    dry_run: Annotated[bool, option("Only say what would be freed.", short="n")] = False
    older_than: Annotated[str, option("Keep unneeded snapshots younger than this: 14d, 12h, 0.", metavar="AGE")] = "14d"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What only one run holds: deleting it in MLflow and collecting again would free so much."""

    run: str
    name: str
    own_bytes: int


class Result(msgspec.Struct, frozen=True, kw_only=True):
    is_dry_run: bool
    freed: int
    """Bytes that were, or would be, given back."""
    snapshots: tuple[SnapshotRecord, ...]
    """Snapshots that go."""
    packs_before: int
    packs_after: int
    """In a dry run, as before."""
    folded: int
    """Objects of the first layout that moved into packs."""
    leftovers: int
    """Files that killed writers had left."""
    results: int
    """Results of steps that are no longer kept for later runs."""
    runs: tuple[Share, ...]
    """Runs that hold the most by themselves, the largest first."""


def gc(call: Call, request: Request) -> Result:
    """Waits until nobody writes; whoever wants to meanwhile waits too.

    Raises UsageError for an age that is none, StateError when the runs that snapshots belong to cannot be seen.
    """
    project = call.project
    grace = _age(request.older_than)
    call.progress(Progress(task="gc", note="looking at what is needed"))
    with project.objects.alone():
        return _collect(call, project, grace, is_dry_run=request.dry_run)


def _collect(call: Call, project: Project, grace: timedelta, *, is_dry_run: bool) -> Result:
    objects = project.objects
    objects.index.sync()
    recover(objects, project.records)
    runs = _runs(project)
    young = utc_now() - grace
    marks = Marks(objects)
    for digest, holder in _held(runs).items():
        marks.add(digest, holder)
    kept, gone = _records(project, marks, young)
    outdated = _outdated(project, young)
    for root in _roots(project, outdated):
        marks.add(root)
    for digest in _recent(project, young):
        marks.add_loosely(digest)
    ids = {record.id for record in kept}
    packed = recorded(objects)
    live_records = {digest for digest, record in packed.items() if record.id in ids}

    def is_live(entry: Entry) -> bool:
        return entry.digest in live_records if entry.kind == Kind.RECORD else marks.is_live(entry.digest)

    before = len(objects.packs.names())
    loose = list(objects.loose.digests())
    live_loose = [digest for digest in loose if marks.is_live(bytes.fromhex(digest))]
    dead_loose = [digest for digest in set(loose).difference(live_loose) if _is_old(objects.loose.path(digest))]
    freed = sum(objects.loose.path(digest).stat().st_size for digest in dead_loose)
    rubbish = leftovers(_folders(project))
    if not is_dry_run:
        call.progress(Progress(task="gc", note="taking away"))
        project.records.delete(SnapshotRecord, *(record.id for record in gone))
        project.records.delete(StepEntry, *outdated)
        for path in rubbish:
            path.unlink(missing_ok=True)
        for digest in dead_loose:
            objects.loose.remove(digest)
    todo = plan(objects, is_live)
    folded = 0
    if not is_dry_run:
        carry_out(objects, todo)
        folded = fold(objects, live_loose)
        _pack_records([record for record in kept if record.id not in {each.id for each in packed.values()}], objects)
    call.progress(Progress(task="gc", state="done"))
    return Result(
        is_dry_run=is_dry_run,
        freed=freed + todo.freed,
        snapshots=tuple(gone),
        packs_before=before,
        packs_after=len(objects.packs.names()),
        folded=folded,
        leftovers=len(rubbish),
        results=len(outdated),
        runs=_shares(project, runs, marks),
    )


def _age(text: str) -> timedelta:
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is not an age.", kind="age-malformed", hint="Write it like 14d, 12h or 0.")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def _runs(project: Project) -> tuple[RunView, ...]:
    path = sqlite_path(project.uri)
    if path is not None and not path.exists():
        if any(record.run for record in project.records.newest(SnapshotRecord, limit=1_000_000)):
            raise StateError(
                f"The runs that snapshots belong to cannot be seen: there is no {path}.",
                kind="runs-missing",
                hint="Bring MLflow's database back, or set tracking.uri to where the runs are.",
            )
        return ()
    return list_runs(project.uri, limit=1_000_000)


def _held(runs: tuple[RunView, ...]) -> dict[str, str]:
    """Digests in tags of ours, each with the run that holds it, or shared."""
    found: dict[str, str] = {}
    for run in runs:
        for key, value in run.tags.items():
            if key.startswith("nbmlops.") and _DIGEST.fullmatch(value):
                found[value] = run.id if found.get(value, run.id) == run.id else SHARED
    return found


def _records(project: Project, marks: Marks, young: datetime) -> tuple[list[SnapshotRecord], list[SnapshotRecord]]:
    """Records that stay, and those that go. Those that stay by their own right are marked."""
    kept, gone, scopes = [], [], set()
    for record in project.records.newest(SnapshotRecord, limit=1_000_000):
        is_newest = record.scope not in scopes
        scopes.add(record.scope)
        is_held = marks.is_live(bytes.fromhex(record.snapshot))
        if is_newest or record.message or (record.taken > young and not is_held):
            marks.add(record.snapshot)
        elif not is_held:
            gone.append(record)
            continue
        kept.append(record)
    return kept, gone


def _outdated(project: Project, young: datetime) -> set[str]:
    """Results of steps that were made long ago, and of which there are enough newer ones."""
    count: dict[tuple[str, str], int] = {}
    found = set()
    for entry in project.records.newest(StepEntry, limit=1_000_000):
        step = entry.pipeline, entry.step
        count[step] = count.get(step, 0) + 1
        if count[step] > RESULTS_PER_STEP and entry.made < young:
            found.add(entry.id)
    return found


def _roots(project: Project, outdated: set[str]) -> Iterator[str]:
    """Digests that results of pipelines, and the files of pipelines and packages, name."""
    for kind, id, data in project.records.raw():
        if kind not in _CAPTURED and id not in outdated:
            yield from digests_in(data)
    for name in _FOLDERS:
        for folder, _, files in os.walk(project.root / name):
            for file in files:
                path = Path(folder, file)
                if path.suffix in _DOCUMENTS and path.is_file() and path.stat().st_size < _MOST_BYTES:
                    yield from digests_in(path.read_bytes())


def _recent(project: Project, young: datetime) -> Iterator[str]:
    """Digests that no run names yet, perhaps: of cells executed lately, of content put a moment ago."""
    for kind, id, data in project.records.raw():
        if kind == "execution" and _made(id) > young:
            yield from digests_in(data)
    since = int(utc_now().timestamp() - YOUNG_SECONDS) * 10**9
    yield from (raw.hex() for raw in project.objects.index.wanted_since(since))


def _pack_records(records: list[SnapshotRecord], objects: Objects) -> None:
    """Records from before there were packs: a lost `records.db` shall not cost them either."""
    if records:
        with objects.writing() as writer:
            for record in records:
                writer.put_record(encode(record))


def _made(id: str) -> datetime:
    try:
        return made_at(id)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


def _is_old(path: Path) -> bool:
    return path.stat().st_mtime < utc_now().timestamp() - YOUNG_SECONDS


def _folders(project: Project) -> Iterator[Path]:
    """Where a killed writer may have left half a file: the store, and wherever files are restored to."""
    for folder, names, _ in os.walk(project.root):
        names[:] = [name for name in names if name not in SKIPPED_FOLDERS]
        yield Path(folder)
    yield from (Path(folder) for folder, _, _ in os.walk(project.layout.folder))


def _shares(project: Project, runs: tuple[RunView, ...], marks: Marks) -> tuple[Share, ...]:
    alone = {digest: holder for digest, holder in marks.holders.items() if holder != SHARED}
    sizes: dict[str, int] = {}
    for digest, size in stored_bytes(project.objects, alone).items():
        sizes[alone[digest]] = sizes.get(alone[digest], 0) + size
    names = {run.id: run.name for run in runs}
    largest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:MOST_RUNS]
    return tuple(Share(run=id, name=names[id], own_bytes=size) for id, size in largest if size)
