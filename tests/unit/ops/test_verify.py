"""Damage is named with the snapshots that need it, never restored, and healed from the originals."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from nbmlops.errors import IntegrityError
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.snapshot import SnapshotRecord
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.restore import Request as RestoreRequest
from nbmlops.ops.restore import restore
from nbmlops.ops.snapshot import take_data
from nbmlops.ops.verify import Request, Result, verify
from nbmlops.project import Project
from nbmlops.store.pack import Kind

NOISE = os.urandom(400_000)


@pytest.fixture
def kept(project: Project) -> SnapshotRecord:
    data = project.root / "data"
    data.mkdir()
    (data / "large.bin").write_bytes(NOISE)
    (data / "small.csv").write_text("a,b\n")
    return take_data(project, [data], message="before cleaning")


def verified(project: Project, **how: bool) -> Result:
    return verify(Call(project.root), Request(**how))


def flip(project: Project, kind: Kind, least: int = 0) -> None:
    """A bit in the middle of the first entry of a kind."""
    for name in project.objects.packs.names():
        for entry in project.objects.packs.trailer(name):
            if entry.kind == kind and entry.stored > least:
                with project.objects.packs.path(name).open("r+b") as file:
                    file.seek(entry.offset + entry.stored // 2)
                    byte = file.read(1)[0]
                    file.seek(-1, os.SEEK_CUR)
                    file.write(bytes([byte ^ 16]))
                return
    raise AssertionError(f"there is no {kind.name}")


def forget(project: Project, *names: str) -> Project:
    """Delete databases; the project as the next process opens it."""
    project.database.close()
    project.objects.index.database.close()
    for name in names:
        for path in project.layout.folder.glob(f"{name}*"):
            path.unlink()
    return Project.find(project.root)


def test_a_good_store_is_called_good(project: Project, kept: SnapshotRecord) -> None:
    events: list[Progress] = []
    result = verify(Call(project.root, progress=events.append), Request())
    assert (result.exit_code, result.damaged, result.snapshots, result.packs) == (0, (), (), 1)
    assert result.entries == len(project.objects.packs.trailer(project.objects.packs.names()[0]))
    assert (events[-1].done, events[-1].state) == (result.bytes_read, "done")


@pytest.mark.parametrize(("kind", "what"), [(Kind.CHUNK, "chunk"), (Kind.RECIPE, "recipe")])
def test_a_flipped_bit_is_named_refused_and_healed(
    project: Project, kept: SnapshotRecord, kind: Kind, what: str
) -> None:
    flip(project, kind, least=10_000 if kind is Kind.CHUNK else 0)
    result = verified(project)
    assert result.exit_code == 9
    assert {each.what for each in result.damaged} == ({what} if kind is Kind.RECIPE else {what, "object"})
    (affected,) = result.snapshots
    assert (affected.snapshot, affected.message, affected.paths) == (kept.snapshot, kept.message, ("data/large.bin",))
    original = project.root.parent / "original"
    shutil.copytree(project.root / "data", original)
    with pytest.raises(IntegrityError):
        restore(Call(project.root), RestoreRequest(snapshot=kept.snapshot, to=str(project.root.parent / "to")))
    assert not (project.root.parent / "to" / "data" / "large.bin").exists()
    again = take_data(project, [project.root / "data"])
    assert again.snapshot == kept.snapshot
    healed = verified(project)
    assert (healed.exit_code, healed.snapshots) == (0, ())
    restore(Call(project.root), RestoreRequest(snapshot=kept.snapshot, to=str(project.root.parent / "to")))
    assert (project.root.parent / "to" / "data" / "large.bin").read_bytes() == NOISE
    rebuilt = verified(project, rebuild_index=True)
    assert rebuilt.exit_code == 0


def test_a_pack_without_its_end_is_named(project: Project, kept: SnapshotRecord) -> None:
    (name,) = project.objects.packs.names()
    path = project.objects.packs.path(name)
    path.write_bytes(path.read_bytes()[:-10])
    result = verified(project)
    assert [(each.what, each.name) for each in result.damaged] == [("pack", name)]
    assert [each.snapshot for each in result.snapshots] == [kept.snapshot]
    take_data(project, [project.root / "data"])
    assert verified(project).exit_code == 0


def test_a_damaged_object_of_the_first_layout_is_named(project: Project, kept: SnapshotRecord) -> None:
    path = project.objects.loose.path(digest_bytes(b"x"))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"NBO1\x00y")
    result = verified(forget(project))
    assert [(each.what, each.name) for each in result.damaged] == [("object", digest_bytes(b"x"))]
    assert result.snapshots == ()


def test_without_the_index_nothing_is_lost_and_it_can_be_asked_for(project: Project, kept: SnapshotRecord) -> None:
    again = forget(project, "index.db")
    assert again.objects.read(digest_bytes(NOISE)) == NOISE
    assert verified(again, rebuild_index=True).is_rebuilt
    assert verified(again).exit_code == 0


@pytest.mark.parametrize("names", [["records.db"], ["records.db", "index.db"], ["records.db", "index.db", "../nbml"]])
def test_without_records_snapshots_are_listed_again_and_restored(
    project: Project, kept: SnapshotRecord, names: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    again = forget(project, *names)
    assert again.records.newest(SnapshotRecord) == (kept,)
    assert "records.db was missing: 1 snapshots were read from the packs." in caplog.messages
    shutil.rmtree(project.root / "data")
    restore(Call(project.root), RestoreRequest(snapshot="data"))
    assert (project.root / "data" / "large.bin").read_bytes() == NOISE


def test_a_record_that_the_database_lacks_is_put_back(project: Project, kept: SnapshotRecord) -> None:
    project.records.delete(SnapshotRecord, kept.id)
    assert verified(project).recovered == 1
    assert project.records.newest(SnapshotRecord) == (kept,)
    assert verified(project).recovered == 0


def test_a_store_moved_to_another_folder_is_whole(project: Project, kept: SnapshotRecord, tmp_path: Path) -> None:
    forget(project)
    shutil.copytree(project.root, tmp_path / "moved")
    assert verified(Project.find(tmp_path / "moved")).exit_code == 0
