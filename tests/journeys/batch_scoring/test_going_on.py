"""`batch` that is killed, stopped or out of disk goes on where it was, and a cluster gives the same."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.dask_cluster import DaskCluster
from tests.journeys.batch_scoring.scored import batch, expected, wines
from tests.journeys.batch_scoring.slowly import Slowly
from tests.journeys.conftest import Terminal, eventually, is_gone, one_line
from tests.journeys.test_full_disk import disk, fill  # noqa: F401 - a fixture


@pytest.mark.slow
def test_it_goes_on_after_it_was_killed_outright(terminal: Terminal, place: Path) -> None:
    slowly = Slowly(terminal, place)
    process = slowly.start("--no-track", "--workers", "2")
    slowly.wait_for(3)
    process.kill()
    process.wait()
    assert eventually(lambda: all(is_gone(pid) for pid in slowly.pids())), "nothing runs on unseen"
    kept = len(list(slowly.parts.glob("*[0-9].json")))
    assert not (place / "out.parquet").exists()
    done = slowly.go_on("--no-track")
    assert done["kept_parts"] == kept >= 3
    assert not done["is_anew"]


@pytest.mark.slow
def test_a_worker_that_is_killed_is_told_and_what_it_has_scored_is_kept(terminal: Terminal, place: Path) -> None:
    slowly = Slowly(terminal, place)
    process = slowly.start("--no-track", "--workers", "2")
    slowly.wait_for(2)
    os.kill(slowly.pids()[0], signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 8
    assert "ended by SIGKILL (out of memory?)" in said
    assert "Traceback" not in said
    assert slowly.go_on("--no-track")["kept_parts"] >= 2


@pytest.mark.slow
def test_ctrl_c_stops_it_and_the_same_command_goes_on(terminal: Terminal, place: Path) -> None:
    slowly = Slowly(terminal, place)
    process = slowly.start("--workers", "2")
    slowly.wait_for(2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Go on with the same command." in said
    assert all(is_gone(pid) for pid in slowly.pids())
    done = slowly.go_on()
    assert done["kept_parts"] >= 2
    states = {run["id"]: run["status"] for run in terminal.good("runs")["runs"] if run["name"] == "slow-scoring"}
    assert sorted(states.values()) == ["FINISHED", "KILLED"]
    assert states[done["run"]] == "FINISHED"


@pytest.mark.slow
def test_other_options_start_anew(terminal: Terminal, place: Path) -> None:
    slowly = Slowly(terminal, place)
    process = slowly.start("--no-track", "--workers", "1", pause=2)
    slowly.wait_for(1)
    busy = terminal.nbmlops(*slowly.words, "--no-track", SEEN=str(place / "seen"))
    assert "Another `batch` is writing out.parquet now." in one_line(busy)
    process.kill()
    process.wait()
    done = slowly.go_on("--no-track", "--on-error", "skip")
    assert (done["kept_parts"], done["is_anew"]) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["batch-part", "batch-rows", "file-rename", "batch-output"])
def test_killed_at_any_point_it_goes_on(terminal: Terminal, place: Path, point: str) -> None:
    table = wines(200_000)
    table.to_parquet(place / "in.parquet", row_group_size=50_000)
    words = ("batch", "wine:v1", f"{place.name}/in.parquet", f"{place.name}/out.parquet", "--keep", "id")
    words = (*words, "--part-rows", "50000", "--workers", "1")
    number = 1 if point == "batch-output" else 2
    broken = terminal.nbmlops(*words, "--no-track", NBMLOPS_FAILPOINT=f"kill@{number}:{point}")
    assert broken.returncode != 0
    assert not (place / "out.parquet").exists()
    batch(terminal, *words[1:])
    found = pd.read_parquet(place / "out.parquet")
    assert list(found["id"]) == list(range(200_000))
    np.testing.assert_allclose(found["prediction"], expected(terminal, "wine", table), rtol=1e-10, atol=1e-12)
    assert sorted(each.name for each in place.iterdir()) == ["in.parquet", "out.parquet"]


@pytest.mark.slow
def test_a_full_disk_is_told_and_it_goes_on_once_there_is_room(
    terminal: Terminal,
    disk: Terminal,  # noqa: F811
    place: Path,
) -> None:
    wines(200_000).to_parquet(place / "in.parquet", row_group_size=50_000)
    words = ("batch", "wine:v1", str(place / "in.parquet"), "out.parquet", "--no-track", "--part-rows", "50000")
    here = {"KITOPS_HOME": terminal.variables["KITOPS_HOME"]}
    fill(disk.folder, spare=1_000_000)
    done = disk.nbmlops(*words, **here)
    assert done.returncode == 8
    assert "disk is full" in one_line(done)
    assert not (disk.folder / "out.parquet").exists()
    (disk.folder / "ballast").unlink()
    disk.good(*words, **here)
    assert len(pd.read_parquet(disk.folder / "out.parquet")) == 200_000


@pytest.mark.slow
def test_a_cluster_gives_the_same_bytes(terminal: Terminal, place: Path) -> None:
    wines(1000).to_parquet(place / "in.parquet", row_group_size=100)
    words = ("wine:v1", f"{place.name}/in.parquet")
    more = ("--keep", "id", "--part-rows", "100")
    batch(terminal, *words, f"{place.name}/here.parquet", *more)
    with DaskCluster(place, terminal.variables) as cluster:
        there = (f"{place.name}/there.parquet", *more, "--on", "dask", "--scheduler", cluster.address)
        batch(terminal, *words, *there)
    assert (place / "here.parquet").read_bytes() == (place / "there.parquet").read_bytes()
    away = terminal.nbmlops("batch", *words, f"{place.name}/none.parquet", "--on", "dask", "--scheduler",
                            "tcp://127.0.0.1:9", "--no-track")  # fmt: skip
    assert "No Dask scheduler answers" in one_line(away)
    assert json.loads((place / "none.parquet.parts" / "plan.json").read_text())["kind"] == "scoring-plan"
