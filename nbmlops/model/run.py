"""What a list or a page shows of an MLflow run. MLflow keeps the run; this is a view."""

from __future__ import annotations

from datetime import datetime

import msgspec


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    status: str
    """RUNNING, FINISHED, FAILED, KILLED or SCHEDULED."""
    experiment: str
    started: datetime | None = None
    ended: datetime | None = None
    parent: str | None = None
    params: dict[str, str] = {}
    metrics: dict[str, float] = {}
    """Last value of each."""
    tags: dict[str, str] = {}

    @property
    def seconds(self) -> float | None:
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()


class DatasetUse(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a run read, as MLflow's dataset input: real source, full digest."""

    name: str
    path: str
    """Relative to the project; absolute when outside of it."""
    digest: str
    size: int
    context: str = "read"
    """`training` where a model was fitted with it, else `read`."""


class Tags:
    """Our tags on MLflow runs. Their values name records in our store."""

    SESSION = "nbmlops.session"
    EXECUTION = "nbmlops.execution"
    NOTEBOOK = "nbmlops.notebook"
    CELL = "nbmlops.cell"
    DATA_SNAPSHOT = "nbmlops.snapshot.data"
    CODE_SNAPSHOT = "nbmlops.snapshot.code"
    GIT_COMMIT = "nbmlops.git.commit"
    GIT_BRANCH = "nbmlops.git.branch"
    GIT_DIRTY = "nbmlops.git.dirty"
    PIPELINE = "nbmlops.pipeline"
    STEP = "nbmlops.step"
    KIND = "nbmlops.kind"
    """How the run came about: `cell`, `fit`, `mlflow`, `batch`, `pipeline`, `step`."""
    FAILURE = "nbmlops.failure"
    MLFLOW_COMMIT = "mlflow.source.git.commit"
    MLFLOW_BRANCH = "mlflow.source.git.branch"
    MLFLOW_SOURCE = "mlflow.source.name"
    MLFLOW_PARENT = "mlflow.parentRunId"
    MLFLOW_NOTE = "mlflow.note.content"
