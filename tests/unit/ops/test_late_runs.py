"""A run that is asked for while the scribe of its notebook still writes it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from nbmlops.errors import NotFoundError
from nbmlops.ops import late_runs
from nbmlops.ops.call import Call
from nbmlops.ops.verbs import find_verb
from nbmlops.project import Project
from nbmlops.track.journal import Journal, JournalPen
from tests.unit.ops.mlflow_runs import Runs


@pytest.fixture
def journal(project: Project) -> Journal:
    """Of a notebook that has just been closed."""
    pen = JournalPen(project.layout.spool, "01closed")
    pen.append(b"{}\n")
    pen.close()
    return Journal(project.layout.spool, "01closed")


def show(project: Project, run: str) -> str:
    verb = find_verb("show")
    shown: Any = verb.operation(Call(project.root), verb.request(run=run))
    return str(shown.run.name)


def test_it_is_found_once_it_is_written(project: Project, journal: Journal) -> None:
    made = Runs(project)
    made.add("early")

    def write() -> None:
        made.add("late")
        journal.remove()

    scribe = Timer(0.3, write)
    scribe.start()
    assert show(project, "late") == "late"
    scribe.join()


def test_what_nobody_writes_is_not_waited_for(
    project: Project, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    Runs(project).add("early")
    hour_ago = time.time() - 3600
    os.utime(journal.path, (hour_ago, hour_ago))
    monkeypatch.setattr(late_runs, "LONGEST_WAIT", 600.0)
    with pytest.raises(NotFoundError, match="no run late"):
        show(project, "late")


def test_a_scribe_that_takes_too_long_is_not_waited_for(
    project: Project, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    Runs(project).add("early")
    monkeypatch.setattr(late_runs, "LONGEST_WAIT", 0.2)
    with pytest.raises(NotFoundError, match="no run late"):
        show(project, "late")


def test_outside_of_a_project_nobody_writes(tmp_path: Path) -> None:
    assert not late_runs.written(Call(tmp_path))
