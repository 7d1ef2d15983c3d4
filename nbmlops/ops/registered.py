"""The model of a run as a version of a registered model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbmlops.errors import NotFoundError
from nbmlops.model.run import RunView
from nbmlops.ops.run_model import run_model
from nbmlops.project import Project
from nbmlops.track import edit
from nbmlops.track.lists import find_run
from nbmlops.track.registry import version_made_of

if TYPE_CHECKING:
    from nbmlops.track.writer import Writer

RUN_TAG = "nbmlops.run"
"""Of a version: the pipeline's run that made it."""


def register(project: Project, run: RunView, name: str) -> str:
    """The version of `name` that the run's model is, made if need be; it gets no alias by that.

    Raises NotFoundError where the run has logged no model, and what MLflow refuses.
    """
    model = run_model(project, run)
    if model is None:
        raise NotFoundError(
            f"The run {run.name} has logged no model.",
            kind="model-missing",
            hint="Fit one in its notebook with tracking on, and export it again.",
        )
    version = version_made_of(project.uri, name, model) or edit.register(project.uri, model, name)
    if edit.version_tags(project.uri, name, version).get(RUN_TAG) != run.id:
        edit.tag_version(project.uri, name, version, {RUN_TAG: run.id})
    return version


def record_version(writer: Writer, run: str | None, body: dict[str, Any]) -> dict[str, str] | None:
    """A message of the scribe's, which has MLflow at hand: body `model` is the name to register the run's model under.

    A run without one says so when somebody asks for the version.
    """
    project = Project(Path(writer.root))
    if run is not None and run_model(project, found := find_run(project.uri, run)) is not None:
        register(project, found, str(body["model"]))
    return None
