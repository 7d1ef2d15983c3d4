"""Notices of a cell: all of them or the level says so, and none of what happened at other times."""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
from pathlib import Path

import pytest

from nbmlops.capture import folders
from nbmlops.capture import watch as watch_module
from nbmlops.capture.fanotify import Fanotify
from nbmlops.capture.files import FileWatch, Seen
from nbmlops.capture.inotify import Inotify
from nbmlops.model.cell import Completeness
from nbmlops.settings import Capture
from tests.unit.capture import children
from tests.unit.capture.watching import inputs, natively, needs_fanotify, seen

pytestmark = needs_fanotify


def test_a_forked_child_leaves_the_watch_of_its_parent_alone(files: FileWatch, root: Path) -> None:
    files.begin()
    pid = os.fork()
    if pid == 0:
        try:
            children.read(str(root / "data/x.csv"))
            files.end()
            files.close()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    (use,) = files.end().inputs
    assert (use.path, use.by_child) == ("data/x.csv", True)


def test_a_deleted_current_folder_harms_nothing(
    files: FileWatch, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert set(inputs(files, lambda: children.read(str(root / "data/x.csv")))) == {"data/x.csv"}


def test_ten_thousand_files_are_all_there(files: FileWatch, root: Path) -> None:
    for number in range(10_000):
        (root / "data" / f"{number}.bin").write_bytes(b"")
    data = shlex.quote(str(root / "data"))
    command = f"find {data} -name '*.bin' -print0 | xargs -0 cat"
    found = seen(files, lambda: subprocess.run(natively(command), check=True, capture_output=True))
    assert (len(found.inputs), found.completeness) == (10_000, Completeness.FULL)


def test_when_the_queue_overflows_the_level_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "_FULL_BYTES", 1 << 40)  # nobody empties it in time
    for number in range(17_000):
        (root / "data" / f"{number}.bin").touch()
    most = int(Path("/proc/sys/fs/fanotify/max_queued_events").read_text())
    if most > 17_000:
        pytest.skip(f"the queue of this machine holds {most} notices")
    files = FileWatch(root)
    files.start()
    command = f"find {shlex.quote(str(root / 'data'))} -type f -print0 | xargs -0 cat"
    found = seen(files, lambda: subprocess.run(natively(command), check=True, capture_output=True))
    assert found.completeness is Completeness.PARTIAL
    assert found.incomplete == ("more happened at once than the system's queue holds",)
    assert seen(files, lambda: None).completeness is Completeness.FULL
    files.close()


def test_a_read_outside_of_the_watched_folders_lowers_the_level_once(files: FileWatch, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x").write_text("1")
    first = seen(files, lambda: children.read(str(tmp_path / "outside/x")))
    assert [use.seen for use in first.inputs] == [("audit",)]
    assert first.completeness is Completeness.PARTIAL
    assert first.incomplete == (f"{tmp_path / 'outside'} lies outside of the watched folders (capture.roots)",)
    cat = ["cat", str(tmp_path / "outside/x")]
    later = seen(files, lambda: subprocess.run(cat, check=True, capture_output=True))
    assert [(use.path, use.seen) for use in later.inputs] == [(str(tmp_path / "outside/x"), ("fanotify",))]
    assert later.completeness is Completeness.FULL


def test_switched_off_nothing_is_recorded_and_said(root: Path) -> None:
    files = FileWatch(root, Capture(inputs="off"))
    files.start()
    found = seen(files, lambda: children.read(str(root / "data/x.csv")))
    assert found == Seen(incomplete=("capture.inputs is off",))
    assert files.patched() == ()
    files.close()


def test_what_nbmlops_reads_in_a_pause_is_no_input(files: FileWatch, root: Path) -> None:
    (root / "data/y.csv").write_text("1")

    def act() -> None:
        subprocess.run(["cat", str(root / "data/y.csv")], check=True, capture_output=True)
        with files.paused():
            children.read(str(root / "data/x.csv"))
            subprocess.run(["cat", str(root / "data/x.csv")], check=True, capture_output=True)

    assert set(inputs(files, act)) == {"data/y.csv"}


def test_what_happens_between_cells_is_no_input(files: FileWatch, root: Path) -> None:
    assert inputs(files, lambda: None) == {}
    subprocess.run(["cat", str(root / "data/x.csv")], check=True, capture_output=True)
    assert inputs(files, lambda: None) == {}


def test_closing_leaves_no_thread_and_no_file_descriptor(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    for maker in (Fanotify, Inotify):
        monkeypatch.setattr(folders, "MAKERS", (maker,))
        files = FileWatch(root)
        files.listen()
        assert files.state().source == maker.name
        files.close()
        files.close()
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before


def test_without_any_notices_the_hook_and_the_readers_go_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forbidden:
        def __init__(self) -> None:
            raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(folders, "MAKERS", (Forbidden,))
    files = FileWatch(root)
    files.start()
    found = seen(files, lambda: children.read(str(root / "data/x.csv")))
    assert [use.path for use in found.inputs] == ["data/x.csv"]
    assert found.completeness is Completeness.PARTIAL
    assert found.incomplete == ("forbidden is not to be had: Operation not permitted",)
    files.close()
