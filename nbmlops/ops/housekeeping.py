"""What a list should not show as running: runs whose kernel has died, and messages that a dead one left behind."""

from __future__ import annotations

from nbmlops.project import Project
from nbmlops.track.address import sqlite_path
from nbmlops.track.orphans import end_orphans


def sweep(project: Project) -> int:
    """End the runs of dead kernels; returns how many. Nothing to do, and no MLflow needed, where there is no store."""
    path = sqlite_path(project.uri)
    if path is not None and not path.exists():
        return 0
    return len(end_orphans(project.uri, project.is_alive))
