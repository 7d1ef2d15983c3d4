"""The run that came in a package becomes a run of the folder's project: listed, compared, executed again."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.digest import digest_bytes, digest_file
from nbmlops.model.documents import decode
from nbmlops.model.packed_run import PackedRun
from nbmlops.model.run import RunView, Tags
from nbmlops.model.snapshot import Entry, Reference, Snapshot, SnapshotRecord
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.packed_run import DOCUMENT, OBJECTS, RUN_FILE
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.track.client import open_writer
from nbmlops.track.lists import find_run, list_runs
from nbmlops.track.messages import Point

if TYPE_CHECKING:
    from nbmlops.track.writer import Writer

_NAME = re.compile(rf"{OBJECTS}([0-9a-f]{{64}})")
_MOST_BYTES = 1 << 30
"""Of code, outputs and random states together."""
_MOST_FILES = 100_000


def find_packed_run(folder: Path) -> PackedRun | None:
    """Of the package that was unpacked there. Raises IntegrityError for a file that is none."""
    path = folder / RUN_FILE
    if not path.is_file():
        return None
    with _opened(path) as archive:
        return decode(_read(archive, DOCUMENT, path), PackedRun, place=str(path))


def receive_run(call: Call, packed: PackedRun) -> RunView:
    """The run as this project knows it; made once.

    Raises IntegrityError where the package's files have changed since they were unpacked, NotFoundError where they are
    not there.
    """
    call = call if call.has_session else Call(call.folder, progress=call.progress, makes_project=True)
    project = call.project
    known = list_runs(project.uri, limit=1, tags={Tags.RECEIVED: packed.run.id})
    if known:
        return known[0]
    call.progress(Progress(task="run", note=f"taking in {packed.run.name}"))
    with _opened(call.folder / RUN_FILE) as archive:
        _take_objects(project, archive, call.folder / RUN_FILE)
    for tag in (Tags.DATA_SNAPSHOT, Tags.CODE_SNAPSHOT):
        if packed.run.tags.get(tag):
            _take_snapshot(project, packed.run, load(packed.run.tags[tag], project.objects), call.folder)
    writer = open_writer(project.prepare_tracking(), project.root)
    made = [_written(writer, packed, run) for run in sorted((packed.run, *packed.siblings), key=lambda each: each.id)]
    call.progress(Progress(task="run", state="done", note=packed.run.name))
    return find_run(project.uri, next(id for before, id in made if before == packed.run.id))


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(path, "it is no archive") from error
    entries = archive.infolist()
    is_plain = all(each.compress_type == zipfile.ZIP_STORED for each in entries)
    if len(entries) > _MOST_FILES or sum(each.file_size for each in entries) > _MOST_BYTES or not is_plain:
        archive.close()
        raise _damaged(path, "it holds more than a run has")
    return archive


def _read(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    try:
        return archive.read(name)
    except (KeyError, zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(path, f"{name} cannot be read") from error


def _take_objects(project: Project, archive: zipfile.ZipFile, path: Path) -> None:
    with project.objects.writing() as writer:
        for name in archive.namelist():
            found = _NAME.fullmatch(name)
            if found is None:
                continue
            content = _read(archive, name, path)
            if digest_bytes(content) != found[1]:
                raise _damaged(path, f"object {found[1][:12]} is another one")
            writer.put_bytes(content)
        writer.commit()


def _take_snapshot(project: Project, run: RunView, snapshot: Snapshot, folder: Path) -> None:
    """Contents that did not come in the archive are files of the package."""
    missing = project.objects.missing({entry.digest for entry in snapshot.entries})
    with project.objects.writing() as writer:
        for entry in snapshot.entries:
            if entry.digest in missing and _is_of_package(entry):
                writer.put_file(_unpacked(folder, entry, run), entry.digest)
        writer.commit()
    record = SnapshotRecord(
        id=new_id(),
        snapshot=run.tags[Tags.DATA_SNAPSHOT if snapshot.scope == "data" else Tags.CODE_SNAPSHOT],
        taken=run.ended or run.started or utc_now(),
        scope=snapshot.scope,
        files=len(snapshot.entries),
        size=snapshot.size,
        stored=0,
        message=f"Came with run {run.name}.",
        notebook=run.tags.get(Tags.NOTEBOOK, ""),
    )
    project.records.put(record, id=record.id, subject=snapshot.scope)


def _is_of_package(entry: Entry) -> bool:
    path = PurePosixPath(entry.path)
    is_inside = not path.is_absolute() and ".." not in path.parts
    return is_inside and entry.link is None and not isinstance(entry.reference, Reference)


def _unpacked(folder: Path, entry: Entry, run: RunView) -> Path:
    path = folder / entry.path
    if not path.is_file():
        raise NotFoundError(
            f"{entry.path}, which run {run.name} read, is not here.",
            kind="file-missing",
            hint="Unpack all of the package.",
            path=entry.path,
        )
    if digest_file(path) != entry.digest:
        raise IntegrityError(
            f"{entry.path} is not what run {run.name} read: it has changed since it was unpacked.",
            kind="file-changed",
            hint="Unpack the package again, into an empty folder.",
            path=entry.path,
        )
    return path


def _written(writer: Writer, packed: PackedRun, run: RunView) -> tuple[str, str]:
    """Its id there and here. The id is MLflow's to give."""
    started = int(run.started.timestamp() * 1000) if run.started else None
    ended = int(run.ended.timestamp() * 1000) if run.ended else started
    tags = {name: value for name, value in run.tags.items() if not name.startswith("mlflow.")}
    id = writer.open_run(
        run.name,
        run.experiment,
        tags={**tags, Tags.RECEIVED: run.id},
        params=run.params,
        started_ms=started,
    )
    points = [Point(name=name, value=value, step=0, time_ms=ended or 0) for name, value in run.metrics.items()]
    if points:
        writer.log_metrics(id, points)
    if run.id == packed.run.id and packed.datasets:
        writer.log_datasets(id, packed.datasets)
    writer.end_run(id, run.status, ended_ms=ended)
    return run.id, id


def _damaged(path: Path, why: str) -> IntegrityError:
    return IntegrityError(f"{path} is damaged: {why}.", kind="run-damaged", hint="Unpack the package again.")
