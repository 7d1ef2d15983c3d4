"""The same pipelines come to the same on every engine: docs/engines.md has the table."""

from __future__ import annotations

from collections.abc import Iterator
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
def local() -> Iterator[Engine]:
    engine = plugins.load(plugins.ENGINES, "local")()
    yield engine
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
    torture: Torture, local: Engine, dask: Engine, tmp_path: Path
) -> None:
    here = executed(torture, tmp_path / "here", local)
    assert here.states == torture.states, here.error
    assert torture.error in here.error
    there = executed(torture, tmp_path / "there", dask)
    assert there == here


def test_a_torture_comes_to_the_same_when_tasks_of_tekton_are_followed(
    torture: Torture, local: Engine, tmp_path: Path
) -> None:
    if "tekton" in torture.refused_by:
        with pytest.raises(StateError, match="The engine tekton cannot give step"):
            on_tekton(torture, tmp_path / "project")
        return
    here = executed(torture, tmp_path / "here" / "project", local)
    assert on_tekton(torture, tmp_path / "there" / "project") == here


@pytest.mark.slow
def test_a_torture_comes_to_the_same_in_kubeflows_own_local_runner(
    torture: Torture, local: Engine, tmp_path: Path
) -> None:
    if "kfp" in torture.refused_by:
        with pytest.raises(StateError, match="The engine kfp cannot give step"):
            on_kfp(torture, tmp_path / "project", kfp_python())
        return
    here = executed(torture, tmp_path / "here" / "project", local)
    assert on_kfp(torture, tmp_path / "there" / "project", kfp_python()) == here
