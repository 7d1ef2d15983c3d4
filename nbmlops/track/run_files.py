"""Text that a run has among its artifacts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nbmlops.track.address import sqlite_path
from nbmlops.track.client import connect
from nbmlops.track.lists_sqlite import artifact_uri
from nbmlops.track.model_files import local_place, moved_places


def read_text(uri: str, run: str, file: str, *, artifacts: Path) -> str | None:
    """None where the file is not there, or MLflow's store does not give it. `artifacts`: where this project's own
    MLflow keeps files. Raises UnavailableError of a tracking server that does not answer.
    """
    database = sqlite_path(uri)
    location = artifact_uri(database, run) if database is not None else connect(uri).get_run(run).info.artifact_uri
    if not location:
        return None
    if (local := local_place(location)) is not None:
        for folder in (local, *moved_places(local, artifacts)):
            try:
                return (folder / file).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
        return None
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with tempfile.TemporaryDirectory(prefix="nbmlops-text-") as target:
        try:
            found = get_artifact_repository(location, tracking_uri=uri).download_artifacts(file, dst_path=target)
            return Path(found).read_text(encoding="utf-8")
        except Exception:  # noqa: BLE001 - MLflow passes on what each store's own client raises
            return None
