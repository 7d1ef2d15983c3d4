"""What is under way: records that processes keep of themselves while they work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from nbmlops.model.documents import Document
from nbmlops.model.pipeline import StepResult, StepState


class LiveStep(msgspec.Struct, frozen=True, kw_only=True):
    result: StepResult
    """As far as it has got."""
    done: int = 0
    """The cell that is being executed, from 1."""
    total: int = 0
    preview: str = ""
    """First line of that cell."""
    since: datetime | None = None
    """When the step began."""


class LiveRun(Document, frozen=True, kw_only=True, tag="pipeline-live"):
    """A run of a pipeline that has not ended, under the id that its PipelineResult will have.

    It goes when that is written. One whose session is dead was killed.
    """

    id: str
    session: str
    """Of the process that runs it."""
    name: str
    source: str
    """The pipeline's folder, relative to the project."""
    pipeline: str
    """Identity of the pipeline."""
    folder: str
    parameters: dict[str, Any]
    started: datetime
    steps: tuple[LiveStep, ...]
    parent: str = ""
    """The sweep that it belongs to: key or MLflow id of that run."""
    data: str = ""
    code: str = ""
    workspace: str = ""
    state: StepState = StepState.RUNNING
    """failed or killed, where it has ended without a result."""
    failure: str = ""
    """Why."""


class BestTrial(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    value: float
    values: dict[str, str]
    """Of the swept parameters, as Python writes them."""
    run: str


class SweepRecord(Document, frozen=True, kw_only=True, tag="sweep"):
    """A sweep, while it goes and afterwards."""

    id: str
    session: str
    name: str
    pipeline: str
    """Name of the pipeline."""
    source: str
    """Its folder, relative to the project."""
    run: str
    """MLflow run id."""
    metric: str
    direction: str
    sampler: str
    space: tuple[str, ...]
    trials: int
    """How many there shall be."""
    done: int = 0
    failed: int = 0
    pruned: int = 0
    best: BestTrial | None = None
    started: datetime
    ended: datetime | None = None
    state: str = "running"
    """running, done, failed or killed."""
    params_file: str = ""
    """The best values, for `run -f`."""
