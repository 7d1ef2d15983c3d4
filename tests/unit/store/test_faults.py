"""Disks that refuse, writers beside each other, files that move, and a clock that goes back."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nbmlops.errors import ConflictError, ExternalError
from nbmlops.lib import failpoints
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.snapshot import SnapshotRecord
from nbmlops.ops.call import Call
from nbmlops.ops.snapshot import take_data
from nbmlops.ops.verify import Request, verify
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.store import statcache

NOISE = os.urandom(300_000)


def fail(monkeypatch: pytest.MonkeyPatch, wish: str) -> None:
    monkeypatch.setattr(failpoints, "_wish", wish)
    monkeypatch.setattr(failpoints, "_passed", 0)


@pytest.mark.parametrize("point", ["pack-write", "pack-sync", "pack-rename", "pack-folder-sync"])
@pytest.mark.parametrize(("error", "kind"), [("EIO", "disk-failed"), ("ENOSPC", "disk-full"), ("EDQUOT", "disk-full")])
def test_a_disk_that_refuses_is_one_line_and_the_next_snapshot_is_whole(
    project: Project, monkeypatch: pytest.MonkeyPatch, point: str, error: str, kind: str
) -> None:
    data = project.root / "data"
    data.mkdir()
    (data / "a").write_bytes(NOISE)
    fail(monkeypatch, f"{error}@1:{point}")
    with pytest.raises(ExternalError) as caught:
        take_data(project, [data])
    assert caught.value.kind == kind
    assert "\n" not in caught.value.message
    assert project.records.newest(SnapshotRecord) == ()
    assert [name for name in os.listdir(project.objects.packs.folder) if name.startswith(".")] == []
    fail(monkeypatch, "")
    record = take_data(project, [data])
    assert verify(Call(project.root), Request()).exit_code == 0
    assert project.objects.read(load(record.snapshot, project.objects).entries[0].digest) == NOISE


def test_a_disk_that_refuses_a_pack_in_the_background_is_told_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbmlops.store.writing.PACK_BYTES", 100_000)
    fail(monkeypatch, "ENOSPC@2:pack-sync")
    with pytest.raises(ExternalError, match="disk is full"):
        project.objects.put_bytes(os.urandom(1_000_000))
    fail(monkeypatch, "")
    digest, _ = project.objects.put_bytes(NOISE)
    assert project.objects.read(digest) == NOISE
    assert verify(Call(project.root), Request()).exit_code == 0


def test_two_processes_take_one_tree_at_once(project: Project) -> None:
    code = """
        import sys
        from pathlib import Path
        from nbmlops.ops.snapshot import take_data
        from nbmlops.project import Project
        project = Project.find(Path(sys.argv[1]))
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(5):
            print(take_data(project, [project.root / "data"], message=str(number)).snapshot)
    """
    data = project.root / "data"
    data.mkdir()
    for number in range(50):
        (data / str(number)).write_bytes(NOISE[: number * 5000])
    command = [sys.executable, "-c", textwrap.dedent(code), project.root]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    said = [child.communicate("go\n", timeout=60) for child in children]
    assert [error for _, error in said] == ["", ""]
    assert len({line for output, _ in said for line in output.split()}) == 1
    assert len(project.records.newest(SnapshotRecord)) == 10
    assert verify(Call(project.root), Request()).exit_code == 0


def test_a_snapshot_waits_for_gc_and_gc_for_a_snapshot(project: Project) -> None:
    order: list[str] = []

    def write() -> None:
        project.objects.put_bytes(b"x")
        order.append("written")
        project.objects.index.database.close()

    thread = threading.Thread(target=write)
    with project.objects.alone():
        thread.start()
        thread.join(0.3)
        order.append("collected")
    thread.join(30)
    assert order == ["collected", "written"]


@pytest.mark.parametrize("size", [1000, 200_000])
def test_a_file_that_changes_while_it_is_kept_is_read_again_or_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    data = project.root / "data"
    data.mkdir()
    path = data / "a"
    path.write_bytes(NOISE[:size])
    changes = [NOISE[1 : size + 1], NOISE[2 : size + 2]]
    read: Callable[..., object] = os.read if size < 65536 else os.stat

    def while_somebody_writes(place: object, *more: object, **others: object) -> object:
        found = read(place, *more, **others)
        if changes and (isinstance(place, int) or str(place) == str(path)):
            content = changes.pop(0)
            path.write_bytes(content)
        return found

    monkeypatch.setattr(statcache.os, read.__name__, while_somebody_writes)
    record = take_data(project, [path])
    monkeypatch.undo()
    (entry,) = load(record.snapshot, project.objects).entries
    assert entry.digest == digest_bytes(path.read_bytes())
    assert project.objects.read(entry.digest) == path.read_bytes()


def take_again_and_again(project: Project, path: Path) -> None:
    for _ in range(20):
        take_data(project, [path])


def test_a_file_that_never_holds_still_is_refused_by_name(project: Project) -> None:
    path = project.root / "log"
    stop = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"line\n" * 100)

    path.write_bytes(NOISE)
    thread = threading.Thread(target=write)
    thread.start()
    try:
        with pytest.raises(ConflictError, match="log changed while it was read"):
            take_again_and_again(project, path)
    finally:
        stop.set()
        thread.join()


def test_a_digest_from_a_time_that_has_not_come_is_not_trusted(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    ahead = time.time_ns() + 3600 * 10**9
    monkeypatch.setattr(statcache.time, "time_ns", lambda: ahead)
    assert project.stats.digest(path) == digest_bytes(b"old")
    assert project.stats.known({str(path): statcache.key_of(path.stat())}) != {}
    monkeypatch.undo()  # the clock has gone back
    assert project.stats.known({str(path): statcache.key_of(path.stat())}) == {}


def test_memory_does_not_grow_with_a_file(project: Project) -> None:
    with (project.root / "huge").open("wb") as file:
        for _ in range(8):
            file.write(os.urandom(20_000_000))
        file.truncate(1_200_000_000)  # the rest is a hole
    code = """
        import resource, sys
        from pathlib import Path
        from nbmlops.ops.snapshot import take_data
        from nbmlops.project import Project
        from nbmlops.snapshot.find import load
        project = Project.find(Path(sys.argv[1]))
        record = take_data(project, [project.root / "huge"])
        (entry,) = load(record.snapshot, project.objects).entries
        project.objects.restore(entry.digest, project.root / "back")
        # Not ru_maxrss alone: on Linux that begins with what the process was forked from.
        status = Path("/proc/self/status")
        if status.exists():
            (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
            print(int(line.split()[1]) * 1024)
        else:
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), project.root], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 200_000_000
    subprocess.run(["cmp", project.root / "huge", project.root / "back"], check=True)
    for name in ("huge", "back"):
        (project.root / name).unlink()
