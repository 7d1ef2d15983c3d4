"""Scanning, taking and restoring, together: what goes in comes out, and nothing else happens."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbmlops.errors import ConflictError, IntegrityError, NotFoundError, UsageError
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.digest import digest_bytes, short
from nbmlops.model.snapshot import Change, ChangeKind, Entry, Scope, Snapshot, SnapshotRecord
from nbmlops.project import Project
from nbmlops.snapshot import scan as scanning
from nbmlops.snapshot.diff import diff
from nbmlops.snapshot.find import find_record, load
from nbmlops.snapshot.restore import Action, plan, restore
from nbmlops.snapshot.scan import Scanned, scan
from nbmlops.snapshot.take import take


def scanned(project: Project, *paths: Path, largest_bytes: int = 10**9) -> Scanned:
    return scan(
        paths or (project.root / "data",),
        named=project.relative,
        stats=project.stats,
        largest_bytes=largest_bytes,
    )


def taken(project: Project, *paths: Path, message: str = "") -> SnapshotRecord:
    found = scanned(project, *paths)
    return take(
        found.entries,
        places=found.places,
        scope=Scope.DATA,
        objects=project.objects,
        records=project.records,
        id=new_id(),
        taken=utc_now(),
        message=message,
        skipped=found.skipped,
    )


def back(
    project: Project, record: SnapshotRecord, *paths: str, to: Path | None = None, force: bool = False
) -> dict[str, Action]:
    tree = load(record.snapshot, project.objects)
    actions = plan(tree, target=to or project.root, paths=paths, elsewhere=to is not None, stats=project.stats)
    return {placed.path: placed.action for placed in restore(actions, objects=project.objects, force=force)}


def tree_of(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything that a snapshot promises to bring back."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_file():
            found[name] = ("file", path.read_bytes(), bool(path.stat().st_mode & 0o100))
    return found


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def data(project: Project) -> Path:
    return write(project.root / "data", {"a.csv": b"1,2\n", "sub/b.bin": bytes(1000), "empty": b""})


# Scanning


def test_entries_carry_path_digest_and_size_sorted_by_path(project: Project, data: Path) -> None:
    (data / "tool.sh").write_bytes(b"#!/bin/sh\n")
    (data / "tool.sh").chmod(0o755)
    (data / "link").symlink_to("sub/b.bin")
    assert scanned(project).entries == (
        Entry(path="data/a.csv", digest=digest_bytes(b"1,2\n"), size=4),
        Entry(path="data/empty", digest=digest_bytes(b""), size=0),
        Entry(path="data/link", digest=digest_bytes(b"sub/b.bin"), size=0, link="sub/b.bin"),
        Entry(path="data/sub/b.bin", digest=digest_bytes(bytes(1000)), size=1000),
        Entry(path="data/tool.sh", digest=digest_bytes(b"#!/bin/sh\n"), size=10, executable=True),
    )


def test_a_path_named_twice_is_one_entry(project: Project, data: Path) -> None:
    assert scanned(project, data, data / "a.csv", data / "sub").entries == scanned(project).entries


def test_links_are_kept_as_links_even_when_broken_circular_or_to_folders(project: Project, data: Path) -> None:
    for name, target in (("broken", "nowhere"), ("self", "self"), ("up", ".."), ("folder", "sub")):
        (data / name).symlink_to(target)
    links = {entry.path: entry.link for entry in scanned(project).entries if entry.link}
    assert links == {"data/broken": "nowhere", "data/folder": "sub", "data/self": "self", "data/up": ".."}


def test_what_cannot_be_kept_is_named_with_the_reason(project: Project, data: Path) -> None:
    os.mkfifo(data / "pipe")
    (data / "huge").write_bytes(bytes(5000))
    (data / os.fsdecode(b"caf\xe9")).write_bytes(b"x")
    found = scanned(project, largest_bytes=4999)
    assert found.skipped == (
        "data/caf?: its name is not UTF-8",
        "data/huge: 5,000 bytes, more than snapshot.largest_file",
        "data/pipe: not a regular file",
    )
    assert [entry.path for entry in found.entries] == ["data/a.csv", "data/empty", "data/sub/b.bin"]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_kept(project: Project, data: Path) -> None:
    # Reading a process's memory at its start is an error for root too.
    found = scanned(project, data / "a.csv", Path("/proc/self/mem"))
    assert found.skipped == ("/proc/self/mem: Input/output error",)
    assert [entry.path for entry in found.entries] == ["data/a.csv"]


def test_a_folder_that_cannot_be_listed_is_named(project: Project, data: Path) -> None:
    """A path longer than the system takes stands for one without permission: root gets an error too."""
    handles = [os.open(data, os.O_RDONLY)]
    try:
        for _ in range(25):
            os.mkdir("d" * 200, dir_fd=handles[-1])
            handles.append(os.open("d" * 200, os.O_RDONLY, dir_fd=handles[-1]))
        found = scanned(project)
    finally:
        for handle in handles:
            os.close(handle)
        shutil.rmtree(data / ("d" * 200))
    assert [line.rpartition(": ")[2] for line in found.skipped] == ["File name too long"]
    assert len(found.entries) == 3


@pytest.mark.parametrize("name", [".git", ".nbmlops", "__pycache__", ".ipynb_checkpoints", ".venv", "node_modules"])
def test_folders_of_tools_are_left_out(project: Project, data: Path, name: str) -> None:
    before = scanned(project).entries
    write(data / name, {"x": b"x"})
    assert scanned(project).entries == before


def test_a_path_that_is_not_there_is_an_error(project: Project) -> None:
    with pytest.raises(NotFoundError) as caught:
        scanned(project, project.root / "missing")
    assert caught.value.kind == "path-missing"


def test_a_file_that_grew_before_it_was_read_has_the_size_of_what_was_read(
    project: Project, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, growths = scanning.digest_file, [b"longer than before"]

    def growing(path: Path) -> str:
        digest = read(path)
        if path.name == "a.csv" and growths:
            path.write_bytes(growths.pop())
        return digest

    monkeypatch.setattr(scanning, "digest_file", growing)
    (entry,) = scanned(project, data / "a.csv").entries
    assert (entry.size, entry.digest) == (18, digest_bytes(b"longer than before"))


def test_a_file_that_never_holds_still_stops_the_snapshot(
    project: Project, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = scanning.digest_file

    def growing(path: Path) -> str:
        digest = read(path)
        with path.open("ab") as file:
            file.write(b"x")
        return digest

    monkeypatch.setattr(scanning, "digest_file", growing)
    with pytest.raises(ConflictError, match="changed while it was read"):
        scanned(project)


# Taking


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


# Restoring


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


# Comparing and finding


def test_a_difference_names_each_path_once_with_its_sizes() -> None:
    before = (
        Entry(path="bit", digest="1", size=1),
        Entry(path="gone", digest="2", size=2),
        Entry(path="same", digest="3", size=3),
        Entry(path="text", digest="4", size=4),
    )
    after = (
        Entry(path="bit", digest="1", size=1, executable=True),
        Entry(path="new", digest="5", size=5),
        Entry(path="same", digest="3", size=3),
        Entry(path="text", digest="6", size=6),
    )
    assert diff(before, after) == (
        Change(path="bit", change=ChangeKind.CHANGED, before=1, after=1),
        Change(path="gone", change=ChangeKind.REMOVED, before=2),
        Change(path="new", change=ChangeKind.ADDED, after=5),
        Change(path="text", change=ChangeKind.CHANGED, before=4, after=6),
    )
    assert diff(before, before) == ()


def recorded(project: Project, digest: str, scope: Scope = Scope.DATA) -> SnapshotRecord:
    record = SnapshotRecord(id=new_id(), snapshot=digest, taken=utc_now(), scope=scope, files=0, size=0, stored=0)
    project.records.put(record, id=record.id, subject=scope)
    time.sleep(0.002)  # ids sort by milliseconds
    return record


def test_a_snapshot_is_found_by_the_beginning_of_its_digest_or_by_its_scope(project: Project) -> None:
    one, other = recorded(project, "abcd1" + "0" * 59), recorded(project, "abcd2" + "0" * 59, Scope.CODE)
    newest = recorded(project, "abcd1" + "0" * 59)
    assert find_record("abcd1", project.records) == newest
    assert find_record(one.id, project.records) == one
    assert find_record("abcd2" + "0" * 59, project.records) == other
    assert find_record("code", project.records) == other
    assert find_record("data", project.records) == newest
    assert find_record("abc", project.records) is None
    assert find_record("ffff", project.records) is None


def test_a_beginning_that_several_snapshots_have_is_refused_with_their_names(project: Project) -> None:
    recorded(project, "abcd1" + "0" * 59)
    recorded(project, "abcd2" + "0" * 59)
    with pytest.raises(UsageError) as caught:
        find_record("abcd", project.records)
    assert str(caught.value) == ("'abcd' is the beginning of 2 snapshots: abcd20000000, abcd10000000. Type more of it.")


def test_an_object_that_is_no_snapshot_is_refused_by_name(project: Project) -> None:
    digest, _ = project.objects.put_bytes(b"hello")
    with pytest.raises(IntegrityError, match=f"^snapshot {short(digest)} is not a readable snapshot"):
        load(digest, project.objects)
