"""The model of a run: its own, else the newest that a run inside of it has logged."""

from __future__ import annotations

from collections.abc import Iterable

from nbmlops.model.run import ModelView, RunView
from nbmlops.project import Project
from nbmlops.track.lists import children, models

READY = "READY"


def run_model(project: Project, run: RunView) -> ModelView | None:
    """Steps of a pipeline log the models of its run. None where no model is ready."""
    found = _ready(models(project.uri, run.id))
    if not found:
        inside = children(project.uri, run.id)
        found = _ready(model for child in inside for model in models(project.uri, child.id))
    return max(found, key=lambda model: (model.created is not None, model.created, model.id), default=None)


def _ready(found: Iterable[ModelView]) -> list[ModelView]:
    return [model for model in found if model.status == READY]
