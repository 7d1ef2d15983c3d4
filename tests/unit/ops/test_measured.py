"""Kept steps of runs that did not come to their end: what they measured is asked of MLflow."""

from __future__ import annotations

import os
from typing import Any

import msgspec
import pytest

from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.process import boot_id, process_started
from nbmlops.model.cell import SessionInfo
from nbmlops.model.live import LiveRun
from nbmlops.model.run import Tags
from nbmlops.model.step_cache import Observed, StepEntry, StepKey
from nbmlops.ops.measured import measured
from nbmlops.project import Project
from nbmlops.track.journal import JournalPen
from nbmlops.track.messages import EndRun, LogMetrics, OpenRun, Point, encoder
from tests.unit.ops.mlflow_runs import NOW, Runs

RESULT = "01result"


@pytest.fixture
def entry() -> StepEntry:
    return StepEntry(
        id=new_id(),
        key=StepKey(kernel="python3", python="3.11", cells=(), parameters={}, takes={}),
        observed=Observed(),
        pipeline="wine",
        step="train",
        made=utc_now(),
        seconds=60.0,
        notebook="0" * 64,
        is_measured=False,
        result=RESULT,
    )


def a_run(project: Project, status: str = "FINISHED") -> str:
    """Of the pipeline, killed, and of its step."""
    runs = Runs(project)
    parent = runs.add("wine", tags={Tags.RESULT: RESULT}, status="KILLED")
    runs.add("prepare", parent=parent, tags={Tags.STEP: "prepare"}, metrics={"rows": 100})
    return runs.add("train", parent=parent, tags={Tags.STEP: "train"}, metrics={"score": 0.9}, status=status)


def under_way(project: Project, pid: int) -> None:
    """A run that goes on, in a process that lives."""
    session = SessionInfo(
        id=new_id(), notebook="", host=os.uname().nodename, pid=pid, started=utc_now(), door="pipeline",
        process_started=process_started(pid), boot=boot_id(),
    )  # fmt: skip
    project.records.put(session, id=session.id)
    live = LiveRun(
        id=RESULT, session=session.id, name="wine", source="pipelines/wine", pipeline="1", folder="", parameters={},
        started=utc_now(), steps=(),
    )  # fmt: skip
    project.records.put(live, id=RESULT)


def test_a_step_that_came_to_its_end_has_measured_what_its_run_says(project: Project, entry: StepEntry) -> None:
    run = a_run(project)
    whole = measured(project, entry)
    assert whole == msgspec.structs.replace(entry, run=run, metrics={"score": 0.9}, is_measured=True)


@pytest.mark.parametrize("status", ["KILLED", "RUNNING"])
def test_of_one_that_was_killed_some_may_be_missing(project: Project, entry: StepEntry, status: str) -> None:
    a_run(project, status)
    assert measured(project, entry) is None


def test_mlflow_may_know_nothing_of_it(project: Project, entry: StepEntry) -> None:
    Runs(project)
    assert measured(project, entry) is None


def test_a_run_of_another_process_tells_when_its_step_has_ended(project: Project, entry: StepEntry) -> None:
    under_way(project, os.getppid())
    Runs(project)
    assert measured(project, entry) is None
    a_run(project)
    whole = measured(project, entry)
    assert whole is not None
    assert whole.metrics == {"score": 0.9}


def test_steps_of_one_run_may_stand_for_each_other(project: Project, entry: StepEntry) -> None:
    Runs(project)
    under_way(project, os.getpid())
    assert measured(project, entry) is entry


def test_what_waited_for_its_server_is_sent_first(project: Project, entry: StepEntry) -> None:
    Runs(project)
    pen = JournalPen(project.layout.spool, "01dead")
    messages: list[Any] = [
        OpenRun(key="a", experiment="wine", name="wine", tags={Tags.RESULT: RESULT}, started_ms=NOW),
        OpenRun(key="b", experiment="wine", name="train", tags={Tags.STEP: "train"}, parent="a", started_ms=NOW),
        LogMetrics(key="b", points=(Point("score", 0.9, 0, NOW),)),
        EndRun(key="b", ended_ms=NOW + 1, status="FINISHED"),
    ]
    for message in messages:
        pen.append(encoder.encode(message) + b"\n")
    pen.close()
    whole = measured(project, entry)
    assert whole is not None
    assert (whole.metrics, whole.is_measured) == ({"score": 0.9}, True)
    assert not list(project.layout.spool.glob("*.jsonl"))
