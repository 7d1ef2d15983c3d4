"""Where a pipeline lies in the image that is to execute it."""

from __future__ import annotations

from pathlib import Path

from nbmlops.errors import UsageError
from nbmlops.model.pipeline import Pipeline
from nbmlops.ports import Target
from nbmlops.project import Project


def target_in(project: Project, folder: Path, pipeline: Pipeline, *, image: str, project_folder: str) -> Target:
    """`folder`: the pipeline's. Raises UsageError where no image is named, or does not hold what the steps need."""
    works_in = (folder / pipeline.folder).resolve()
    if not works_in.is_relative_to(project.root):
        raise UsageError(
            f"The steps of {pipeline.name} work in {works_in}, which is not in the project.",
            kind="folder-outside",
            hint="The image holds the project: move the notebook into it and export again.",
        )
    if not image.strip():
        raise UsageError("An image has to be named.", kind="image-missing", hint="--image registry.example.org/wine:1")
    return Target(
        pipeline=pipeline,
        place=folder.resolve().relative_to(project.root).as_posix(),
        image=image,
        project=project_folder,
    )
