"""Folders that are scanned, taken and brought back, and what is in them before and after."""

from __future__ import annotations

import os
from pathlib import Path

from nbmlops.lib.clock import new_id, utc_now
from nbmlops.model.snapshot import Scope, SnapshotRecord
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.snapshot.restore import Action, plan, restore
from nbmlops.snapshot.scan import Scanned, scan
from nbmlops.snapshot.take import take


def scanned(project: Project, *paths: Path, largest_bytes: int = 10**9) -> Scanned:
    return scan(
        paths or (project.root / "data",),
        named=project.relative,
        stats=project.stats,
        largest_bytes=largest_bytes,
    )


def taken(project: Project, *paths: Path, message: str = "") -> SnapshotRecord:
    found = scanned(project, *paths)
    return take(
        found.entries,
        places=found.places,
        scope=Scope.DATA,
        objects=project.objects,
        records=project.records,
        id=new_id(),
        taken=utc_now(),
        message=message,
        skipped=found.skipped,
    )


def back(
    project: Project, record: SnapshotRecord, *paths: str, to: Path | None = None, force: bool = False
) -> dict[str, Action]:
    tree = load(record.snapshot, project.objects)
    actions = plan(tree, target=to or project.root, paths=paths, elsewhere=to is not None, stats=project.stats)
    return {placed.path: placed.action for placed in restore(actions, objects=project.objects, force=force)}


def tree_of(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything that a snapshot promises to bring back."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_file():
            found[name] = ("file", path.read_bytes(), bool(path.stat().st_mode & 0o100))
    return found


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
