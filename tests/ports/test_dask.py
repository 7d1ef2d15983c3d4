"""What only a cluster can do wrong: workers that die, see nothing, lack something, or are not there."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.errors import StateError, UnavailableError
from nbmlops.lib.stop import Stop
from nbmlops.model.pipeline import Step, StepResult, StepState
from nbmlops.pipeline.engines import dask_worker
from nbmlops.pipeline.engines.dask import DaskEngine
from nbmlops.ports import StepProgress
from nbmlops.testing.suites import spec, wait_until_gone
from tests import isolation
from tests.dask_cluster import DaskCluster

SLEEPER = "# %%\nimport os, time\nopen('pid', 'w').write(str(os.getpid()))\n# %%\ntime.sleep(600)"


@pytest.fixture
def cluster(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Without workers."""
    home = tmp_path_factory.mktemp("home")
    variables = isolation.environment(home, isolation.shared_cache(tmp_path_factory))
    with DaskCluster(tmp_path, variables, workers=0) as cluster:
        yield cluster


@pytest.fixture
def engine(cluster: DaskCluster) -> Iterator[DaskEngine]:
    engine = DaskEngine(address=cluster.address)
    yield engine
    engine.close()


def step(**asks: object) -> Step:
    return Step(name="train", notebook="steps/train.ipynb", **asks)  # type: ignore[arg-type]


def running(engine: DaskEngine, place: Path, **more: object) -> tuple[threading.Thread, list[StepResult], int]:
    """A sleeping step: the thread that waits for it, where its result will be, and its kernel's process id."""
    place.mkdir(exist_ok=True)
    wanted = spec(place, SLEEPER, **more)
    results: list[StepResult] = []
    thread = threading.Thread(target=lambda: results.append(engine.run(wanted, lambda event: None, Stop())))
    thread.start()
    pid = Path(wanted.folder) / "pid"
    until = time.monotonic() + 90
    while not (pid.exists() and pid.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    return thread, results, int(pid.read_text())


@pytest.mark.parametrize("others", [0, 1])
def test_a_worker_that_dies_is_named_and_leaves_nothing_and_the_step_is_not_executed_twice(
    cluster: DaskCluster, engine: DaskEngine, tmp_path: Path, others: int
) -> None:
    worker = cluster.start_worker("--name", "first")
    engine.check([step()], tmp_path)
    thread, results, kernel = running(engine, tmp_path / "place")
    for _ in range(others):
        cluster.start_worker("--name", "second")
    cluster.kill(worker)
    thread.join(60)
    assert [result.state for result in results] == [StepState.FAILED]
    assert "the Dask worker tcp://127.0.0.1:" in results[0].error
    assert "died while it executed the step" in results[0].error
    assert wait_until_gone(kernel), "the kernel outlives its worker"
    if others:
        # The next try finds the other worker.
        events: list[StepProgress] = []
        assert engine.run(spec(tmp_path / "place", "1"), events.append, Stop()).state is StepState.DONE


def test_a_step_that_waits_for_a_place_never_begins_when_it_is_stopped(
    cluster: DaskCluster, engine: DaskEngine, tmp_path: Path
) -> None:
    cluster.start_worker("--resources", "GPU=1")
    engine.check([step(gpu=1)], tmp_path)
    first, results, _ = running(engine, tmp_path / "first", gpu=1)
    (tmp_path / "second").mkdir()
    wanted, stop = spec(tmp_path / "second", "open('seen', 'w').write('x')", gpu=1), Stop()
    threading.Timer(1.0, stop.ask).start()
    result = engine.run(wanted, lambda event: None, stop)
    assert (result.state, result.error) == (StepState.KILLED, "stopped before it began")
    assert not (Path(wanted.folder) / "seen").exists()
    assert first.is_alive(), "the card is one step's at a time"
    cluster.terminate_workers()
    first.join(60)
    assert results[0].state in (StepState.FAILED, StepState.KILLED)


def test_what_a_worker_lacks_is_refused_before_anything_runs(
    cluster: DaskCluster, engine: DaskEngine, tmp_path: Path
) -> None:
    cluster.start_worker("--resources", "CPU=2 GPU=1", TOKEN="swordfish")
    engine.check([step(cpu=2.0, gpu=1, secrets=("TOKEN",))], tmp_path)
    for asks, field, words in (
        ({"cpu": 4.0}, "cpu", "4 CPU are asked for, and no worker offers more than 2"),
        ({"gpu": 2}, "gpu", "2 GPU are asked for, and no worker offers more than 1"),
        ({"secrets": ("TOKEN", "OTHER")}, "secrets", "OTHER is not set on the worker tcp://"),
    ):
        with pytest.raises(StateError) as caught:
            engine.check([step(**asks)], tmp_path)
        assert (caught.value.kind, caught.value.facts["field"]) == ("engine-cannot", field)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
        assert "swordfish" not in str(caught.value)


def test_a_worker_that_does_not_see_the_project_is_named(
    cluster: DaskCluster, engine: DaskEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if its machine had another folder there: it reads a file that is not the one just written."""
    cluster.start_worker()
    project = tmp_path / "project"
    project.mkdir()
    real = engine._connected().run

    def elsewhere(function: object, *arguments: object, **more: object) -> object:
        if function is dask_worker.look:
            path, *rest = arguments
            arguments = (str(path).replace("project", "other-project"), *rest)
        return real(function, *arguments, **more)

    monkeypatch.setattr(engine._connected(), "run", elsewhere)
    with pytest.raises(StateError) as caught:
        engine.check([step()], project)
    assert caught.value.kind == "folder-not-shared"
    assert f"does not see {project}" in str(caught.value)
    assert os.listdir(project) == []


def test_no_scheduler_and_no_workers_are_told_apart(
    cluster: DaskCluster, engine: DaskEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbmlops.pipeline.engines.dask.WORKER_SECONDS", 1)
    monkeypatch.setattr("nbmlops.pipeline.engines.dask.CONNECT_SECONDS", 1)
    with pytest.raises(UnavailableError) as caught:
        engine.check([step()], tmp_path)
    assert caught.value.kind == "dask-no-workers"
    with pytest.raises(UnavailableError) as caught:
        DaskEngine(address="tcp://127.0.0.1:1").check([step()], tmp_path)
    assert caught.value.kind == "dask-unavailable"
    with pytest.raises(UnavailableError) as caught:
        DaskEngine(address="no address").check([step()], tmp_path)
    assert caught.value.kind == "dask-unavailable"


def test_the_address_comes_from_the_option_else_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert DaskEngine().describe() == "Dask on this machine"
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://10.0.0.5:8786")
    assert DaskEngine().describe() == "Dask at tcp://10.0.0.5:8786"
    assert DaskEngine(address="tcp://10.0.0.6:8786").describe() == "Dask at tcp://10.0.0.6:8786"
