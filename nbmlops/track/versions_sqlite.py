"""Versions of registered models in MLflow's SQLite tables: read, and marked in the rows that MLflow would have left.

A reconciler that has nothing else to ask of MLflow does not pay for its import. Databases whose tables are not as we
know them are refused with `UnknownTables`, and go through MLflow.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from nbmlops.errors import NotFoundError
from nbmlops.track.lists_sqlite import reading
from nbmlops.track.trouble import explaining
from nbmlops.track.unknown_tables import UnknownTables

BUSY_SECONDS = 20.0
_UNKNOWN = ("no such table", "no such column", "has no column", "ON CONFLICT")
"""What SQLite says of statements that do not fit its tables."""
_IS_THERE = "coalesce(current_stage, '') <> 'Deleted_Internal'"
"""MLflow keeps the row of a version that is deleted."""


def model_version(path: Path, name: str, *, alias: str | None, version: str | None) -> str | None:
    """By alias, by number, or by what MLflow calls a stage (`latest` is one); None where there is none."""
    if alias is not None:
        query = "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?"
        values = [name, alias]
    elif version is not None and version.isdigit():
        query = f"SELECT version FROM model_versions WHERE name = ? AND version = ? AND {_IS_THERE}"
        values = [name, version]
    else:
        query = f"SELECT version FROM model_versions WHERE name = ? AND {_IS_THERE}"
        query += " AND (? = 'latest' OR lower(current_stage) = ?) ORDER BY version DESC LIMIT 1"
        values = [name, str(version).lower(), str(version).lower()]
    with reading(path) as database:
        row = database.execute(query, values).fetchone()
    return str(row[0]) if row else None


def newest_version(path: Path, name: str) -> tuple[str, datetime | None]:
    """Of a registered model, with when it was made; empty where there is none."""
    query = f"SELECT version, creation_time FROM model_versions WHERE name = ? AND {_IS_THERE}"
    with reading(path) as database:
        row = database.execute(f"{query} ORDER BY version DESC LIMIT 1", [name]).fetchone()
    return (str(row[0]), datetime.fromtimestamp((row[1] or 0) / 1000, UTC)) if row else ("", None)


def version_made_of(path: Path, name: str, run: str, sources: Sequence[str]) -> str | None:
    """The version of `name` that the run's model is, by one of the addresses that it goes by."""
    marks = ", ".join("?" * len(sources))
    query = f"SELECT version FROM model_versions WHERE name = ? AND run_id = ? AND source IN ({marks}) AND {_IS_THERE}"
    with reading(path) as database:
        row = database.execute(f"{query} ORDER BY version LIMIT 1", [name, run, *sources]).fetchone()
    return str(row[0]) if row else None


def tags(path: Path, name: str, version: str) -> dict[str, str]:
    with reading(path) as database:
        rows = database.execute(
            "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?", [name, version]
        )
        return dict(rows.fetchall())


def set_alias(path: Path, name: str, alias: str, version: str) -> None:
    """Raises NotFoundError for a version that there is not, UnknownTables, and UnavailableError for a locked file."""
    with _writing(path, name, version) as (database, workspace):
        database.execute(
            "INSERT INTO registered_model_aliases (workspace, name, alias, version) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (workspace, name, alias) DO UPDATE SET version = excluded.version",
            [workspace, name, alias, int(version)],
        )


def set_tags(path: Path, name: str, version: str, tags: Mapping[str, str]) -> None:
    """Raises as `set_alias`."""
    with _writing(path, name, version) as (database, workspace):
        database.executemany(
            "INSERT INTO model_version_tags (workspace, name, version, key, value) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (workspace, key, name, version) DO UPDATE SET value = excluded.value",
            [(workspace, name, int(version), key, value) for key, value in tags.items()],
        )


@contextlib.contextmanager
def _writing(path: Path, name: str, version: str) -> Iterator[tuple[sqlite3.Connection, str]]:
    """A transaction over a version that is there, with the workspace that it lies in."""
    with (
        explaining(path),
        contextlib.closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        ) as database,
    ):
        try:
            database.execute("BEGIN IMMEDIATE")
            query = f"SELECT workspace FROM model_versions WHERE name = ? AND version = ? AND {_IS_THERE}"
            row = database.execute(query, [name, version]).fetchone()
            if row is None:
                raise NotFoundError(f"There is no version {version} of the model {name}.", kind="version-missing")
            yield database, str(row[0])
            database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if any(
                phrase in str(error) for phrase in ("no such table", "no such column", "has no column", "ON CONFLICT")
            ):
                raise UnknownTables(str(error)) from error
            raise
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")
