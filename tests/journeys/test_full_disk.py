"""A disk without room, and a folder that may not be written: one clear line, and nothing half written."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import Terminal, eventually, one_line, write

SMALL = "size=6m"


@pytest.fixture
def disk(tmp_path: Path, variables: dict[str, str]) -> Iterator[Terminal]:
    """A terminal on a small file system of its own."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system takes root")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", SMALL, "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    terminal = Terminal(place, variables)
    try:
        terminal.good("init")
        yield terminal
    finally:
        terminal.close()
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(folder: Path, spare: int = 0) -> None:
    """Use up the room, but for some bytes."""
    with (folder / "ballast").open("wb") as file:
        try:
            while True:
                file.write(bytes(65536))
                file.flush()
        except OSError:
            pass
    if spare:
        os.truncate(folder / "ballast", max(0, (folder / "ballast").stat().st_size - spare))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_export_to_a_full_disk_leaves_the_pipeline_that_was_there(disk: Terminal) -> None:
    write(disk.folder, "small.ipynb", "x = 1\ny = x + 1")
    disk.good("export", "small.ipynb", "--no-verify")
    before = tree(disk.folder / "pipelines")
    write(disk.folder, "small.ipynb", "x = 1\ny = x + 2")
    fill(disk.folder)
    done = disk.nbmlops("export", "small.ipynb", "--no-verify")
    assert done.returncode == 8
    assert "disk is full" in one_line(done)
    assert tree(disk.folder / "pipelines") == before
    assert [path.name for path in (disk.folder / "pipelines").iterdir()] == ["small"]


def test_packing_to_a_full_disk_names_nothing_and_works_once_there_is_room(disk: Terminal) -> None:
    (disk.folder / "kit").mkdir()
    (disk.folder / "kit" / "model.bin").write_bytes(os.urandom(1_500_000))
    (disk.folder / "kit" / "Kitfile").write_text("manifestVersion: 1.0.0\nmodel: {path: model.bin}\n")
    here = {"KITOPS_HOME": str(disk.folder / "kitops")}
    fill(disk.folder, spare=300_000)
    done = disk.nbmlops("pack", "kit", "-t", "kit:v1", **here)
    assert done.returncode == 8
    assert "disk is full" in one_line(done)
    (disk.folder / "ballast").unlink()
    assert disk.good("packages", **here)["packages"] == []
    assert not list((disk.folder / "kitops" / "storage" / "ingest").iterdir())
    packed = disk.good("pack", "kit", "-t", "kit:v1", **here)
    assert disk.good("verify", "kit:v1", **here)["package"]["digest"] == packed["package"]["digest"]


def test_a_snapshot_on_a_full_disk_is_refused_and_the_next_one_is_whole(disk: Terminal) -> None:
    (disk.folder / "data.bin").write_bytes(os.urandom(1_500_000))
    fill(disk.folder)
    done = disk.nbmlops("snapshot", "data.bin")
    assert done.returncode == 8
    assert "disk is full" in one_line(done)
    (disk.folder / "ballast").unlink()
    kept = disk.good("snapshot", "data.bin")
    wanted = (disk.folder / "data.bin").read_bytes()
    (disk.folder / "data.bin").unlink()
    disk.good("restore", kept["record"]["snapshot"])
    assert (disk.folder / "data.bin").read_bytes() == wanted


def test_a_run_on_a_full_disk_says_so_and_the_next_one_works(disk: Terminal) -> None:
    write(disk.folder, "small.ipynb", "x = 1\ny = x + 1")
    disk.good("export", "small.ipynb", "--no-verify")
    fill(disk.folder)
    done = disk.nbmlops("run", "pipelines/small")
    assert done.returncode == 8, done.stderr
    assert "full" in one_line(done)
    (disk.folder / "ballast").unlink()
    assert disk.good("run", "pipelines/small")["result"]["state"] == "done"
    assert {run["status"] for run in disk.good("runs")["runs"]} <= {"FINISHED", "FAILED", "KILLED"}


def test_a_disk_that_fills_up_in_the_middle_of_a_run_fails_the_run(disk: Terminal) -> None:
    source = (
        "# %% [markdown]\n# # Fill\n# %%\nblob = bytes(8_000_000)\n# %% [markdown]\n# # Use\n# %%\nsize = len(blob)"
    )
    write(disk.folder, "large.ipynb", source)
    disk.good("export", "large.ipynb", "--no-verify")
    done = disk.nbmlops("run", "pipelines/large")
    assert done.returncode in (6, 8), done.stderr
    assert "space" in one_line(done) or "full" in one_line(done)
    shutil.rmtree(disk.folder / ".nbmlops" / "runs")
    write(disk.folder, "small.ipynb", "x = 1")
    assert disk.papermill("small.ipynb", "out.ipynb").returncode == 0

    def statuses() -> dict[str, str]:
        return {run["name"]: run["status"] for run in disk.good("runs")["runs"]}

    # Where there was no room for MLflow's database either, the next scribe sends what was kept.
    assert eventually(lambda: statuses().get("large") in ("FAILED", "KILLED"), 30), statuses()
    assert "RUNNING" not in statuses().values()


def test_a_read_only_folder_is_refused_in_one_line(disk: Terminal) -> None:
    write(disk.folder, "small.ipynb", "x = 1\ny = x + 1")
    disk.good("export", "small.ipynb", "--no-verify")
    before = tree(disk.folder)
    subprocess.run(["mount", "-o", "remount,ro", str(disk.folder)], check=True)
    for words in (
        ["export", "small.ipynb", "-o", "other", "--no-verify"],
        ["export", "small.ipynb", "--no-verify"],
        ["snapshot", "small.ipynb"],
        ["run", "pipelines/small"],
        ["init", "inner"],
    ):
        done = disk.nbmlops(*words)
        assert done.returncode == 8, f"{words}: {done.stderr}"
        assert "read-only" in one_line(done) or "permission" in one_line(done), words
    assert disk.nbmlops("status").returncode in (0, 8)
    assert tree(disk.folder) == before
