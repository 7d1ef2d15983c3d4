"""`nbmlops.log_metric` in loops."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbmlops
from nbmlops.doors import loops
from nbmlops.doors.magics import extension
from nbmlops.errors import UsageError
from nbmlops.ops.metrics import log_points
from nbmlops.ops.session import Session
from nbmlops.project import Project
from nbmlops.track.lists import find_run, list_runs
from nbmlops.track.messages import LogMetrics


@pytest.fixture
def session(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.chdir(project.root)
    made = Session(project, notebook=project.root / "wine.ipynb", namespace={})
    monkeypatch.setattr(extension, "session", lambda: made)
    yield made
    made.close(60.0)


def history(project: Project, run: str, name: str) -> list[tuple[int, float]]:
    from mlflow import MlflowClient

    return [(point.step, point.value) for point in MlflowClient(project.uri).get_metric_history(run, name)]


def test_a_loop_becomes_the_history_of_the_cells_run(session: Session) -> None:
    opened = session.open_cell_run("baseline", {})
    for step in range(2500):
        nbmlops.log_metric("loss", 1.0 / (step + 1), step)
    nbmlops.log_metrics({"accuracy": np.float32(0.5), "auc": np.array([0.75])}, step=3)
    nbmlops.log_metric("odd", float("nan"))
    run = find_run(session.project.uri, session.resolve(opened.key))
    assert sorted(history(session.project, run.id, "loss")) == [(step, 1.0 / (step + 1)) for step in range(2500)]
    assert (run.metrics["accuracy"], run.metrics["auc"], run.metrics["loss"]) == (0.5, 0.75, 1.0 / 2500)
    assert run.metrics["odd"] != run.metrics["odd"]


def test_without_an_open_run_it_goes_where_the_magic_logs_to(session: Session) -> None:
    nbmlops.log_metric("loss", 0.5)
    nbmlops.log_metric("loss", 0.25, step=1)
    session.scribe.flush(60.0)
    (run,) = list_runs(session.project.uri)
    assert (run.name, run.metrics) == ("wine-log", {"loss": 0.25})


@pytest.mark.parametrize(
    ("name", "value", "step", "kind"),
    [
        ("a//b", 1.0, 0, "metric-name"),
        (None, 1.0, 0, "metric-name"),
        ("loss", "0.5x", 0, "metric-value"),
        ("loss", None, 0, "metric-value"),
        ("loss", np.array([1.0, 2.0]), 0, "metric-value"),
        ("loss", 1.0, "last", "metric-step"),
        ("loss", 1.0, 1 << 63, "metric-step"),
    ],
)
def test_what_mlflow_would_refuse_is_refused_at_the_call(
    session: Session, monkeypatch: pytest.MonkeyPatch, name: Any, value: Any, step: Any, kind: str
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(session, "send", sent.append)
    with pytest.raises(UsageError) as refused:
        nbmlops.log_metrics({"good": 1.0, name: value}, step=step)
    assert refused.value.kind == kind
    assert not any(isinstance(message, LogMetrics) for message in sent)


def test_where_nothing_is_tracked_it_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loops, "_has_complained", False)
    with caplog.at_level(logging.WARNING, "nbmlops"):
        nbmlops.log_metric("loss", 1.0)
        nbmlops.log_metrics({"loss": 1.0})
    assert len(caplog.records) == 1
    assert "%load_ext nbmlops" in caplog.text


def test_a_rehearsal_and_a_session_that_is_off_record_nothing_and_say_nothing(
    session: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session.switch(False)
    nbmlops.log_metric("loss", 1.0)
    monkeypatch.setattr(extension, "session", lambda: None)
    monkeypatch.setenv("NBMLOPS_TRACKING", "off")
    monkeypatch.setattr(loops, "_has_complained", False)
    nbmlops.log_metric("loss", 1.0)
    session.scribe.flush(60.0)
    assert list_runs(session.project.uri) == ()
    assert caplog.text == ""


KERNEL = """
import sys
from pathlib import Path
from nbmlops.ops.metrics import log_points
from nbmlops.ops.session import Session
from nbmlops.project import Project
session = Session(Project(Path(sys.argv[1])), notebook=None, namespace={})
session.open_cell_run("loop", {})
for step in range(10**9):
    log_points(session, {"loss": float(step)}, step)
    if step % 1000 == 0:
        print(step, flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_kernel_that_is_killed_in_a_loop_loses_nothing(project: Project, how: signal.Signals) -> None:
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL, str(project.root)],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
    )
    assert kernel.stdout is not None
    last = 0
    for line in kernel.stdout:
        last = int(line)
        if last >= 5000:
            break
    kernel.send_signal(how)
    last = max([last, *(int(line) for line in kernel.stdout)])
    kernel.wait(20)
    kernel.stdout.close()
    deadline = time.monotonic() + 60
    while any(Path(project.layout.spool).glob("*.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (run,) = list_runs(project.uri)
    assert run.status == "KILLED"
    points = history(project, run.id, "loss")
    assert len(points) > last
    assert sorted(points) == [(step, float(step)) for step in range(len(points))]


def test_points_in_a_forked_child_are_not_written_and_the_parents_are_not_twice(session: Session) -> None:
    nbmlops.log_metric("loss", 1.0, 1)
    child = os.fork()
    if child == 0:
        try:
            log_points(session, {"loss": 2.0}, 2)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    nbmlops.log_metric("loss", 3.0, 3)
    session.scribe.flush(60.0)
    (run,) = list_runs(session.project.uri)
    assert history(session.project, run.id, "loss") == [(1, 1.0), (3, 3.0)]
