"""A Trainer whose pipeline Tekton executes: real processes of ours, and a server that executes what it is given.

The server is ours (tests/ports/tekton_server.py): neither Kubernetes nor Tekton is here.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.journeys.conftest import eventually, one_line
from tests.journeys.reconciled import GATE, PUBLISH, TRAINER, Team, copied, template
from tests.journeys.test_server_away import mlflow_server
from tests.ports.tekton_server import NAMESPACE, TOKEN, TektonServer, refused
from tests.services.servers import free_port

pytestmark = pytest.mark.slow

ON_TEKTON = TRAINER + "  engine: tekton\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Path:
    return template(tmp_path_factory.mktemp("reconciled") / "team", variables)


@pytest.fixture
def team(made: Path, tmp_path: Path, variables: dict[str, str]) -> Iterator[Team]:
    team = copied(made, tmp_path, {**variables, "NBMLOPS_CLUSTER_TOKEN": TOKEN})
    yield team
    team.terminal.close()


@pytest.fixture
def server(team: Team, tmp_path: Path, variables: dict[str, str]) -> Iterator[TektonServer]:
    """Its containers hold the project as it lies there, and log to the project's MLflow."""
    tracking = f"sqlite:///{team.work / '.nbmlops' / 'mlflow.db'}"
    server = TektonServer(tmp_path / "volumes", {**variables, "MLFLOW_TRACKING_URI": tracking})
    settled(team, server)
    yield server
    server.close()


def settled(team: Team, server: TektonServer, **more: str) -> None:
    options = {
        "address": server.address,
        "namespace": NAMESPACE,
        "image": "registry.example.org/kinds:1",
        "project_folder": str(team.work),
        **more,
    }
    lines = "".join(f'{name} = "{value}"\n' for name, value in options.items() if value)
    (team.work / "nbmlops.toml").write_text(f"[engine.tekton]\n{lines}")


def runs(team: Team) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = team.terminal.good("runs")["runs"]
    return found


def state(team: Team) -> str:
    """After another tick, whatever it comes to."""
    found: str = json.loads(team.terminal.nbmlops("reconcile", "--json").stdout)["ran"][0]["state"]
    return found


def attempts(team: Team) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = team.remembered()["attempts"]
    return found


def test_what_is_needed_is_submitted_and_its_model_becomes_the_champion(team: Team, server: TektonServer) -> None:
    team.document(ON_TEKTON + GATE)
    done = team.terminal.nbmlops("reconcile")
    assert done.returncode == 10, done.stdout + done.stderr
    assert TOKEN not in done.stdout + done.stderr
    (id,) = server.runs
    assert id == f"kinds-train-{attempts(team)[0]['key'][:12]}"
    assert list(team.versions()) == ["1"]
    assert team.aliases()["champion"] == "1"
    parent, step = sorted((run for run in runs(team) if id in run["tags"].values()), key=lambda run: run["name"] != id)
    assert (parent["status"], step["status"]) == ("FINISHED", "FINISHED")
    assert step["parent"] == parent["id"]
    assert step["tags"]["nbmlops.kind"] == "step"
    assert step["tags"]["nbmlops.orchestrated"] == parent["tags"]["nbmlops.orchestrated"] == id
    assert team.versions()["1"]["nbmlops.run"] == parent["id"]
    assert team.terminal.good("show", id)["run"]["status"] == "FINISHED"
    team.terminal.good("pipelines")
    for verb in ("executed", "resume"):
        one_line(team.terminal.nbmlops(verb, id))
    assert team.reconcile()["state"] == "InSync"
    assert not any(TOKEN.encode() in path.read_bytes() for path in team.work.rglob("*") if path.is_file())


def test_with_a_server_of_mlflow_steps_find_it_and_a_proposal_is_made(
    team: Team, server: TektonServer, tmp_path: Path, variables: dict[str, str]
) -> None:
    del server.environment["MLFLOW_TRACKING_URI"]
    port = free_port()
    with mlflow_server(port, tmp_path / "server", variables) as uri:
        settled(team, server, tracking=uri)
        settings = team.work / "nbmlops.toml"
        settings.write_text(settings.read_text() + f'[tracking]\nuri = "{uri}"\n')
        team.document(ON_TEKTON + GATE + PUBLISH)
        assert team.reconcile(code=10)["state"] == "ProposalOpen"
        (run,) = server.runs.values()
        (container,) = run["spec"]["pipelineSpec"]["tasks"][0]["taskSpec"]["steps"]
        assert container["env"] == [{"name": "MLFLOW_TRACKING_URI", "value": uri}]
        assert team.aliases() == {"challenger": "1"}


