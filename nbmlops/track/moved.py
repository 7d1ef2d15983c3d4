"""A moved, renamed or copied project keeps its artifacts.

MLflow stores absolute artifact addresses. We write down the root they were made under; when the project
is found elsewhere, the addresses that begin with the old root are changed, all in one transaction.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from urllib.parse import quote

from nbmlops.lib.files import write_atomic
from nbmlops.track.template import locked

_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("workspaces", "default_artifact_root"),
)
_BUSY_SECONDS = 20.0


def mend(database: Path, root: Path, folder: str) -> bool:
    """True when addresses had to be changed. `folder` is our folder's name inside of the root."""
    note = root / folder / "root"
    here = str(root)
    if _noted(note) == here:
        return False
    with locked(root / folder / "root.lock"):
        there = _noted(note)
        if there == here:
            return False
        if there:
            _rewrite(database, there, here, folder)
        write_atomic(note, here)
        return bool(there)


def _noted(note: Path) -> str:
    try:
        return note.read_text()
    except FileNotFoundError:
        return ""


def _rewrite(database: Path, there: str, here: str, folder: str) -> None:
    pairs = [(f"{there}/", f"{here}/"), (f"file://{quote(there)}/", f"file://{quote(here)}/")]
    with contextlib.closing(sqlite3.connect(database, timeout=_BUSY_SECONDS)) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        known = {
            (table, column)
            for table, _ in _ADDRESSES
            for _, column, *_ in connection.execute(f"PRAGMA table_info({table})")
        }
        for table, column in _ADDRESSES:
            if (table, column) not in known:
                continue
            for old, new in pairs:
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                    (new, len(old) + 1, len(old), old),
                )
        # A dataset's source is JSON: {"uri": "<path>"}; its identity is the digest, which stays.
        for old, new in pairs:
            connection.execute(
                "UPDATE datasets SET dataset_source = replace(dataset_source, ?, ?) WHERE instr(dataset_source, ?) > 0",
                (f'"{old}', f'"{new}', f'"{old}'),
            )
