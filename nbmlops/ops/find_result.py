"""The run of a pipeline that a person means."""

from __future__ import annotations

from nbmlops.errors import NotFoundError
from nbmlops.model.pipeline import PipelineResult
from nbmlops.model.run import Tags
from nbmlops.project import Project
from nbmlops.track.lists import find_run


def find_result(project: Project, ref: str) -> PipelineResult:
    """By MLflow id, the first letters of one, name, or `last`. A step's run leads to that of its pipeline.

    Raises NotFoundError.
    """
    if ref == "last":
        found = project.records.newest(PipelineResult, limit=1)
        if not found:
            raise NotFoundError("No pipeline has run yet.", kind="result-missing", hint="Run one: nbmlops run PIPELINE")
        return found[0]
    run = find_run(project.uri, ref)
    if Tags.RESULT not in run.tags and (parent := run.tags.get("mlflow.parentRunId")):
        run = find_run(project.uri, parent)
    result = project.records.get(PipelineResult, run.tags.get(Tags.RESULT, ""))
    if result is None:
        raise NotFoundError(
            f"Run {ref} is none of a pipeline, or did not get as far as its first step.",
            kind="result-missing",
            hint="List the runs: nbmlops runs",
        )
    return result
