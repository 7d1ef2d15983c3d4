"""What Tekton is given, and what is made of whatever its API server says. Nothing is executed here."""

from __future__ import annotations

import copy
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nbmlops.errors import (
    DeniedError,
    ExternalError,
    NbmlopsError,
    NotFoundError,
    StateError,
    UnavailableError,
    UsageError,
)
from nbmlops.lib import kubernetes_api
from nbmlops.model.pipeline import StepState
from nbmlops.orchestrators.tekton import TektonOrchestrator
from nbmlops.pipeline.compilers.tekton import TektonCompiler
from tests.ports.tekton_server import NAMESPACE, TOKEN, TektonServer, refused
from tests.unit.hosts.test_under_lease import authority
from tests.unit.pipeline import tekton_schema
from tests.unit.pipeline.test_compilers import FULL, target

NAME = "wine-train-0123456789ab"
RUN: dict[str, Any] = {
    "metadata": {"name": NAME, "creationTimestamp": "2031-05-01T00:00:00Z"},
    "spec": {"pipelineSpec": {"tasks": [{}, {}, {}]}},
    "status": {"conditions": [{"type": "Succeeded", "status": "Unknown", "reason": "Running"}]},
}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TektonServer]:
    monkeypatch.setenv("NBMLOPS_CLUSTER_TOKEN", TOKEN)
    server = TektonServer(tmp_path)
    server.hold()
    yield server
    server.runs.clear()
    server.close()


@pytest.fixture
def tekton(server: TektonServer) -> TektonOrchestrator:
    return TektonOrchestrator(address=server.address, namespace=NAMESPACE)


def answering(server: TektonServer, run: Any, tasks: Any = None) -> None:
    answers = {"pipelineruns": run, "taskruns": {"items": []} if tasks is None else tasks}
    server.instead = lambda method, path: (200, next(found for kind, found in answers.items() if kind in path))


def ended(status: str, reason: str, message: str = "") -> dict[str, Any]:
    run = copy.deepcopy(RUN)
    condition = {"type": "Succeeded", "status": status, "reason": reason, "message": message}
    run["status"]["conditions"] = [{"type": "Other", "status": "True"}, condition]
    return run


