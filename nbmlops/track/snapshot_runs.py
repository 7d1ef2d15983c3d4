"""Which runs rest on a snapshot."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import msgspec

from nbmlops.model.run import Tags
from nbmlops.track.address import sqlite_path
from nbmlops.track.lists_sqlite import reading

KEYS = (Tags.DATA_SNAPSHOT, Tags.CODE_SNAPSHOT, Tags.RUN_DATA, Tags.RUN_CODE)
"""Tags that name one."""
MOST = 10
"""Runs of a snapshot that are named."""


class UsingRun(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    status: str


class Users(msgspec.Struct, frozen=True, kw_only=True):
    total: int
    """Of a server: among its newest thousand runs."""
    runs: tuple[UsingRun, ...]
    """The newest of them."""


def snapshot_runs(uri: str, snapshots: Collection[str]) -> dict[str, Users]:
    """By snapshot; without those that no run uses."""
    wanted = frozenset(snapshots)
    if not wanted:
        return {}
    if (path := sqlite_path(uri)) is not None:
        return _of_file(path, wanted)
    from nbmlops.track import runs_client

    found: dict[str, list[UsingRun]] = {}
    for run in runs_client.newest(uri):
        for snapshot in {run.tags.get(key, "") for key in KEYS} & wanted:
            found.setdefault(snapshot, []).append(UsingRun(id=run.id, name=run.name, status=run.status))
    return {snapshot: Users(total=len(runs), runs=tuple(runs[:MOST])) for snapshot, runs in found.items()}


def _of_file(path: Path, snapshots: frozenset[str]) -> dict[str, Users]:
    keys, values = ", ".join("?" * len(KEYS)), ", ".join("?" * len(snapshots))
    with reading(path) as database:
        rows = database.execute(
            "WITH users AS (SELECT DISTINCT t.value AS snapshot, r.run_uuid AS id, r.name, r.status, r.start_time "
            "FROM tags t JOIN runs r ON r.run_uuid = t.run_uuid AND r.lifecycle_stage = 'active' "
            f"WHERE t.key IN ({keys}) AND t.value IN ({values})), "
            "placed AS (SELECT *, row_number() OVER (PARTITION BY snapshot ORDER BY start_time DESC, id) AS place, "
            "count(*) OVER (PARTITION BY snapshot) AS total FROM users) "
            "SELECT snapshot, id, name, status, total FROM placed WHERE place <= ? ORDER BY snapshot, place",
            (*KEYS, *snapshots, MOST),
        ).fetchall()
    runs: dict[str, list[UsingRun]] = {}
    totals: dict[str, int] = {}
    for snapshot, identity, name, status, total in rows:
        runs.setdefault(snapshot, []).append(UsingRun(id=identity, name=name or "", status=status))
        totals[snapshot] = total
    return {snapshot: Users(total=totals[snapshot], runs=tuple(named)) for snapshot, named in runs.items()}
