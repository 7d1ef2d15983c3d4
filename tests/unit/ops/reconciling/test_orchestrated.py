"""A pipeline that others execute: what is asked of them, how it is awaited, and what is wrong before anybody is asked.

What runs end to end is in tests/journeys/test_trainer_on_tekton.py.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

from nbmlops.errors import DeniedError, ExternalError, InterruptedRunError, NbmlopsError, UnavailableError
from nbmlops.model.pipeline import Pipeline, StepState
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.reconciling import orchestrated
from nbmlops.ops.reconciling.orchestrated import Asked, run_orchestrated
from nbmlops.pipeline.folder import read_pipeline
from nbmlops.ports import OrchestratedRun
from nbmlops.project import Project
from nbmlops.testing.orchestrator_suite import PLACE, laid_out
from tests.ports.tekton_server import NAMESPACE, TOKEN, TektonServer, refused

NAME = "suite-train-0123456789ab"
RUNNING = OrchestratedRun(state=StepState.RUNNING, total=3)
DONE = OrchestratedRun(state=StepState.DONE, done=3, total=3)


class Scripted:
    """An orchestrator that tells what it is told to, one after the other; the last for ever."""

    def __init__(self, *says: OrchestratedRun | BaseException, cancels: NbmlopsError | None = None) -> None:
        self.says = list(says)
        self.cancelled: list[str] = []
        self._cancels = cancels

    def submit(
        self, files: Mapping[str, bytes], name: str, parameters: Mapping[str, str], *, but: Collection[str] = ()
    ) -> str:
        return name

    def look(self, id: str) -> OrchestratedRun:
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, BaseException):
            raise said
        return said

    def cancel(self, id: str) -> None:
        if self._cancels is not None:
            raise self._cancels
        self.cancelled.append(id)

    def address(self, id: str) -> str:
        return ""

    def describe(self) -> str:
        return "scripted"


class Waiting:
    """Somebody who waits, without a pause, and hears what is told."""

    def __init__(self, folder: Path) -> None:
        self.told: list[str] = []
        self._call = Call(folder, progress=self._hear)

    def _hear(self, event: Progress) -> None:
        self.told.append(f"{event.task} {event.note}")

    def wait(self, scripted: Scripted, timeout: float = 0.0) -> OrchestratedRun:
        return orchestrated._awaited(self._call, scripted, NAME, "scripted", timeout)


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Waiting:
    monkeypatch.setattr(orchestrated, "FIRST_PAUSE", 0.0)
    return Waiting(tmp_path)


AWAY = UnavailableError("Nobody answers.", kind="cluster-unavailable")


def test_how_far_it_is_is_told_once_each(waiting: Waiting) -> None:
    one = OrchestratedRun(state=StepState.RUNNING, done=1, total=3)
    unknown = OrchestratedRun(state=StepState.RUNNING)
    assert waiting.wait(Scripted(unknown, RUNNING, one, one, one, DONE)) is DONE
    assert waiting.told == [
        "train on scripted: waiting",
        "train on scripted: 0 of 3 steps",
        "train on scripted: 1 of 3 steps",
    ]


def test_silence_is_waited_out(waiting: Waiting) -> None:
    assert waiting.wait(Scripted(RUNNING, AWAY, AWAY, RUNNING, DONE)) is DONE
    assert waiting.told[1] == "train on scripted: no answer: Nobody answers."


def test_silence_that_lasts_is_an_error_and_cancels_nothing(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orchestrated, "PATIENCE", 0.01)
    scripted = Scripted(AWAY)
    with pytest.raises(UnavailableError):
        waiting.wait(scripted)
    assert scripted.cancelled == []


def test_a_refusal_is_not_waited_out(waiting: Waiting) -> None:
    with pytest.raises(DeniedError):
        waiting.wait(Scripted(RUNNING, DeniedError("No.", kind="cluster-denied")))


def test_what_takes_too_long_by_the_clock_there_is_cancelled(waiting: Waiting) -> None:
    old = OrchestratedRun(state=StepState.RUNNING, seconds=7201.0)
    scripted = Scripted(RUNNING, old)
    with pytest.raises(ExternalError, match="took more than 2 h, and is cancelled") as caught:
        waiting.wait(scripted, timeout=7200.0)
    assert caught.value.kind == "pipeline-slow"
    assert scripted.cancelled == [NAME]
    with pytest.raises(ExternalError, match=r"and could not be cancelled: No\. Raise"):
        waiting.wait(Scripted(old, cancels=DeniedError("No.", kind="cluster-denied")), timeout=7200.0)


def test_time_counts_as_well_while_nobody_answers(waiting: Waiting) -> None:
    scripted = Scripted(AWAY)
    with pytest.raises(ExternalError, match="and is cancelled"):
        waiting.wait(scripted, timeout=0.01)
    assert scripted.cancelled == [NAME]


# A project, and a server that executes nothing


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TektonServer]:
    monkeypatch.setenv("NBMLOPS_CLUSTER_TOKEN", TOKEN)
    server = TektonServer(tmp_path / "volumes")
    server.hold()
    yield server
    server.runs.clear()
    server.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    Project.init(root)
    laid_out(root)
    return root


def settled(root: Path, server: TektonServer, **more: str) -> None:
    given = {"address": server.address, "namespace": NAMESPACE, "image": "registry.example.org/suite:1", **more}
    lines = [f'{name} = "{value}"' for name, value in given.items() if value]
    (root / "nbmlops.toml").write_text("\n".join(["[engine.tekton]", *lines, ""]))


def run(root: Path, **more: object) -> None:
    pipeline: Pipeline = read_pipeline(root / PLACE)
    asked = Asked(name=NAME, engine="tekton", values={"word": "fine", "n": 3, **more}, timeout=60.0)
    run_orchestrated(Call(root), asked, pipeline, root / PLACE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image": ""}, "A Trainer on tekton needs an image, and nobody names one."),
        ({"address": ""}, "Nobody says where Tekton is: this is no pod, and no address is named."),
        ({"address": "http://10.0.0.1"}, "A token would travel in the open to 10.0.0.1."),
        ({"address": "nowhere"}, "'nowhere' is no address."),
        ({"adress": "x"}, "tekton has no option 'adress'."),
        ({"namespace": "elsewhere"}, 'forbidden: User "somebody" cannot POST in the namespace "elsewhere".'),
    ],
)
def test_settings_that_do_not_fit_are_one_line_and_leave_no_run(
    change: dict[str, str], words: str, root: Path, server: TektonServer
) -> None:
    settled(root, server, **change)
    with pytest.raises(NbmlopsError) as caught:
        run(root)
    assert words in caught.value.message
    assert "\n" not in str(caught.value)
    assert not server.runs
    assert not (root / ".nbmlops" / "mlflow.db").exists()


def environment(server: TektonServer) -> dict[str, str]:
    (made,) = server.runs.values()
    step = made["spec"]["pipelineSpec"]["tasks"][0]["taskSpec"]["steps"][0]
    return {each["name"]: each["value"] for each in step.get("env", ())}


def submitted(root: Path, server: TektonServer) -> None:
    """Only that: the server breaks off when it is looked at."""
    server.instead = lambda method, path: refused(403, "Forbidden", "enough") if method == "GET" else None
    with pytest.raises(DeniedError, match="enough"):
        run(root)


def test_steps_log_where_the_settings_say(root: Path, server: TektonServer) -> None:
    settled(root, server, tracking="http://mlflow.models.svc:5000", project_folder="/srv/wine", storage="20Gi")
    submitted(root, server)
    assert environment(server) == {"MLFLOW_TRACKING_URI": "http://mlflow.models.svc:5000"}
    (made,) = server.runs.values()
    step = made["spec"]["pipelineSpec"]["tasks"][0]["taskSpec"]["steps"][0]
    assert step["args"][:4] == ["--project", "/srv/wine", "--pipeline", PLACE]
    assert step["image"] == "registry.example.org/suite:1"
    assert "20Gi" in str(made["spec"]["workspaces"])


def test_a_database_of_this_machine_is_nothing_to_containers(root: Path, server: TektonServer) -> None:
    settled(root, server)
    submitted(root, server)
    assert environment(server) == {}


@pytest.mark.parametrize(
    ("uri", "wanted"),
    [
        ("https://mlflow.example.org", "https://mlflow.example.org"),
        ("http://me:hunter2@mlflow.example.org", ""),
        ("sqlite:////srv/mlflow.db", ""),
        ("http://127.0.0.1:5000", ""),
        ("http://localhost:5000", ""),
        ("databricks", ""),
    ],
)
def test_the_projects_own_server_is_theirs_unless_it_is_on_this_machine_or_needs_a_login(uri: str, wanted: str) -> None:
    assert orchestrated._reachable(uri) == wanted


def test_ctrl_c_leaves_the_run_alone(root: Path, server: TektonServer, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(root, server)

    def pressed(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", pressed)
    with pytest.raises(InterruptedRunError, match="tekton goes on with it"):
        run(root)
    (made,) = server.runs.values()
    assert "status" not in made["spec"]
