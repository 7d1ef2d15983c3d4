"""Completion of `%mlops`: verbs, then a verb's options, paths, runs and snapshots."""

from __future__ import annotations

from pathlib import Path

from nbmlops.doors.render.help import offered
from nbmlops.errors import NbmlopsError
from nbmlops.lib.digest import short
from nbmlops.ops.fields import fields_of
from nbmlops.ops.verbs import Verb, find_verb
from nbmlops.project import Project

_NAMES_RUNS = {"run", "runs", "snapshot", "before", "after"}
MOST = 50


def complete(line: str, folder: Path) -> list[str]:
    """What the last word of a line may become."""
    words = line.split()
    last = "" if line.endswith(" ") or not words else words[-1]
    before = words[1 : len(words) - (1 if last else 0)]
    if not before:
        return [verb.name for verb in offered(magics=True) if verb.name.startswith(last)]
    try:
        verb = find_verb(before[0])
    except NbmlopsError:
        return []
    if last.startswith("-"):
        return [field.flag for field in fields_of(verb.request) if field.flag.startswith(last)]
    return [name for name in (*_known(verb, folder), *_paths(last, folder)) if name.startswith(last)][:MOST]


def _known(verb: Verb, folder: Path) -> list[str]:
    """Runs and snapshots, where the verb takes one."""
    wanted = {field.name for field in fields_of(verb.request) if field.is_positional} & _NAMES_RUNS
    if not wanted or verb.name == "run":
        return []
    from nbmlops.model.snapshot import SnapshotRecord
    from nbmlops.track.lists import list_runs

    try:
        project = Project.find(folder)
        runs = list_runs(project.uri, limit=MOST)
        snapshots = project.records.newest(SnapshotRecord, limit=MOST)
    except NbmlopsError:
        return []
    names = [name for run in runs for name in (run.name, short(run.id))]
    if wanted & {"snapshot", "before", "after"}:
        names += [short(record.snapshot) for record in snapshots]
    return list(dict.fromkeys(names))


def _paths(last: str, folder: Path) -> list[str]:
    parent, _, _ = last.rpartition("/")
    base = folder / parent if parent else folder
    if not base.is_dir():
        return []
    prefix = f"{parent}/" if parent else ""
    return sorted(f"{prefix}{path.name}{'/' if path.is_dir() else ''}" for path in base.iterdir())
