"""Files are seen however they are opened, told apart by use, and only while a cell runs."""

# ruff: noqa: SIM115 - every way of opening a file is the matter here
from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nbmlops.capture import places
from nbmlops.capture.files import FileWatch
from nbmlops.settings import Capture

Use = Callable[[Path], object]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "x.csv").write_text("a,b\n1,2\n")
    return folder


@pytest.fixture
def watch(root: Path) -> Iterator[FileWatch]:
    made = FileWatch(root)
    yield made
    made.end()


def seen(watch: FileWatch, use: Callable[[], object]) -> tuple[list[str], list[str]]:
    watch.begin()
    use()
    found = watch.end()
    return [each.path for each in found.inputs], [each.path for each in found.outputs]


def assert_nothing(watch: FileWatch) -> None:
    found = watch.end()
    assert (found.inputs, found.outputs) == ((), ())


def closing(file: io.IOBase) -> None:
    with file:
        pass


READERS: dict[str, Use] = {
    "open": lambda path: closing(open(path)),
    "open of bytes": lambda path: closing(open(os.fsencode(path), "rb")),
    "io.FileIO": lambda path: closing(io.FileIO(path)),
    "pathlib": lambda path: path.read_text(),
    "os.open": lambda path: os.close(os.open(path, os.O_RDONLY)),
    "os.open of text": lambda path: os.close(os.open(str(path), os.O_RDONLY)),
    "pandas": lambda path: pd.read_csv(path),
    "numpy": lambda path: np.loadtxt(path, delimiter=",", skiprows=1),
    "relative": lambda path: closing(open(os.path.relpath(path))),
}
WRITERS: dict[str, Use] = {
    "open w": lambda path: closing(open(path, "w")),
    "open a": lambda path: closing(open(path, "a")),
    "open w+": lambda path: closing(open(path, "w+")),
    "pathlib": lambda path: path.write_text("x"),
    "touch": lambda path: path.touch(),
    "pandas": lambda path: pd.DataFrame({"a": [1]}).to_csv(path),
    "numpy": lambda path: np.save(str(path) + ".npy", np.zeros(2)),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_a_file_that_is_read_is_an_input(watch: FileWatch, root: Path, read: Use) -> None:
    assert seen(watch, lambda: read(root / "x.csv")) == (["x.csv"], [])


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_a_file_that_is_written_is_an_output(watch: FileWatch, root: Path, write: Use) -> None:
    reads, writes = seen(watch, lambda: write(root / "new"))
    assert (reads, [name.removesuffix(".npy") for name in writes]) == ([], ["new"])


def test_an_input_carries_its_size_and_time(watch: FileWatch, root: Path) -> None:
    watch.begin()
    (root / "x.csv").read_text()
    (use,) = watch.end().inputs
    info = (root / "x.csv").stat()
    assert (use.path, use.size, use.modified_ns, use.digest) == ("x.csv", 8, info.st_mtime_ns, None)


def test_a_file_read_and_then_written_is_both_and_its_old_size_is_not_claimed(watch: FileWatch, root: Path) -> None:
    def use() -> None:
        text = (root / "x.csv").read_text()
        (root / "x.csv").write_text(text + "3,4\n")

    watch.begin()
    use()
    found = watch.end()
    (read,), (written,) = found.inputs, found.outputs
    assert (read.path, read.size, read.modified_ns) == ("x.csv", None, None)
    assert (written.path, written.size) == ("x.csv", 12)


def test_a_file_updated_in_place_is_both(watch: FileWatch, root: Path) -> None:
    assert seen(watch, lambda: closing(open(root / "x.csv", "r+"))) == (["x.csv"], ["x.csv"])


def test_a_file_written_and_then_read_is_both_and_is_known_as_it_was_read(watch: FileWatch, root: Path) -> None:
    watch.begin()
    (root / "new").write_text("x")
    (root / "new").read_text()
    found = watch.end()
    (read,), (written,) = found.inputs, found.outputs
    assert (read.path, read.size, written.path) == ("new", 1, "new")


def test_what_is_read_in_a_pause_is_no_input(watch: FileWatch, root: Path) -> None:
    def use() -> None:
        with watch.paused():
            (root / "x.csv").read_text()
        (root / "y.csv").write_text("1")

    assert seen(watch, use) == ([], ["y.csv"])


def test_a_relative_path_means_the_folder_in_which_it_was_opened(
    watch: FileWatch, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "sub").mkdir()
    monkeypatch.chdir(root)

    def use() -> None:
        closing(open("x.csv"))
        os.chdir("sub")

    assert seen(watch, use) == (["x.csv"], [])


def test_files_outside_of_the_project_are_absolute(watch: FileWatch, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("x")
    assert seen(watch, lambda: (tmp_path / "other.csv").read_text()) == ([str(tmp_path / "other.csv")], [])


def test_what_is_gone_at_the_end_or_is_no_file_is_left_out(watch: FileWatch, root: Path) -> None:
    def use() -> None:
        (root / "scratch").write_text("x")
        (root / "scratch").unlink()
        os.close(os.open(root, os.O_RDONLY))
        with pytest.raises(FileNotFoundError):
            open(root / "missing")

    assert seen(watch, use) == ([], [])


def test_files_of_tools_and_of_the_interpreter_are_left_out(watch: FileWatch, root: Path, isolation: Path) -> None:
    paths = [
        root / ".nbmlops" / "x",
        root / ".git" / "x",
        root / "__pycache__" / "x",
        isolation / ".config" / "x",
    ]

    def use() -> None:
        for path in paths:
            path.parent.mkdir(exist_ok=True)
            path.write_text("x")
        Path(pd.__file__).with_name("_version_meson.py").exists()
        Path(pd.__file__).read_text()
        Path("/etc/hostname").exists() and Path("/etc/hostname").read_text()

    assert seen(FileWatch(root), use) == ([], [])


def test_modules_that_are_imported_are_code_not_data(
    watch: FileWatch, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "own_module_of_this_test.py").write_text("x = 1\n")
    (root / "read_only.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(root)

    def use() -> None:
        __import__("own_module_of_this_test")
        (root / "read_only.py").read_text()

    assert seen(watch, use) == (["read_only.py"], [])
    del sys.modules["own_module_of_this_test"]


def test_patterns_of_the_settings_are_left_out(root: Path) -> None:
    (root / "scratch").mkdir()

    def use() -> None:
        (root / "scratch" / "a").write_text("x")
        (root / "x.csv").read_text()

    assert seen(FileWatch(root, Capture(exclude=("scratch/*",))), use) == (["x.csv"], [])


def test_a_project_inside_of_a_place_of_the_system_is_still_the_users(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an image whose work lies in /usr/src/app."""
    monkeypatch.setattr(places, "_SYSTEM", (f"{root.parent}/",))
    monkeypatch.setattr(sys, "prefix", str(root / "venv"))
    (root / "venv").mkdir()
    (root / "venv" / "x").write_text("x")

    def use() -> None:
        (root / "x.csv").read_text()
        (root / "venv" / "x").read_text()

    assert seen(FileWatch(root), use) == (["x.csv"], [])


def test_a_name_that_is_not_utf_8_is_recorded_in_a_form_that_can_be_stored(watch: FileWatch, root: Path) -> None:
    (root / os.fsdecode(b"caf\xe9")).write_text("x")
    reads, _ = seen(watch, lambda: (root / os.fsdecode(b"caf\xe9")).read_text())
    assert reads == ["caf\\udce9"]
    reads[0].encode()


def test_nothing_is_recorded_before_or_after_a_cell(watch: FileWatch, root: Path) -> None:
    (root / "x.csv").read_text()
    watch.begin()
    assert_nothing(watch)
    (root / "x.csv").read_text()
    assert_nothing(watch)


def test_audit_events_of_others_never_raise_into_the_users_call(watch: FileWatch) -> None:
    class Odd:
        def __fspath__(self) -> str:
            raise TypeError("no path")

    watch.begin()
    for arguments in (
        (),
        ("x",),
        (7, None, 0),
        (None, None, None),
        (Odd(), "r", 0),
        ("a\x00b", "r", 0),
        ("x", "r", None),
    ):
        sys.audit("open", *arguments)
    assert_nothing(watch)


def test_a_deleted_current_folder_does_not_break_open(
    watch: FileWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    watch.begin()
    with pytest.raises(FileNotFoundError):
        open("x")
    assert_nothing(watch)


def test_threads_that_open_files_while_cells_begin_and_end_never_fail(watch: FileWatch, root: Path) -> None:
    stop, errors = threading.Event(), []

    def work() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                closing(open(root / f"{threading.get_ident()}-{number % 50}", "w"))
            except Exception as error:  # noqa: BLE001 - any at all would be the user's trouble
                errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(150):
            watch.begin()
            watch.end()
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    assert errors == []
