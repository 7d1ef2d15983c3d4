"""`snapshots`: who uses them, and what they take."""

from __future__ import annotations

import os

import pytest

from nbmlops.doors.render.pages import page
from nbmlops.doors.render.terminal import plain_text
from nbmlops.model.run import Tags
from nbmlops.model.snapshot import Scope, SnapshotRecord
from nbmlops.ops.call import Call
from nbmlops.ops.snapshot import take_data
from nbmlops.ops.snapshots import Request, Result, snapshots
from nbmlops.project import Project
from nbmlops.track import runs_client, snapshot_runs
from nbmlops.track.snapshot_runs import Users
from tests.unit.ops.mlflow_runs import Runs


def taken(project: Project, data: bytes) -> SnapshotRecord:
    path = project.root / "data.bin"
    path.write_bytes(data)
    return take_data(project, [path])


def asked(project: Project) -> Result:
    return snapshots(Call(project.root), Request())


def told(users: Users) -> tuple[int, list[str]]:
    return users.total, [run.name for run in users.runs]


def test_the_runs_that_use_a_snapshot_are_named(project: Project) -> None:
    used, alone = taken(project, b"used"), taken(project, b"alone")
    runs = Runs(project)
    runs.add("first", tags={Tags.DATA_SNAPSHOT: used.snapshot})
    runs.add("both", tags={Tags.CODE_SNAPSHOT: used.snapshot, Tags.RUN_DATA: used.snapshot})
    runs.add("other", tags={Tags.DATA_SNAPSHOT: "ab" * 32, "note": alone.snapshot})
    gone = runs.add("gone", tags={Tags.DATA_SNAPSHOT: used.snapshot})
    runs.writer.client.delete_run(gone)
    result = asked(project)
    assert result.problem == ""
    assert {snapshot: told(users) for snapshot, users in result.users.items()} == {
        used.snapshot: (2, ["both", "first"])
    }
    assert "both, first" in plain_text(page(result), width=200)


def test_of_many_runs_the_newest_are_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    record = taken(project, b"used")
    runs = Runs(project)
    for number in range(6):
        runs.add(f"r{number}", tags={Tags.DATA_SNAPSHOT: record.snapshot})
    monkeypatch.setattr(snapshot_runs, "MOST", 4)
    own = asked(project).users[record.snapshot]
    assert told(own) == (6, ["r5", "r4", "r3", "r2"])
    assert "r5, r4, r3 and 3 more" in plain_text(page(asked(project)), width=200)
    # As a server is asked.
    monkeypatch.setattr(snapshot_runs, "sqlite_path", lambda uri: None)
    assert snapshot_runs.snapshot_runs(project.uri, [record.snapshot]) == {record.snapshot: own}
    assert len(runs_client.newest(project.uri)) == 6


def test_what_is_in_several_snapshots_is_stored_once(project: Project) -> None:
    assert asked(project).store.snapshots == 0
    common = os.urandom(400_000)
    first = taken(project, common)
    second = taken(project, common + b"more")
    taken(project, common)
    store = asked(project).store
    assert (store.snapshots, store.bytes) == (2, first.size + second.size)
    assert 400_000 < store.disk < store.bytes
    assert "2 snapshots with 800.0 kB in files" in plain_text(page(asked(project)), width=200)


def test_a_damaged_database_of_runs_hides_no_snapshot(project: Project) -> None:
    record = taken(project, b"used")
    Runs(project)
    path = project.layout.folder / "mlflow.db"
    for each in project.layout.folder.glob("mlflow.db*"):
        each.unlink()
    path.write_bytes(b"nonsense" * 1000)
    result = asked(project)
    assert [each.snapshot for each in result.snapshots] == [record.snapshot]
    assert result.users == {}
    assert "is damaged" in plain_text(page(result), width=200)
    assert record.scope is Scope.DATA
