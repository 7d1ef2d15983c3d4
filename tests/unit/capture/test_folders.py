"""Which folders are watched: linked, new, renamed, of the settings; and what is said where that fails."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from nbmlops.capture import folders
from nbmlops.capture.fanotify import Fanotify
from nbmlops.capture.files import FileWatch
from nbmlops.capture.inotify import Inotify
from nbmlops.model.cell import Completeness
from nbmlops.settings import Capture
from tests.unit.capture import children
from tests.unit.capture.watching import inputs, natively, needs_fanotify, seen

pytestmark = needs_fanotify


def test_a_linked_data_folder_is_watched_and_shown_as_the_user_named_it(tmp_path: Path, root: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "deep" / "x.csv").write_text("1")
    (root / "linked").symlink_to(elsewhere)
    (root / "circle").symlink_to(root)
    (root / "upwards").symlink_to(tmp_path)
    files = FileWatch(root)
    files.start()
    assert files.state().folders == 4  # the project, data, linked and deep: neither the circle nor what is above
    command = f"cat {shlex.quote(str(root / 'linked/deep/x.csv'))}"
    found = seen(files, lambda: subprocess.run(natively(command), check=True, capture_output=True))
    assert [use.path for use in found.inputs] == ["linked/deep/x.csv"]
    found = seen(files, lambda: children.read(str(root / "linked/deep/x.csv")))
    assert [(use.path, use.seen) for use in found.inputs] == [("linked/deep/x.csv", ("audit", "fanotify"))]
    files.close()


def test_what_is_written_into_a_new_folder_and_read_later_is_seen(files: FileWatch, root: Path) -> None:
    new = root / "new" / "deep"
    quoted = shlex.quote(str(new))
    found = seen(files, lambda: subprocess.run(natively(f"mkdir -p {quoted} && echo 1 > {quoted}/a"), check=True))
    assert [(use.path, use.by_child) for use in found.outputs] == [("new/deep/a", True)]
    assert set(inputs(files, lambda: subprocess.run(["cat", str(new / "a")], capture_output=True))) == {"new/deep/a"}


def test_a_folder_that_is_renamed_is_known_by_its_new_name(files: FileWatch, root: Path) -> None:
    os.utime(root / "data/x.csv", (1, 1))  # older than a tick of the file system's clock
    found = seen(files, lambda: os.rename(root / "data", root / "renamed"))
    assert (found.inputs, found.outputs) == ((), ())  # nothing was read or written
    cat = ["cat", str(root / "renamed/x.csv")]
    assert set(inputs(files, lambda: subprocess.run(cat, check=True, capture_output=True))) == {"renamed/x.csv"}


def test_a_folder_that_is_made_again_is_watched_again(files: FileWatch, root: Path) -> None:
    def again() -> None:
        (root / "data/x.csv").unlink()
        (root / "data").rmdir()
        (root / "data").mkdir()
        (root / "data/x.csv").write_text("2")

    seen(files, again)
    cat = ["cat", str(root / "data/x.csv")]
    assert set(inputs(files, lambda: subprocess.run(cat, check=True, capture_output=True))) == {"data/x.csv"}


def test_roots_of_the_settings_are_watched(root: Path, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/x").write_text("1")
    files = FileWatch(root, Capture(roots=("../shared",)))
    files.start()
    found = seen(files, lambda: subprocess.run(["cat", str(tmp_path / "shared/x")], check=True, capture_output=True))
    assert [use.path for use in found.inputs] == [str(tmp_path / "shared/x")]
    assert found.completeness is Completeness.FULL
    files.close()


@pytest.mark.parametrize("settings", [Capture(roots=("missing",)), Capture(largest_watch=1)])
def test_folders_that_cannot_be_watched_lower_the_level(root: Path, settings: Capture) -> None:
    files = FileWatch(root, settings)
    files.start()
    found = seen(files, lambda: None)
    assert found.completeness is Completeness.PARTIAL
    assert [reason.rpartition("(")[2] for reason in found.incomplete] in (
        ["capture.roots)"],
        ["capture.largest_watch)"],
    )
    files.close()


def test_a_large_tree_is_gone_through_in_the_background(root: Path) -> None:
    for number in range(300):
        (root / f"f{number:03}").mkdir()
    files = FileWatch(root)
    files.start()
    assert files.watch is not None
    assert files.watch.settle(30.0)
    assert files.state().folders == 302
    files.close()


def test_when_the_system_allows_no_more_watches_it_is_said_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Small(Fanotify):
        def add(self, folder: str) -> None:
            if folder != str(root):
                raise OSError(28, "No space left on device")
            super().add(folder)

    (root / "more").mkdir()
    monkeypatch.setattr(folders, "MAKERS", (Small,))
    files = FileWatch(root)
    files.start()
    found = seen(files, lambda: None)
    files.close()
    assert found.completeness is Completeness.PARTIAL
    assert [reason.partition(" (")[0] for reason in found.incomplete] == ["the system allows no more watches"]


def test_a_folder_that_fanotify_refuses_goes_to_inotify(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Picky(Fanotify):
        def add(self, folder: str) -> None:
            if folder.endswith("data"):
                raise OSError(19, "No such device")
            super().add(folder)

    (root / "top.csv").write_text("1")
    monkeypatch.setattr(folders, "MAKERS", (Picky, Inotify))
    files = FileWatch(root)
    files.start()
    cat = ["cat", str(root / "data/x.csv"), str(root / "top.csv")]
    found = seen(files, lambda: subprocess.run(cat, check=True, capture_output=True))
    files.close()
    assert {use.path: use.seen for use in found.inputs} == {"data/x.csv": ("inotify",), "top.csv": ("fanotify",)}
    assert found.completeness is Completeness.WATCHED
