"""A ready-made empty MLflow database, made once per MLflow version and copied into each new project.

MLflow runs dozens of migrations on a new database, which takes seconds; a copy takes milliseconds. The
template lies in the user's cache folder. It is made in a child process, because the kernel that asks
must not import MLflow.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbmlops.errors import ExternalError
from nbmlops.lib.files import refusing_disk_errors
from nbmlops.lib.user_folder import user_cache

# Python's -c program of the child: the store's constructor runs the migrations.
_MAKE = """
import logging, sys
logging.disable(logging.INFO)
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
SqlAlchemyStore("sqlite:///" + sys.argv[1], "/nbmlops-template").engine.dispose()
"""


def cache_folder() -> Path:
    """Of the user; of the temporary folder where the user's cannot be written."""
    chosen = user_cache()
    with contextlib.suppress(OSError):
        chosen.mkdir(parents=True, exist_ok=True)
        if os.access(chosen, os.W_OK):
            return chosen
    # Named after the user: the temporary folder is shared, and nobody else's template is trusted.
    fallback = Path(tempfile.gettempdir()) / f"nbmlops-{os.getuid()}"
    fallback.mkdir(mode=0o700, parents=True, exist_ok=True)
    if fallback.stat().st_uid != os.getuid():
        return Path(tempfile.mkdtemp(prefix="nbmlops-"))
    return fallback


def template() -> Path:
    """The template for the installed MLflow, made if need be. Two askers at once make it once."""
    import importlib.metadata

    path = cache_folder() / f"mlflow-{importlib.metadata.version('mlflow')}.db"
    if path.exists():
        return path
    with locked(path.with_suffix(".lock")):
        if not path.exists():
            _make(path)
    return path


def copy_to(path: Path, artifacts: Path) -> None:
    """Make `path` a new database whose experiments keep their artifacts under `artifacts`.

    It appears at once and whole; a database that somebody else made meanwhile is kept.
    """
    source = template()
    path.parent.mkdir(parents=True, exist_ok=True)
    with refusing_disk_errors(path):
        handle, name = tempfile.mkstemp(prefix=".mlflow.", suffix=".db", dir=path.parent)
        os.close(handle)
        try:
            shutil.copyfile(source, name)
            with contextlib.closing(sqlite3.connect(name)) as database, database:
                database.execute(
                    "UPDATE experiments SET artifact_location = ? || '/' || experiment_id", (str(artifacts),)
                )
            with contextlib.suppress(FileExistsError):
                # link, unlike rename, refuses to replace the file that another process is already using.
                os.link(name, path)
        finally:
            for leftover in (name, f"{name}-wal", f"{name}-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(leftover)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; the lock goes with the process that holds it."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder) / "mlflow.db"
        child = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _MAKE, str(draft)],
            capture_output=True,
            text=True,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
            start_new_session=True,
            check=False,
        )
        if child.returncode != 0:
            last = child.stderr.strip().rpartition("\n")[2]
            raise ExternalError(
                f"MLflow could not make its database: {last or child.returncode}.",
                kind="mlflow-database-failed",
                hint="Check the installation of mlflow: python -c 'import mlflow'.",
            )
        with contextlib.closing(sqlite3.connect(draft)) as database:
            # Readers (sidebar, lists, mlflow ui) then never block the writer; the mode stays in the file.
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.replace(draft, path)