def test_a_step_that_fails_is_named_and_the_next_attempt_is_another_run(team: Team, server: TektonServer) -> None:
    (team.work / "data" / "trouble.txt").write_text("fails\n")
    team.document(ON_TEKTON)
    ran = team.reconcile(code=10)
    assert (ran["action"], ran["state"]) == ("train", "BackOff")
    error = attempts(team)[0]["error"]
    assert error.startswith("Step kinds failed on tekton: ")
    assert "no luck today" in error
    assert {run["status"] for run in runs(team)} == {"FAILED"}
    (team.work / "data" / "trouble.txt").write_text("none\n")
    assert eventually(lambda: state(team) == "InSync")
    first, second = server.runs
    assert second == f"{first}-2"
    assert list(team.versions()) == ["1"]


def test_what_is_killed_while_it_waits_takes_the_same_run_up(team: Team, server: TektonServer) -> None:
    server.hold()
    team.document(ON_TEKTON)
    running = team.terminal.start("nbmlops", "reconcile")
    assert eventually(lambda: server.runs)
    assert eventually(lambda: any(method == "GET" for method, _ in server.asked))
    running.send_signal(signal.SIGKILL)
    running.communicate()
    server.go_on()
    ran = team.reconcile(code=10)
    assert (ran["action"], ran["state"]) == ("resume", "InSync")
    assert len(server.runs) == 1
    assert list(team.versions()) == ["1"]
    assert [each["state"] for each in attempts(team)] == ["succeeded"]


def test_ctrl_c_lets_the_run_go_on(team: Team, server: TektonServer) -> None:
    server.hold()
    team.document(ON_TEKTON)
    running = team.terminal.start("nbmlops", "reconcile")
    assert eventually(lambda: server.runs)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert "Traceback" not in err
    server.go_on()
    assert team.reconcile(code=10)["state"] == "InSync"
    assert len(server.runs) == 1
    assert not any("status" in run["spec"] for run in server.runs.values())


def test_what_takes_longer_than_it_may_is_cancelled(team: Team, server: TektonServer) -> None:
    server.hold()
    team.document(ON_TEKTON + "  timeout: 2s\n")
    ran = team.reconcile(code=10)
    assert (ran["action"], ran["state"]) == ("train", "BackOff")
    (run,) = server.runs.values()
    assert run["spec"]["status"] == "Cancelled"
    assert attempts(team)[0]["error"].endswith("on tekton took more than 2 s, and is cancelled.")


def test_time_that_nobody_waited_counts(team: Team, server: TektonServer) -> None:
    server.hold()
    team.document(ON_TEKTON + "  timeout: 1h\n")
    running = team.terminal.start("nbmlops", "reconcile")
    assert eventually(lambda: server.runs)
    waiting = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    # Who waits sees that its parent is gone within a second, in which it would see how late it has become, too.
    assert psutil.wait_procs(waiting, timeout=30)[1] == []
    server.ahead = timedelta(hours=2)
    assert team.reconcile(code=10)["state"] == "BackOff"
    (run,) = server.runs.values()
    assert run["spec"]["status"] == "Cancelled"


def test_a_server_that_does_not_answer_is_asked_again_later(team: Team, server: TektonServer) -> None:
    server.instead = lambda method, path: refused(503, "ServiceUnavailable", "the server is not ready")
    team.document(ON_TEKTON)
    ran = team.reconcile(code=10)
    assert (ran["action"], ran["state"]) == ("train", "BackOff")
    assert "could not create the PipelineRun" in attempts(team)[0]["error"]
    assert runs(team) == []
    server.instead = lambda method, path: None
    assert eventually(lambda: state(team) == "InSync")
    assert len(server.runs) == 1


def test_a_server_that_is_away_for_a_while_is_waited_for(team: Team, server: TektonServer) -> None:
    asked: list[str] = []

    def away(method: str, path: str) -> Any:
        asked.append(method)
        return refused(503, "ServiceUnavailable", "not now") if method == "GET" and asked.count("GET") < 4 else None

    server.instead = away
    team.document(ON_TEKTON)
    assert team.reconcile(code=10)["state"] == "InSync"
    assert len(server.runs) == 1


def test_steps_that_log_nowhere_are_told_with_the_variable_and_the_run_is_not_taken_again(
    team: Team, server: TektonServer
) -> None:
    tracking = server.environment.pop("MLFLOW_TRACKING_URI")
    team.document(ON_TEKTON)
    assert team.reconcile(code=10)["state"] == "BackOff"
    error = attempts(team)[0]["error"]
    assert "has ended well on tekton, and left no run in MLflow" in error
    assert "MLFLOW_TRACKING_URI of its containers does not lead there" in error
    server.environment["MLFLOW_TRACKING_URI"] = tracking
    assert eventually(lambda: state(team) == "InSync")
    assert len(server.runs) == 2
