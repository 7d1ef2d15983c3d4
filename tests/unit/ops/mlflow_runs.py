"""Runs written into a project's MLflow database, for verbs that read or change them."""

from __future__ import annotations

from collections.abc import Mapping

from nbmlops.project import Project
from nbmlops.track.messages import Point
from nbmlops.track.writer import Writer

NOW = 1_760_000_000_000


class Runs:
    def __init__(self, project: Project) -> None:
        self.project = project
        project.prepare_tracking()
        self.writer = Writer(project.uri, project.root)
        self.count = 0

    def add(
        self,
        name: str,
        *,
        experiment: str = "wine",
        params: Mapping[str, str] = {},
        metrics: Mapping[str, float | str] = {},
        tags: Mapping[str, str] = {},
        parent: str | None = None,
        status: str = "FINISHED",
    ) -> str:
        """The new run's id. Each begins a minute after the one before, and takes 30 s."""
        began = NOW + self.count * 60_000
        self.count += 1
        run = self.writer.open_run(
            name, experiment, tags=dict(tags), params=dict(params), parent=parent, started_ms=began
        )
        if metrics:
            self.writer.log_metrics(run, [Point(key, value, 0, began) for key, value in metrics.items()])
        if status != "RUNNING":
            self.writer.end_run(run, status, ended_ms=began + 30_000)
        return run
