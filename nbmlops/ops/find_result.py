"""The run of a pipeline that a person means."""

from __future__ import annotations

from nbmlops.errors import NotFoundError, StateError
from nbmlops.model.live import LiveRun
from nbmlops.model.pipeline import PipelineResult
from nbmlops.model.run import Tags
from nbmlops.ops.live_run import is_under_way, result_of_killed
from nbmlops.project import Project
from nbmlops.track.lists import find_run, list_runs


def find_result(project: Project, ref: str) -> PipelineResult:
    """By MLflow id, the first letters of one, name, or `last`. A step's run leads to that of its pipeline.

    Of a run that was killed outright it is what its record says. Raises NotFoundError, and StateError for one that is
    under way.
    """
    if ref == "last":
        found = project.records.newest(PipelineResult, limit=1)
        killed = [each for each in project.records.newest(LiveRun, limit=100) if not is_under_way(project, each)]
        if killed and (not found or killed[0].id > found[0].id):
            killed_run = next(iter(list_runs(project.uri, limit=1, tags={Tags.RESULT: killed[0].id})), None)
            return result_of_killed(killed[0], killed_run.id if killed_run is not None else "")
        if not found:
            raise NotFoundError("No pipeline has run yet.", kind="result-missing", hint="Run one: nbmlops run PIPELINE")
        return found[0]
    run = find_run(project.uri, ref)
    if Tags.RESULT not in run.tags and (parent := run.tags.get("mlflow.parentRunId")):
        run = find_run(project.uri, parent)
    result = project.records.get(PipelineResult, run.tags.get(Tags.RESULT, ""))
    live = project.records.get(LiveRun, run.tags.get(Tags.RESULT, "")) if result is None else None
    if live is not None:
        if is_under_way(project, live):
            raise StateError(
                f"Run {run.name} is under way.", kind="run-running", hint="Wait for its end, or stop it.", run=run.id
            )
        return result_of_killed(live, run.id)
    if result is None:
        raise NotFoundError(
            f"Run {ref} is none of a pipeline, or did not get as far as its first step.",
            kind="result-missing",
            hint="List the runs: nbmlops runs",
        )
    return result
