"""What every orchestrator has to do. One proves itself by inheriting this suite, which executes real steps:

class TestMine(OrchestratorSuite):
    @pytest.fixture
    def files(self, pipeline, project):
        return MyCompiler().compile(Target(pipeline=pipeline, place=PLACE, image="any", project=str(project)))

    @pytest.fixture
    def orchestrator(self, server): return MyOrchestrator(address=server.address)

    @pytest.fixture
    def cluster(self, server): return server
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest
import yaml

from nbmlops.errors import UsageError
from nbmlops.model.pipeline import Parameter, ParameterType, Pipeline, Step, StepState
from nbmlops.ports import OrchestratedRun, Orchestrator
from nbmlops.testing.notebooks import notebook_file

NAME = "wine-train-0123456789ab"
PLACE = "pipelines/suite"
SECONDS = 120.0
LOAD = """
# %% tags=["parameters"]
word = "fine"
n = 3
# %%
assert n == 3 and isinstance(n, int), n
open("seen.txt", "w").write(word)
"""
USE = """
# %% tags=["parameters"]
word = "fine"
# %%
assert open("seen.txt").read() == word
if word == "fails":
    raise ValueError("no luck today")
"""


class Cluster(Protocol):
    """What the suite does beside the orchestrator."""

    def hold(self) -> None:
        """Nothing that is submitted begins, until `go_on`."""
        ...

    def go_on(self) -> None: ...

    def delete(self, id: str) -> None:
        """Somebody deletes the run."""
        ...

    def ids(self) -> list[str]:
        """Of all runs."""
        ...


def laid_out(project: Path) -> Pipeline:
    """Two steps, of which the second fails where `word` is `fails`."""
    steps = (
        Step(name="load", notebook="steps/01-load.ipynb", parameters=("word", "n")),
        Step(name="use-it", notebook="steps/02-use.ipynb", parameters=("word",), needs=("load",)),
    )
    parameters = (
        Parameter(name="word", type=ParameterType.STR, default="fine"),
        Parameter(name="n", type=ParameterType.INT, default=3),
    )
    pipeline = Pipeline(name="suite", notebook="../../suite.ipynb", folder="../..", parameters=parameters, steps=steps)
    folder = project / PLACE
    (folder / "steps").mkdir(parents=True)
    for step, text in zip(steps, (LOAD, USE), strict=True):
        (folder / step.notebook).write_text(notebook_file(text), encoding="utf-8")
    from nbmlops.pipeline.document import dump

    (folder / "pipeline.yaml").write_text(dump(pipeline), encoding="utf-8")
    assert yaml.safe_load((folder / "pipeline.yaml").read_text(encoding="utf-8"))["name"] == "suite"
    return pipeline


class OrchestratorSuite(ABC):
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        """What the image holds."""
        folder = tmp_path / "image" / "project"
        folder.mkdir(parents=True)
        return folder

    @pytest.fixture
    def pipeline(self, project: Path) -> Pipeline:
        return laid_out(project)

    @pytest.fixture
    @abstractmethod
    def files(self, pipeline: Pipeline, project: Path) -> Mapping[str, bytes]:
        """The pipeline, compiled."""

    @pytest.fixture
    @abstractmethod
    def orchestrator(self) -> Orchestrator: ...

    @pytest.fixture
    @abstractmethod
    def cluster(self) -> Cluster: ...

    def test_what_is_submitted_ends_well_and_tells_how_far_it_is(
        self, orchestrator: Orchestrator, cluster: Cluster, files: Mapping[str, bytes]
    ) -> None:
        cluster.hold()
        id = orchestrator.submit(files, NAME, {"word": "given: n, 'on' \"1e3\""})
        seen = orchestrator.look(id)
        assert (seen.state, seen.why, seen.step) == (StepState.RUNNING, "", "")
        assert seen.total in (0, 2)
        cluster.go_on()
        ended = awaited(orchestrator, id)
        assert (ended.state, ended.why, ended.step) == (StepState.DONE, "", ""), ended
        assert (ended.done, ended.total) == (2, 2)
        assert orchestrator.describe()

    def test_submitted_twice_it_is_one_also_once_it_has_ended(
        self, orchestrator: Orchestrator, cluster: Cluster, files: Mapping[str, bytes]
    ) -> None:
        cluster.hold()
        id = orchestrator.submit(files, NAME, {})
        assert orchestrator.submit(files, NAME, {}) == id
        cluster.go_on()
        assert awaited(orchestrator, id).state is StepState.DONE
        assert orchestrator.submit(files, NAME, {}) == id
        assert cluster.ids() == [id]
        assert orchestrator.submit(files, "other-0123456789ab", {}) != id
        assert len(cluster.ids()) == 2

    def test_what_is_not_to_be_given_back_is_submitted_anew(
        self, orchestrator: Orchestrator, cluster: Cluster, files: Mapping[str, bytes]
    ) -> None:
        cluster.hold()
        first = orchestrator.submit(files, NAME, {})
        second = orchestrator.submit(files, NAME, {}, but=[first])
        assert second != first
        assert orchestrator.submit(files, NAME, {}, but=[first]) == second
        assert sorted(cluster.ids()) == sorted([first, second])
        cluster.delete(first)
        assert orchestrator.submit(files, NAME, {}, but=[first]) == second
        orchestrator.cancel(second)
        cluster.go_on()

    def test_a_step_that_fails_is_named_and_the_next_try_is_another_run(
        self, orchestrator: Orchestrator, cluster: Cluster, files: Mapping[str, bytes]
    ) -> None:
        id = orchestrator.submit(files, NAME, {"word": "fails"})
        ended = awaited(orchestrator, id)
        assert ended.state is StepState.FAILED
        assert ended.step == "use-it"
        assert ended.why
        assert "\n" not in ended.why
        assert ended.done == 1
        again = orchestrator.submit(files, NAME, {"word": "fine"})
        assert again != id
        assert awaited(orchestrator, again).state is StepState.DONE
        assert orchestrator.submit(files, NAME, {"word": "fine"}) == again

    def test_what_is_cancelled_has_been_killed_and_can_be_submitted_again(
        self, orchestrator: Orchestrator, cluster: Cluster, files: Mapping[str, bytes]
    ) -> None:
        cluster.hold()
        id = orchestrator.submit(files, NAME, {})
        orchestrator.cancel(id)
        assert orchestrator.look(id).state is StepState.KILLED
        cluster.go_on()
        ended = awaited(orchestrator, id)
        assert ended.state is StepState.KILLED
        assert ended.why
        orchestrator.cancel(id)
        again = orchestrator.submit(files, NAME, {})
        assert again != id
        assert awaited(orchestrator, again).state is StepState.DONE
        orchestrator.cancel(again)
        assert orchestrator.look(again).state is StepState.DONE

    def test_what_somebody_has_deleted_is_gone_and_no_error(
        self, orchestrator: Orchestrator, cluster: Cluster, files: Mapping[str, bytes]
    ) -> None:
        cluster.hold()
        id = orchestrator.submit(files, NAME, {})
        cluster.delete(id)
        seen = orchestrator.look(id)
        assert seen.state is StepState.KILLED
        assert "gone" in seen.why
        orchestrator.cancel(id)
        cluster.go_on()

    def test_a_value_that_it_would_read_otherwise_is_refused_by_name_or_taken_as_it_is(
        self, orchestrator: Orchestrator, cluster: Cluster, files: Mapping[str, bytes]
    ) -> None:
        cluster.hold()
        refused = []
        for value in ("$(params.n)", "{{$.pipeline_job_uuid}}"):
            try:
                orchestrator.cancel(orchestrator.submit(files, NAME, {"word": value}))
            except UsageError as error:
                refused.append(error.message)
        cluster.go_on()
        assert all("word" in message for message in refused)


def awaited(orchestrator: Orchestrator, id: str) -> OrchestratedRun:
    end = time.monotonic() + SECONDS
    while (seen := orchestrator.look(id)).state is StepState.RUNNING:
        assert time.monotonic() < end, seen
        time.sleep(0.1)
    return seen
