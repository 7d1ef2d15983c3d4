"""What goes in comes out, and nothing else happens."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbmlops.errors import ConflictError, IntegrityError, NotFoundError
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.snapshot import Entry, Scope, Snapshot
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.snapshot.restore import Action, plan
from tests.unit.snapshot.trees import back, scanned, taken, tree_of, write


def test_deleted_files_come_back_identical(project: Project, data: Path) -> None:
    (data / "tool.sh").write_bytes(b"#!/bin/sh\n")
    (data / "tool.sh").chmod(0o755)
    (data / "link").symlink_to("sub/b.bin")
    before = tree_of(data)
    record = taken(project)
    shutil.rmtree(data)
    assert set(back(project, record).values()) == {Action.WRITE}
    assert tree_of(data) == before
    assert set(back(project, record).values()) == {Action.KEEP}


NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\x00", exclude_categories=["Cs"]),
    min_size=1,
    max_size=20,
).filter(lambda name: name not in (".", "..", ".git", ".hg", ".svn", ".venv") and len(name.encode()) < 200)
FILE = st.tuples(st.just("file"), st.binary(max_size=300), st.booleans())
LINK = st.tuples(st.just("link"), NAMES)
TREES = st.recursive(
    st.dictionaries(NAMES, FILE | LINK, min_size=1, max_size=4),
    lambda inner: st.dictionaries(NAMES, FILE | LINK | inner, min_size=1, max_size=4),
    max_leaves=8,
)


def grow(folder: Path, tree: dict[str, object]) -> None:
    folder.mkdir()
    for name, what in tree.items():
        if isinstance(what, dict):
            grow(folder / name, what)
        elif isinstance(what, tuple) and what[0] == "link":
            (folder / name).symlink_to(what[1])
        elif isinstance(what, tuple):
            (folder / name).write_bytes(what[1])
            (folder / name).chmod(0o755 if what[2] else 0o644)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
def test_any_tree_comes_back_as_it_was(project: Project, tree: dict[str, object]) -> None:
    folder = project.root / "data"
    shutil.rmtree(folder, ignore_errors=True)
    grow(folder, tree)
    before = tree_of(folder)
    record = taken(project)
    assert record.skipped == ()
    shutil.rmtree(folder)
    back(project, record)
    assert tree_of(folder) == before
    assert scanned(project).entries == load(record.snapshot, project.objects).entries


def test_only_what_is_named_comes_back(project: Project, data: Path) -> None:
    record = taken(project)
    shutil.rmtree(data)
    assert back(project, record, "data/sub/") == {"data/sub/b.bin": Action.WRITE}
    assert back(project, record, "*.csv") == {"data/a.csv": Action.WRITE}
    with pytest.raises(NotFoundError, match=r"The snapshot has no data/su\."):
        back(project, record, "data/su")


def test_a_file_that_differs_stops_everything_before_anything_is_written(project: Project, data: Path) -> None:
    record = taken(project)
    (data / "a.csv").unlink()
    (data / "empty").write_bytes(b"mine")
    (data / "sub" / "b.bin").write_bytes(b"mine too")
    before = tree_of(project.root / "data")
    with pytest.raises(ConflictError) as caught:
        back(project, record)
    assert caught.value.facts == {"paths": ["data/empty", "data/sub/b.bin"]}
    assert tree_of(data) == before
    assert back(project, record, force=True) == {
        "data/a.csv": Action.WRITE,
        "data/empty": Action.OVERWRITE,
        "data/sub/b.bin": Action.OVERWRITE,
    }
    assert (data / "empty").read_bytes() == b""


def test_a_lost_executable_bit_counts_as_a_difference(project: Project, data: Path) -> None:
    (data / "a.csv").chmod(0o755)
    record = taken(project)
    (data / "a.csv").chmod(0o644)
    with pytest.raises(ConflictError):
        back(project, record)
    back(project, record, force=True)
    assert (data / "a.csv").stat().st_mode & 0o100


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_where_a_file_belongs_is_never_removed(project: Project, data: Path, force: bool) -> None:
    record = taken(project)
    shutil.rmtree(data)
    write(data, {"empty/precious": b"x"})
    before = tree_of(data)
    with pytest.raises(ConflictError, match=r"empty cannot be restored: a folder stands there\."):
        back(project, record, force=force)
    assert tree_of(data) == before


@pytest.mark.parametrize("force", [False, True])
def test_a_file_where_a_folder_belongs_stops_everything(project: Project, data: Path, force: bool) -> None:
    record = taken(project)
    shutil.rmtree(data)
    write(data, {"sub": b"precious"})
    with pytest.raises(ConflictError, match="a file stands where its folder would be"):
        back(project, record, force=force)
    assert tree_of(data) == {"sub": ("file", b"precious", False)}


@pytest.mark.parametrize("force", [False, True])
def test_nothing_is_written_through_a_link_that_leads_out(
    project: Project, data: Path, tmp_path: Path, force: bool
) -> None:
    record = taken(project)
    shutil.rmtree(data)
    outside = tmp_path / "outside"
    outside.mkdir()
    data.symlink_to(outside)
    with pytest.raises(ConflictError, match="a link leads out of the folder"):
        back(project, record, force=force)
    assert os.listdir(outside) == []


def test_a_link_inside_of_the_project_may_be_written_through(project: Project, data: Path) -> None:
    record = taken(project)
    shutil.rmtree(data)
    (project.root / "disk").mkdir()
    data.symlink_to("disk")
    back(project, record)
    assert (project.root / "disk" / "a.csv").read_bytes() == b"1,2\n"


def hostile(*entries: Entry) -> Snapshot:
    return Snapshot(scope=Scope.DATA, entries=entries)


@pytest.mark.parametrize("path", ["../evil", "a/../../evil", ".."])
def test_a_path_that_climbs_out_is_refused(project: Project, tmp_path: Path, path: str) -> None:
    digest, _ = project.objects.put_bytes(b"evil")
    tree = hostile(Entry(path=path, digest=digest, size=4))
    for target in (project.root, tmp_path / "to"):
        with pytest.raises(IntegrityError) as caught:
            plan(tree, target=target, paths=(), elsewhere=True, stats=project.stats)
        assert caught.value.kind == "path-unsafe"


def test_a_snapshot_that_would_write_through_its_own_link_is_refused(project: Project, tmp_path: Path) -> None:
    digest, _ = project.objects.put_bytes(b"evil")
    tree = hostile(
        Entry(path="d", digest=digest, size=0, link=str(tmp_path)),
        Entry(path="d/x/evil", digest=digest, size=4),
    )
    with pytest.raises(IntegrityError):
        plan(tree, target=project.root, paths=(), elsewhere=False, stats=project.stats)


def test_files_from_outside_of_the_project_come_back_only_to_a_folder_that_is_named(
    project: Project, tmp_path: Path
) -> None:
    outside = tmp_path / "elsewhere.csv"
    outside.write_bytes(b"x")
    record = taken(project, outside)
    outside.unlink()
    assert back(project, record) == {str(outside): Action.SKIP}
    assert not outside.exists()
    back(project, record, to=tmp_path / "to")
    assert (tmp_path / "to" / "outside" / str(outside)[1:]).read_bytes() == b"x"


def test_a_damaged_object_is_never_restored(project: Project, data: Path) -> None:
    record = taken(project)
    (name,) = project.objects.packs.names()
    wanted = bytes.fromhex(digest_bytes(bytes(1000)))
    (entry,) = (entry for entry in project.objects.packs.trailer(name) if entry.digest == wanted)
    with project.objects.packs.path(name).open("r+b") as file:
        file.seek(entry.offset + entry.stored - 1)
        file.write(b"\xff")
    shutil.rmtree(data)
    with pytest.raises(IntegrityError):
        back(project, record)
    assert not (data / "sub" / "b.bin").exists()
