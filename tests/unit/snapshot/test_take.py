from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from nbmlops.errors import ConflictError
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.snapshot import Scope, SnapshotRecord
from nbmlops.project import Project
from nbmlops.snapshot.take import take
from tests.unit.snapshot.trees import back, scanned, taken


def test_the_same_content_is_the_same_snapshot_and_costs_nothing(project: Project, data: Path) -> None:
    first = taken(project)
    packs = project.objects.packs.names()
    again = taken(project)
    assert again == first
    assert project.objects.packs.names() == packs
    assert project.records.newest(SnapshotRecord) == (first,)


def test_a_message_makes_a_record_of_its_own_for_the_same_snapshot(project: Project, data: Path) -> None:
    first, second = taken(project), taken(project, message="before cleaning")
    assert second.snapshot == first.snapshot
    assert (second.message, second.stored, second.parent) == ("before cleaning", 0, None)
    assert len(project.records.newest(SnapshotRecord)) == 2


def test_a_change_of_one_file_stores_that_file_and_the_list_only(project: Project, data: Path) -> None:
    first = taken(project)
    (data / "a.csv").write_bytes(b"3,4\n")
    second = taken(project)
    assert second.snapshot != first.snapshot
    assert second.parent == first.snapshot
    assert (second.files, second.size) == (3, 1004)
    assert project.objects.read(digest_bytes(b"1,2\n")) == b"1,2\n"
    packs = [project.objects.packs.trailer(name) for name in project.objects.packs.names()]
    assert sorted(len(entries) for entries in packs) == [3, 3 + 2]  # what changed; snapshot and record


def test_going_back_to_old_content_brings_the_old_identity_back(project: Project, data: Path) -> None:
    first = taken(project)
    (data / "a.csv").write_bytes(b"3,4\n")
    second = taken(project)
    (data / "a.csv").write_bytes(b"1,2\n")
    third = taken(project)
    assert (third.snapshot, third.parent) == (first.snapshot, second.snapshot)


def test_a_file_that_changes_between_scan_and_take_is_refused_and_nothing_is_recorded(
    project: Project, data: Path
) -> None:
    found = scanned(project)
    for change in (lambda path: path.write_bytes(b"9,9\n"), lambda path: path.unlink()):
        change(data / "a.csv")
        with pytest.raises(ConflictError, match=r"a\.csv changed while it was read"):
            take(
                found.entries,
                places=found.places,
                scope=Scope.DATA,
                objects=project.objects,
                records=project.records,
                id=new_id(),
                taken=utc_now(),
            )
    assert project.records.newest(SnapshotRecord) == ()


def test_a_taker_killed_in_the_middle_leaves_only_snapshots_that_can_be_restored(project: Project) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from nbmlops.ops.snapshot import take_data
        from nbmlops.project import Project
        project = Project.find(Path(sys.argv[1]))
        print("ready", flush=True)
        while True:
            for number in range(5):
                (project.root / "data" / str(number)).write_bytes(os.urandom(300_000))
            take_data(project, [project.root / "data"])
    """
    (project.root / "data").mkdir()
    command = [sys.executable, "-c", textwrap.dedent(code), project.root]
    for pause in (0.15, 0.25):
        child = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert child.stdout is not None
        with child.stdout:
            child.stdout.readline()
            time.sleep(pause)
            child.kill()
        child.wait()
    records = project.records.newest(SnapshotRecord)
    assert records
    for number, record in enumerate(records):
        assert len(back(project, record, to=project.root / f"back{number}")) == record.files
