"""What a kept step has measured, where its run was killed, or lost its server, before that could be noted."""

from __future__ import annotations

import msgspec

from nbmlops.model.live import LiveRun
from nbmlops.model.run import RunView, Tags
from nbmlops.model.step_cache import StepEntry
from nbmlops.ops.live_run import is_under_way
from nbmlops.project import Project
from nbmlops.track.lists import children, list_runs
from nbmlops.track.spool import pending, send_pending


def measured(project: Project, entry: StepEntry, own: str = "") -> StepEntry | None:
    """The entry with its MLflow run and metrics; None when nobody can say now what it has measured.

    What dead processes have left in the spool is sent to MLflow first, which may take some seconds. `own`: the session
    of this process.
    """
    live = project.records.get(LiveRun, entry.result)
    run = _run_of(project, entry)
    if run is None and live is not None and is_under_way(project, live):
        # Steps of one run may stand for each other: what they measure is noted at its end.
        return entry if live.session == own else None
    if run is None:
        _send(project, own, live.session if live is not None else "")
        run = _run_of(project, entry)
    if run is None:
        return None
    return msgspec.structs.replace(entry, run=run.id, metrics=run.metrics, is_measured=True)


def _run_of(project: Project, entry: StepEntry) -> RunView | None:
    """The step's, once all that its kernel has logged is in it: what was killed may lack some."""
    parent = next(iter(list_runs(project.uri, limit=1, tags={Tags.RESULT: entry.result})), None)
    found = children(project.uri, parent.id) if parent is not None else ()
    return next((run for run in found if run.tags.get(Tags.STEP) == entry.step and run.status == "FINISHED"), None)


def _send(project: Project, own: str, awaited: str) -> None:
    from nbmlops.ops.scribe import OF_RUNS

    if pending(project.layout.spool, own=own):
        send_pending(
            project.layout.spool, project.home, project.uri, extras=OF_RUNS, own=own,
            awaited=awaited if awaited != own else "",
        )  # fmt: skip
