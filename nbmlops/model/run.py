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
    TRACE = "nbmlops.trace"
    """Digest of the Trace: what ran, with outputs and random states."""
    REPRODUCED = "nbmlops.reproduced"
    """The last verdict of `reproduce`, and when."""
    RECEIVED = "nbmlops.received"
    """Of a run that came in a package: its id where it was made."""
    PROBLEM = "nbmlops.snapshot.problem"
    """Why the data snapshot is not all that the run read."""
    COMPLETENESS = "nbmlops.completeness"
    """How much of what the run read can have been seen: `full`, `watched` or `partial`."""
    GIT_COMMIT = "nbmlops.git.commit"
    GIT_BRANCH = "nbmlops.git.branch"
    GIT_DIRTY = "nbmlops.git.dirty"
    PIPELINE = "nbmlops.pipeline"
    STEP = "nbmlops.step"
    RESULT = "nbmlops.result"
    """Id of the PipelineResult of a pipeline's run."""
    ORCHESTRATED = "nbmlops.orchestrated"
    """Of a pipeline's run that Tekton or Kubeflow executes, and of its steps: the run's id there."""
    KEPT_FROM = "nbmlops.kept_from"
    """Of a step that was not executed: the run whose results stand for it."""
    RUN_DATA = "nbmlops.run.data"
    """Of a pipeline's run in a workspace: the data snapshot that was laid out for it."""
    RUN_CODE = "nbmlops.run.code"
    """The code snapshot or the commit that was."""
    MODELS_TAKEN = "nbmlops.models"
    """Registered models that it was given, with their versions: `models:/wine@champion is version 3`, one a line."""
    OUTPUT_SNAPSHOT = "nbmlops.snapshot.output"
    """The snapshot of what the run has written: of `batch`."""
    KIND = "nbmlops.kind"
    """How the run came about: `cell`, `fit`, `mlflow`, `keep`, `log`, `batch`, `pipeline`, `step`, `scoring`,
    `evaluate`, `explanation`."""
    EVALUATED_RUN = "nbmlops.evaluated.run"
    """Of an evaluation or explanation: the run that made the model."""
    EVALUATED_MODEL = "nbmlops.evaluated.model"
    """MLflow's id of the model, or the package's digest."""
    GATE = "nbmlops.gate"
    """`passed` or `failed`."""
    CONTRACT = "nbmlops.contract"
    """`kept` or `broken`, by the last `validate` in the run."""
    FAILURE = "nbmlops.failure"
    KEY = "nbmlops.key"
    """What the kernel called the run before MLflow gave it an id; tells a message sent twice."""
    MODEL = "nbmlops.model"
    """Id of the logged model, or why there is none: `skipped: ...`."""
    ESTIMATOR = "nbmlops.estimator"
    """Module and class of what was fitted."""
    COLUMNS = "nbmlops.columns"
    """Names of the training columns."""
    ROWS = "nbmlops.rows"
    MLFLOW_COMMIT = "mlflow.source.git.commit"
    MLFLOW_BRANCH = "mlflow.source.git.branch"
    MLFLOW_SOURCE = "mlflow.source.name"
    MLFLOW_USER = "mlflow.user"
    MLFLOW_SOURCE_TYPE = "mlflow.source.type"
    MLFLOW_NAME = "mlflow.runName"
    MLFLOW_PARENT = "mlflow.parentRunId"
    MLFLOW_NOTE = "mlflow.note.content"


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a run logged."""

    id: str
    name: str
    status: str
    location: str
    """Where its files are."""
    run: str
    created: datetime | None = None
    tags: dict[str, str] = {}
