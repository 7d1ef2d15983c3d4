"""The files that a run started from, in an empty folder of their own."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from nbmlops.errors import ConflictError, NotFoundError
from nbmlops.lib.files import refusing_disk_errors
from nbmlops.model.replay import Sides
from nbmlops.model.run import RunView, Tags
from nbmlops.model.snapshot import Entry, Scope, Snapshot
from nbmlops.model.trace import Trace
from nbmlops.project import Project
from nbmlops.replay.plan import files_needed
from nbmlops.snapshot.code import EXECUTED, LOCK
from nbmlops.snapshot.find import load
from nbmlops.snapshot.restore import plan
from nbmlops.snapshot.restore import restore as restore_files

_MAKES_FOLDERS = re.compile(r"\b(?:mkdir|makedirs)\b")


def lay_out(project: Project, run: RunView, trace: Trace, sides: Sides, folder: Path) -> tuple[str, ...]:
    """Fill `folder` with a project that holds the run's inputs and modules; returns what could not be laid there.

    Raises ConflictError for a folder that is not empty, and NotFoundError or IntegrityError when the store lacks what
    the run was made of.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} is not empty.", kind="folder-not-empty", hint="Name another one: --to FOLDER")
    Project.init(folder)
    needed = {path for path in files_needed(trace.executions) if not Path(path).is_absolute()}
    missing: list[str] = []
    data = _entries(project, run, Tags.DATA_SNAPSHOT)
    if sides.data == "run":
        present = tuple(entry for entry in data if entry.path in needed)
        _restore(project, present, folder)
        missing += [f"{path} is in no snapshot of the run" for path in sorted(needed - {e.path for e in present})]
    else:
        missing += [f"{path} is not there any more" for path in sorted(needed) if not _copy(project, path, folder)]
    modules = tuple(
        entry
        for entry in _entries(project, run, Tags.CODE_SNAPSHOT)
        if not entry.path.endswith((EXECUTED, LOCK)) and not Path(entry.path).is_absolute()
    )
    if sides.code == "run":
        _restore(project, modules, folder)
    else:
        missing += [f"{e.path} is not there any more" for e in modules if not _copy(project, e.path, folder)]
    _make_folders(trace, folder)
    return tuple(missing)


def _entries(project: Project, run: RunView, tag: str) -> tuple[Entry, ...]:
    digest = run.tags.get(tag)
    if not digest:
        return ()
    try:
        return load(digest, project.objects).entries
    except NotFoundError as error:
        raise NotFoundError(
            f"The store lacks what run {run.name} was made of: {error.message}",
            kind="snapshot-missing",
            hint="Fetch it: nbmlops remote pull",
        ) from error


def _restore(project: Project, entries: tuple[Entry, ...], folder: Path) -> None:
    tree = Snapshot(scope=Scope.DATA, entries=entries)
    actions = plan(tree, target=folder, paths=(), elsewhere=True, stats=project.stats)
    restore_files(actions, objects=project.objects, root=project.root, force=True)


def _copy(project: Project, path: str, folder: Path) -> bool:
    source = project.absolute(path)
    if not source.is_file():
        return False
    with refusing_disk_errors(folder):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, folder / path)
    return True


def _make_folders(trace: Trace, folder: Path) -> None:
    """Folders that stood there: those of the kernels, and those written to by code that makes none itself."""
    executions = trace.executions
    for session in trace.sessions:
        (folder / session.folder).mkdir(parents=True, exist_ok=True)
    if not any(_MAKES_FOLDERS.search(execution.source) for execution in executions):
        for use in (use for execution in executions for use in execution.outputs):
            if not Path(use.path).is_absolute():
                (folder / use.path).parent.mkdir(parents=True, exist_ok=True)
