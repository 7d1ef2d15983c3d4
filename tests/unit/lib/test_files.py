"""Files appear whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.errors import ExternalError
from nbmlops.lib.files import atomic_writer, refusing_disk_errors, relative_to, write_atomic


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except OSError as error:
        pytest.skip(f"mounting a small tmpfs is not possible: {error}")
    if done.returncode:
        pytest.skip(f"mounting a small tmpfs is not permitted: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True, timeout=10)


def test_a_file_appears_with_its_whole_content_and_its_folders(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a" / "b" / "x.txt", "é\n", durable=True)
    assert (tmp_path / "a" / "b" / "x.txt").read_bytes() == "é\n".encode()
    assert os.listdir(tmp_path / "a" / "b") == ["x.txt"]


def test_the_old_file_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_writer(path) as file:
        file.write(b"ne" * (1 // 0))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x"]


def test_nobody_sees_the_new_file_before_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with atomic_writer(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"half"


@pytest.mark.parametrize(("mask", "mode", "expected"), [(0o022, 0o666, 0o644), (0o027, 0o777, 0o750)])
def test_a_file_has_the_rights_that_the_umask_leaves(tmp_path: Path, mask: int, mode: int, expected: int) -> None:
    before = os.umask(mask)
    try:
        with atomic_writer(tmp_path / "x", mode=mode) as file:
            file.write(b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == expected


def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path: Path) -> None:
    name = "n" * 255
    write_atomic(tmp_path / name, b"x")
    assert (tmp_path / name).read_bytes() == b"x"


def test_a_full_disk_is_one_line_and_leaves_the_old_file(small_disk: Path) -> None:
    path = small_disk / "x.bin"
    path.write_bytes(b"old")
    with pytest.raises(ExternalError) as caught:
        write_atomic(path, b"x" * 2_000_000)
    assert (caught.value.kind, str(caught.value)) == (
        "disk-full",
        f"The disk is full: {path}. Free some space and run it again.",
    )
    assert os.listdir(small_disk) == ["x.bin"]
    assert path.read_bytes() == b"old"


def test_a_file_where_a_folder_is_needed_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExternalError) as caught:
        write_atomic(tmp_path / "file" / "x", b"")
    assert caught.value.kind == "path-not-folder"
    assert str(caught.value) == f"A file stands where a folder is needed: {tmp_path / 'file'}. Move it away."


def test_a_folder_where_a_file_is_needed_is_one_line_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(ExternalError) as caught:
        write_atomic(tmp_path / "x", b"")
    assert str(caught.value) == f"A folder stands where a file is needed: {tmp_path / 'x'}. Move it away."
    assert os.listdir(tmp_path) == ["x"]


def test_a_name_that_is_too_long_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ExternalError) as caught:
        write_atomic(tmp_path / ("n" * 300), b"")
    assert caught.value.kind == "path-too-long"


def test_other_errors_of_the_disk_pass_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), refusing_disk_errors(tmp_path):
        (tmp_path / "missing").read_bytes()


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """Killed in the middle of writes: whatever has the name is whole."""
    code = """
        import sys
        from pathlib import Path
        from nbmlops.lib.files import write_atomic
        print("ready", flush=True)
        while True:
            for letter in (b"a", b"b"):
                write_atomic(Path(sys.argv[1]), letter * 3_000_000)
    """
    path = tmp_path / "x"
    for pause in (0.01, 0.03, 0.05):
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), path], stdout=subprocess.PIPE)
        assert child.stdout is not None
        with child.stdout:
            child.stdout.readline()
            while not path.exists():
                time.sleep(0.005)
            time.sleep(pause)
            os.kill(child.pid, signal.SIGKILL)
        child.wait()
        content = path.read_bytes()
        assert content in (b"a" * 3_000_000, b"b" * 3_000_000)


def test_paths_are_relative_inside_and_absolute_outside() -> None:
    assert relative_to(Path("/p/data/x.csv"), Path("/p")) == "data/x.csv"
    assert relative_to(Path("/elsewhere/x.csv"), Path("/p")) == "/elsewhere/x.csv"
    assert relative_to(Path("/project2/x"), Path("/project")) == "/project2/x"
