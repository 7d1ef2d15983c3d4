"""What a kept step has measured, where its run was killed, or lost its server, before that could be noted."""

from __future__ import annotations

import os

import msgspec

from nbmlops.lib.process import process_started
from nbmlops.model.cell import SessionInfo
from nbmlops.model.live import LiveRun
from nbmlops.model.run import RunView, Tags
from nbmlops.model.step_cache import StepEntry
from nbmlops.ops.live_run import is_under_way
from nbmlops.project import Project
from nbmlops.track.lists import children, list_runs
from nbmlops.track.spool import pending, send_pending


def measured(project: Project, entry: StepEntry) -> StepEntry | None:
    """The entry with its MLflow run and metrics; None when nobody can say now what it has measured.

    What dead processes have left in the spool is sent to MLflow first, which may take some seconds.
    """
    live = project.records.get(LiveRun, entry.result)
    run = _run_of(project, entry)
    if run is None and live is not None and is_under_way(project, live):
        # Steps of one run may stand for each other: what they measure is noted at its end.
        return entry if _is_ours(project, live) else None
    if run is None:
        _send(project, live.session if live is not None else "")
        run = _run_of(project, entry)
    if run is None:
        return None
    return msgspec.structs.replace(entry, run=run.id, metrics=run.metrics, is_measured=True)


def _is_ours(project: Project, live: LiveRun) -> bool:
    """Whether it is this process that runs it."""
    session = project.records.get(SessionInfo, live.session)
    own = os.getpid()
    return session is not None and session.pid == own and session.process_started == process_started(own)


def _run_of(project: Project, entry: StepEntry) -> RunView | None:
    """The step's, once all that its kernel has logged is in it: what was killed may lack some."""
    parent = next(iter(list_runs(project.uri, limit=1, tags={Tags.RESULT: entry.result})), None)
    found = children(project.uri, parent.id) if parent is not None else ()
    return next((run for run in found if run.tags.get(Tags.STEP) == entry.step and run.status == "FINISHED"), None)


def _send(project: Project, awaited: str) -> None:
    from nbmlops.ops.scribe import OF_RUNS

    spool = project.layout.spool
    if pending(spool):
        send_pending(spool, project.home, project.uri, extras=OF_RUNS, awaited=awaited)
