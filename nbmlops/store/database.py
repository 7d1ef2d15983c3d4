"""A project's SQLite files: opened so that several kernels, a batch run and a server may write at once."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nbmlops.errors import ExternalError, IntegrityError
from nbmlops.lib.failpoints import failpoint
from nbmlops.lib.files import refusing_disk_errors

BUSY_SECONDS = 30
_LEAST_BYTES = 1 << 17


class Schema(NamedTuple):
    """Tables of one file. `script` lays them out, and raises a file of any older version to this one."""

    version: int
    script: str


RECORDS = Schema(
    version=2,
    script="""
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, id TEXT NOT NULL, subject TEXT NOT NULL DEFAULT '', data BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_by_subject ON documents (kind, subject, id);
DROP TABLE IF EXISTS stat_cache;
""",
)
"""Version 1 had the stat cache too, which is in the index now; a program that only knows version 1 knows no packs."""


class Database:
    """One connection per thread, write-ahead log, one transaction per `write` block."""

    def __init__(self, path: Path, schema: Schema = RECORDS) -> None:
        self.path = path
        self.schema = schema
        self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open()
            self._local.connection = connection
        return connection

    def _open(self) -> sqlite3.Connection:
        with refusing_disk_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        except sqlite3.Error as error:
            raise _explained(error, self.path) from error
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > self.schema.version:
                raise IntegrityError(
                    f"{self.path.name} has layout {version}; this nbmlops reads up to {self.schema.version}.",
                    kind="store-too-new",
                    hint="Upgrade nbmlops.",
                )
            if version < self.schema.version:
                _write_ahead(connection)
                connection.executescript(self.schema.script)
                connection.execute(f"PRAGMA user_version = {self.schema.version}")
            # A crash of the machine may cost the last records, never the file; a killed process costs none.
            connection.execute("PRAGMA synchronous = NORMAL")
            return connection
        except sqlite3.Error as error:
            connection.close()
            raise _explained(error, self.path) from error
        except IntegrityError:
            connection.close()
            raise

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                failpoint("database-commit")
                connection.execute("COMMIT")
                failpoint("database-committed")
            except BaseException:
                # On a full disk SQLite has rolled back by itself.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _explained(error, self.path) from error

    def read(self, query: str, arguments: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        try:
            return self._connection().execute(query, arguments).fetchall()
        except sqlite3.Error as error:
            raise _explained(error, self.path) from error

    def close(self) -> None:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Of several that switch to it at once SQLite lets one, and does not wait for the others as it does otherwise."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _has_room(folder: Path) -> bool:
    """Without room for its shared memory SQLite says `disk I/O error`, not that the disk is full."""
    try:
        disk = os.statvfs(folder)
        return disk.f_bavail * disk.f_frsize > _LEAST_BYTES
    except OSError:
        return True


def _explained(error: sqlite3.Error, path: Path) -> ExternalError | IntegrityError:
    text = str(error)
    if "full" in text or ("I/O" in text and not _has_room(path.parent)):
        return ExternalError(f"The disk is full: {path}.", kind="disk-full", hint="Free some space and run it again.")
    if "readonly" in text or "read-only" in text or "unable to open" in text:
        return ExternalError(
            f"There is no permission to write: {path}.",
            kind="folder-read-only",
            hint="Choose another folder, or set its permissions.",
        )
    if "malformed" in text or "not a database" in text:
        return IntegrityError(
            f"{path} is damaged ({text}).",
            kind="records-damaged",
            hint="Move it aside: the next command starts a new one; snapshots and MLflow runs are kept.",
        )
    return ExternalError(f"{path.name} cannot be used: {text}.", kind="records-unusable")
