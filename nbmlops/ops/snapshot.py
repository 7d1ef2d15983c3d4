"""`snapshot`: keep files as they are now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from nbmlops.errors import StateError
from nbmlops.model.cell import Execution
from nbmlops.model.snapshot import Scope, SnapshotRecord
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.take_files import take_files
from nbmlops.project import Project
from nbmlops.snapshot.scan import check_present


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    paths: Annotated[
        tuple[str, ...],
        positional(
            "Files and folders to keep, URLs by reference. Without any: the files that tracked notebooks have read.",
            metavar="PATH",
        ),
    ] = ()
    message: Annotated[str, option("Why, in a few words.", short="m", metavar="TEXT")] = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    record: SnapshotRecord
    paths: tuple[str, ...]
    is_new: bool
    """False when these very files are kept already."""


def snapshot(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a missing path and StateError when there is nothing to keep."""
    project = call.project
    urls = tuple(path for path in request.paths if "://" in path)
    paths = [call.path(path) for path in request.paths if path not in urls] or ([] if urls else files_read(project))
    if not paths and not urls:
        raise StateError(
            "No notebook has read a file yet.",
            kind="snapshot-empty",
            hint="Name what to keep: nbmlops snapshot data/",
        )
    call.progress(Progress(task="snapshot", note=f"reading {len(paths)} paths" if len(paths) > 1 else "reading"))
    before = project.records.newest(SnapshotRecord, subject=Scope.DATA, limit=1)
    record = take_data(project, paths, urls=urls, message=request.message)
    return Result(
        record=record,
        paths=(*(project.relative(path) for path in paths), *urls),
        is_new=not before or before[0].snapshot != record.snapshot,
    )


def take_data(
    project: Project,
    paths: list[Path],
    *,
    urls: tuple[str, ...] = (),
    message: str = "",
    notebook: str = "",
    run: str | None = None,
) -> SnapshotRecord:
    """A data snapshot of files and folders, recorded; what lies at `urls` by reference."""
    check_present(paths)
    return take_files(project, paths, scope=Scope.DATA, urls=urls, message=message, notebook=notebook, run=run)


def files_read(project: Project) -> list[Path]:
    """Files that recorded cells have read and that are still there."""
    seen = {use.path for execution in project.records.oldest(Execution) for use in execution.inputs}
    return [path for name in sorted(seen) if (path := project.absolute(name)).is_file()]
