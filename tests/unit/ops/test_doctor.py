"""`doctor` says how well this machine sees what cells read, and what lowers it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbmlops.capture import folders
from nbmlops.capture.inotify import Inotify
from nbmlops.ops.call import Call
from nbmlops.ops.doctor import Check, Request, doctor
from nbmlops.ops.session import Session
from nbmlops.project import Project
from nbmlops.store.layout import SETTINGS


def inputs(project: Project) -> Check:
    (check,) = [check for check in doctor(Call(folder=project.root), Request()).checks if check.name == "inputs"]
    return check


def test_a_machine_with_fanotify_is_good(project: Project) -> None:
    check = inputs(project)
    assert check.is_good, check.found
    assert check.found.startswith("full, 1 folder watched by fanotify")
    assert check.remedy == ""


def test_a_machine_with_inotify_alone_says_what_that_means(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAKERS", (Inotify,))
    check = inputs(project)
    assert not check.is_good
    assert check.found == "watched, 1 folder watched by inotify; inotify does not say which process read a file"
    assert "docs/read-paths.md" in check.remedy


def test_settings_that_lower_it_are_named(project: Project) -> None:
    (project.root / SETTINGS).write_text('[capture]\ninputs = "hook"\n')
    assert inputs(project).found == 'partial; capture.inputs is "hook"'
    (project.root / SETTINGS).write_text('[capture]\nroots = ["elsewhere"]\nlargest_watch = 1\n')
    (project.root / "data").mkdir()
    found = inputs(project).found
    assert found.startswith("partial, 1 folder watched by ")
    assert "there are more than 1 folders (capture.largest_watch)" in found


@pytest.fixture
def session(project: Project) -> Iterator[Session]:
    made = Session(project, notebook=None, namespace={})
    made.sensors.install()
    yield made
    made.close()


def test_what_is_patched_for_the_inputs_is_listed_and_gone_afterwards(session: Session) -> None:
    import polars as pl

    original = pl.read_csv.__wrapped__
    result = doctor(Call(folder=session.project.root, session=session), Request())
    assert "polars.read_csv" in result.patched
    session.sensors.uninstall()
    assert pl.read_csv is original
    assert session.sensors.patched() == ()