def task(name: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    labels = {"tekton.dev/pipelineTask": name}
    condition = {"type": "Succeeded", "status": status, "reason": reason, "message": message}
    return {"metadata": {"name": f"r-{name}", "labels": labels}, "status": {"conditions": [condition]}}


@pytest.mark.parametrize("asks", [{}, FULL], ids=["plain", "full"])
def test_what_is_submitted_is_what_tekton_knows(asks: dict[str, Any], server: TektonServer) -> None:
    files = TektonCompiler(storage_class="fast").compile(target(**asks))
    tekton = TektonOrchestrator(address=server.address, namespace=NAMESPACE, service_account="trainer")
    assert tekton.submit(files, NAME, {"n": "4", "y": "off", "depth": "None"}) == NAME
    run = server.runs[NAME]
    jsonschema.validate(_sent(run), tekton_schema.SUBMITTED)
    given = {each["name"]: each["value"] for each in run["spec"]["params"]}
    assert (given["n"], given["y"], given["depth"], given["rate"]) == ("4", "off", "None", "1")
    inside = run["spec"]["pipelineSpec"]["tasks"]
    assert [each["name"] for each in inside] == ["load", "train-all"]
    assert "taskRef" not in str(run)
    assert run["spec"]["taskRunTemplate"] == {"serviceAccountName": "trainer"}
    for each in inside:
        arguments = each["taskSpec"]["steps"][0]["args"]
        assert arguments[arguments.index("--run") + 1] == "$(params.nbmlops-run)"


def _sent(run: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: run["metadata"][name] for name in ("name", "labels")}
    return {**{name: run[name] for name in ("apiVersion", "kind", "spec")}, "metadata": metadata}


def test_it_is_made_in_one_request(server: TektonServer, tekton: TektonOrchestrator) -> None:
    tekton.submit(TektonCompiler().compile(target()), NAME, {})
    assert server.asked == [("POST", f"/apis/tekton.dev/v1/namespaces/{NAMESPACE}/pipelineruns")]


def test_a_long_name_is_shortened_and_still_its_own(server: TektonServer, tekton: TektonOrchestrator) -> None:
    files = TektonCompiler().compile(target())
    names = [tekton.submit(files, f"{'a' * 52}-{key}", {}) for key in ("0123456789ab", "0123456789ac")]
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 56
    assert tekton.submit(files, f"{'a' * 52}-0123456789ab", {}) == names[0]


@pytest.mark.parametrize("name", ["", "Wine", "a b", "a/../b", "-a", "ü"])
def test_what_is_no_name_is_refused(name: str, tekton: TektonOrchestrator, server: TektonServer) -> None:
    with pytest.raises(UsageError, match="is no name for a PipelineRun"):
        tekton.submit(TektonCompiler().compile(target()), name, {})
    assert server.asked == []


def test_a_value_that_tekton_would_take_for_a_variable_is_refused(tekton: TektonOrchestrator) -> None:
    with pytest.raises(UsageError, match=r"The value of y has \$\( in it"):
        tekton.submit(TektonCompiler().compile(target()), NAME, {"y": "$(params.n)"})


def test_a_cluster_without_tekton_is_told(tekton: TektonOrchestrator, server: TektonServer) -> None:
    server.instead = lambda method, path: refused(404, "NotFound", "the server could not find the requested resource")
    with pytest.raises(NotFoundError, match="could not find the requested resource") as caught:
        tekton.submit(TektonCompiler().compile(target()), NAME, {})
    assert caught.value.hint == "Is Tekton installed there, and is there a namespace models?"


def test_after_many_failures_it_is_enough(tekton: TektonOrchestrator, server: TektonServer) -> None:
    failed = ended("False", "Failed")

    def answer(method: str, path: str) -> Any:
        if method == "POST":
            return refused(409, "AlreadyExists", "already exists")
        return (200, {"items": []}) if path.endswith("taskruns") else (200, failed)

    server.instead = answer
    with pytest.raises(StateError, match="50 PipelineRuns called wine-train-0123456789ab have failed"):
        tekton.submit(TektonCompiler().compile(target()), NAME, {})


@pytest.mark.parametrize(
    ("run", "state", "why"),
    [
        (RUN, StepState.RUNNING, ""),
        ({"metadata": {"name": NAME}}, StepState.RUNNING, ""),
        (ended("Unknown", "PipelineRunPending"), StepState.RUNNING, ""),
        (ended("Unknown", "ResolvingPipelineRef"), StepState.RUNNING, ""),
        (ended("True", "Succeeded", "all"), StepState.DONE, ""),
        (ended("True", "Completed"), StepState.DONE, ""),
        (ended("False", "Failed", "Tasks Completed: 1"), StepState.FAILED, "Tasks Completed: 1"),
        (ended("False", "PipelineRunTimeout"), StepState.FAILED, "PipelineRunTimeout"),
        (ended("False", "CreateRunFailed", "quota \x1b[31m\nexceeded."), StepState.FAILED, "quota [31m exceeded"),
        (ended("False", "Cancelled"), StepState.KILLED, f"{NAME} was cancelled"),
        (ended("Unknown", "Cancelled"), StepState.KILLED, f"{NAME} was cancelled"),
        ({**RUN, "spec": {"status": "CancelledRunFinally"}}, StepState.KILLED, f"{NAME} was cancelled"),
        ({**RUN, "spec": {"status": "StoppedRunFinally"}}, StepState.KILLED, f"{NAME} was cancelled"),
        (
            {**RUN, "metadata": {"name": NAME, "deletionTimestamp": "2031-05-01T00:00:00Z"}},
            StepState.KILLED,
            f"{NAME} was cancelled",
        ),
    ],
)
def test_each_end_is_told_apart(
    run: dict[str, Any], state: StepState, why: str, tekton: TektonOrchestrator, server: TektonServer
) -> None:
    answering(server, run)
    seen = tekton.look(NAME)
    assert (seen.state, seen.why) == (state, why)


def test_the_step_that_failed_is_named_not_those_that_were_ended_with_it(
    tekton: TektonOrchestrator, server: TektonServer
) -> None:
    tasks = [
        task("aside", "False", "TaskRunCancelled", "was cancelled"),
        task("load", "True"),
        task("train\n\x1b", "False", "Failed", "exited with code 137: OOMKilled"),
    ]
    answering(server, ended("False", "Failed", "Tasks Completed: 3"), {"items": tasks})
    seen = tekton.look(NAME)
    assert (seen.step, seen.why, seen.done, seen.total) == ("train", "exited with code 137: OOMKilled", 1, 3)


def test_whoever_may_not_see_tasks_does_without(tekton: TektonOrchestrator, server: TektonServer) -> None:
    answers = {"pipelineruns": (200, ended("False", "Failed", "Tasks Completed: 1 (Failed: 1)"))}
    forbidden = refused(403, "Forbidden", "taskruns is forbidden")
    server.instead = lambda method, path: answers.get(path.split("/")[6], forbidden)
    seen = tekton.look(NAME)
    assert (seen.state, seen.step, seen.done) == (StepState.FAILED, "", 0)
    assert seen.why == "Tasks Completed: 1 (Failed: 1)"


def test_its_age_is_by_the_clock_there(tekton: TektonOrchestrator, server: TektonServer) -> None:
    tekton.submit(TektonCompiler().compile(target()), NAME, {})
    server.ahead = timedelta(hours=3)
    assert 10_000 < tekton.look(NAME).seconds < 11_000


@pytest.mark.parametrize(
    ("answer", "family", "words"),
    [
        ((200, b"<html>"), ExternalError, "does not answer in JSON to get the PipelineRun"),
        ((200, b"[]"), ExternalError, "does not answer in JSON"),
        ((200, {}), ExternalError, "does not answer as Tekton does to get the PipelineRun"),
        ((200, {"metadata": 3}), ExternalError, "does not answer as Tekton does"),
        ((200, {"metadata": {}, "status": {"conditions": "x"}}), ExternalError, "does not answer as Tekton does"),
        ((200, {"metadata": {"creationTimestamp": "yesterday"}}), ExternalError, "does not answer as Tekton does"),
        ((200, {"metadata": {}, "spec": {"pipelineSpec": {"tasks": 3}}}), ExternalError, "as Tekton does"),
        (refused(401, "Unauthorized", TOKEN), DeniedError, "does not let us get the PipelineRun"),
        (refused(403, "Forbidden", "no\nway"), DeniedError, "no way."),
        (refused(503, "ServiceUnavailable", "later"), UnavailableError, "(HTTP 503): later."),
        (refused(410, "Gone", "gone"), ExternalError, "(HTTP 410): gone."),
    ],
)
def test_whatever_else_is_said_is_one_line(
    answer: Any, family: type[NbmlopsError], words: str, tekton: TektonOrchestrator, server: TektonServer
) -> None:
    server.instead = lambda method, path: answer
    for ask in (tekton.look, tekton.cancel):
        with pytest.raises(family) as caught:
            ask(NAME)
        assert words in caught.value.message
        assert "\n" not in str(caught.value)
        assert TOKEN not in str(caught.value)
    if family is DeniedError:
        assert "NBMLOPS_CLUSTER_TOKEN" in caught.value.hint


def test_one_that_ends_while_it_is_cancelled_is_no_error(tekton: TektonOrchestrator, server: TektonServer) -> None:
    states = iter([RUN, ended("True", "Succeeded")])

    def answer(method: str, path: str) -> Any:
        if method == "PATCH":
            return refused(400, "BadRequest", "Once the PipelineRun is complete, no updates are allowed")
        return (200, {"items": []}) if path.endswith("taskruns") else (200, next(states))

    server.instead = answer
    tekton.cancel(NAME)


def test_a_pod_asks_by_its_service_account(
    server: TektonServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = tmp_path / "account"
    account.mkdir()
    authority(account)
    (account / "namespace").write_text(NAMESPACE)
    (account / "token").write_text(TOKEN + "\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(account / "ca.crt", account / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setattr(kubernetes_api, "ACCOUNT", account)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.server_port))
    monkeypatch.delenv("NBMLOPS_CLUSTER_TOKEN")
    files = TektonCompiler().compile(target())
    assert TektonOrchestrator().submit(files, NAME, {}) == NAME
    outside = TektonOrchestrator(
        address=f"https://127.0.0.1:{server.server_port}",
        namespace=NAMESPACE,
        certificate=str(account / "ca.crt"),
    )
    with pytest.raises(DeniedError) as caught:
        outside.look(NAME)
    assert "NBMLOPS_CLUSTER_TOKEN" in caught.value.hint
    monkeypatch.setenv("NBMLOPS_CLUSTER_TOKEN", TOKEN)
    assert outside.look(NAME).state is StepState.RUNNING
    (account / "token").write_text("another")
    with pytest.raises(DeniedError) as caught:
        TektonOrchestrator().look(NAME)
    assert "Bind a Role" in caught.value.hint
    with pytest.raises(UnavailableError, match="certificate verify failed"):
        TektonOrchestrator(address=f"https://127.0.0.1:{server.server_port}", namespace=NAMESPACE).look(NAME)


def test_where_it_is_has_to_be_said() -> None:
    with pytest.raises(StateError, match="this is no pod, and no address is named") as caught:
        TektonOrchestrator().look(NAME)
    assert "kubectl proxy" in caught.value.hint
    with pytest.raises(UsageError, match="is no namespace"):
        TektonOrchestrator(address="http://127.0.0.1:1", namespace="a/../b").look(NAME)


def test_people_find_it_in_the_dashboard(server: TektonServer) -> None:
    found = TektonOrchestrator(address=server.address, ui="https://tekton.example.org/")
    assert found.address(NAME) == f"https://tekton.example.org/#/namespaces/default/pipelineruns/{NAME}"
    assert TektonOrchestrator(address=server.address).address(NAME) == ""
    assert found.describe() == f"Tekton at {server.address}"
