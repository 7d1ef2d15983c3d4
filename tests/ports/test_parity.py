"""The same pipelines come to the same on every engine: docs/engines.md has the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbmlops import plugins
from nbmlops.errors import StateError
from nbmlops.model.pipeline import StepState
from nbmlops.pipeline.engines.dask import DaskEngine
from nbmlops.pipeline.execute import Places, execute
from nbmlops.pipeline.parameters import defaults
from nbmlops.ports import Engine
from tests.dask_cluster import DaskCluster
from tests.kfp_python import kfp_python
from tests.ports.compiled import on_kfp, on_tekton
from tests.ports.torture import SECRET, TORTURES, Outcome, Torture, laid_out, outcome


@pytest.fixture(scope="module")
def dask(dask_cluster: DaskCluster) -> Iterator[Engine]:
    engine = DaskEngine(address=dask_cluster.address)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Torture], Outcome]]:
    """What a torture comes to on this machine; each of them is executed here once."""
    known: dict[str, Outcome] = {}
    engine = plugins.load(plugins.ENGINES, "local")()

    def made(torture: Torture) -> Outcome:
        if torture.name not in known:
            known[torture.name] = executed(torture, tmp_path_factory.mktemp("here") / "project", engine)
        return known[torture.name]

    yield made
    engine.close()


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "swordfish")


@pytest.fixture(params=TORTURES, ids=lambda torture: torture.name)
def torture(request: pytest.FixtureRequest) -> Torture:
    found: Torture = request.param
    return found


def executed(torture: Torture, project: Path, engine: Engine) -> Outcome:
    pipeline, folder = laid_out(torture, project)
    engine.check(pipeline.steps, project)
    work = project / ".nbmlops" / "run"
    results = execute(
        pipeline,
        places=Places(pipeline=folder, folder=project, work=work),
        engine=engine,
        values={**defaults(pipeline), **torture.values},
        is_tracked=False,
        jobs=2,
    )
    states = {result.step: str(result.state) for result in results}
    error = next((result.error for result in results if result.state is StepState.FAILED), "")
    return outcome(torture, states, error, work / "handoff", project)


def test_a_torture_comes_to_the_same_on_this_machine_and_on_dask(
    torture: Torture, here: Callable[[Torture], Outcome], dask: Engine, tmp_path: Path
) -> None:
    found = here(torture)
    assert found.states == torture.states, found.error
    assert torture.error in found.error
    assert executed(torture, tmp_path / "project", dask) == found


@pytest.mark.slow
def test_a_torture_comes_to_the_same_when_tasks_of_tekton_are_followed(
    torture: Torture, here: Callable[[Torture], Outcome], tmp_path: Path
) -> None:
    if "tekton" in torture.refused_by:
        with pytest.raises(StateError, match="The engine tekton cannot give step"):
            on_tekton(torture, tmp_path / "project")
        return
    assert on_tekton(torture, tmp_path / "project") == here(torture)


@pytest.mark.slow
def test_a_torture_comes_to_the_same_in_kubeflows_own_local_runner(
    torture: Torture, here: Callable[[Torture], Outcome], tmp_path: Path
) -> None:
    if "kfp" in torture.refused_by:
        with pytest.raises(StateError, match="The engine kfp cannot give step"):
            on_kfp(torture, tmp_path / "project", kfp_python())
        return
    assert on_kfp(torture, tmp_path / "project", kfp_python()) == here(torture)
