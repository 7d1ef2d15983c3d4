"""The newest run of each cell of a notebook."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nbmlops.model.run import Tags
from nbmlops.track.address import sqlite_path
from nbmlops.track.lists_sqlite import reading

NEWEST = 2000
"""Runs that are looked through: a cell that has made none of them shows none."""


class CellRun(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    status: str


def cell_runs(uri: str, notebook: str) -> dict[str, CellRun]:
    """By cell id. `notebook`: as runs name it, relative to the project."""
    if (path := sqlite_path(uri)) is not None:
        return _of_file(path, notebook)
    from nbmlops.track import runs_client

    found: dict[str, CellRun] = {}
    for run in runs_client.newest(uri, tag=(Tags.NOTEBOOK, notebook)):
        if cell := run.tags.get(Tags.CELL):
            found.setdefault(cell, CellRun(id=run.id, name=run.name, status=run.status))
    return found


def _of_file(path: Path, notebook: str) -> dict[str, CellRun]:
    with reading(path) as database:
        rows = database.execute(
            "SELECT c.value, r.run_uuid, r.name, r.status FROM (SELECT run_uuid, name, status, start_time FROM runs "
            "WHERE lifecycle_stage = 'active' ORDER BY start_time DESC, run_uuid LIMIT ?) r "
            "CROSS JOIN tags c ON c.run_uuid = r.run_uuid AND c.key = ? "
            "CROSS JOIN tags n ON n.run_uuid = r.run_uuid AND n.key = ? AND n.value = ? "
            "ORDER BY r.start_time DESC, r.run_uuid",
            (NEWEST, Tags.CELL, Tags.NOTEBOOK, notebook),
        ).fetchall()
    found: dict[str, CellRun] = {}
    for cell, identity, name, status in rows:
        found.setdefault(cell, CellRun(id=identity, name=name or "", status=status))
    return found
