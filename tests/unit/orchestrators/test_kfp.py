"""What Kubeflow Pipelines is given, and what is made of whatever it answers. Nothing is compiled or executed here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from nbmlops.errors import DeniedError, ExternalError, NbmlopsError, StateError, UnavailableError, UsageError
from nbmlops.model.pipeline import StepState
from nbmlops.orchestrators.kfp import KfpOrchestrator
from tests.ports.kfp_server import TOKEN, KfpServer, refused

NAME = "wine-train-0123456789ab"
TYPES = {
    "n": "NUMBER_INTEGER",
    "rate": "NUMBER_DOUBLE",
    "no": "BOOLEAN",
    "y": "STRING",
    "sizes": "STRING",
}
SPEC = {
    "pipelineInfo": {"name": "wine"},
    "root": {
        "dag": {
            "tasks": {
                "load": {"taskInfo": {"name": "Load 'it'"}},
                "train-all": {"taskInfo": {"name": "train-all"}},
            }
        },
        "inputDefinitions": {"parameters": {name: {"parameterType": kind} for name, kind in TYPES.items()}},
    },
}
PLATFORM = {"platforms": {"kubernetes": {"pipelineConfig": {"workspace": {"size": "10Gi"}}}}}
FILES = {"pipeline.yaml": yaml.safe_dump_all([SPEC, PLATFORM]).encode()}
RUN: dict[str, Any] = {"run_id": "id-1", "display_name": NAME, "pipeline_spec": {"pipeline_spec": SPEC}}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KfpServer]:
    monkeypatch.setenv("NBMLOPS_KFP_TOKEN", TOKEN)
    server = KfpServer(tmp_path, "never-asked")
    server.hold()
    yield server
    server.runs.clear()
    server.close()


@pytest.fixture
def kfp(server: KfpServer) -> KfpOrchestrator:
    return KfpOrchestrator(address=server.address)


def test_a_run_carries_its_specification_and_typed_parameters(server: KfpServer) -> None:
    kfp = KfpOrchestrator(address=server.address, experiment="e-1", service_account="trainer")
    given = {"n": "3", "rate": "1e-3", "no": "True", "y": "on", "sizes": "[1, 'a']", "unused": "1"}
    id = kfp.submit(FILES, NAME, given)
    run = server.runs[id]
    assert run["display_name"] == NAME
    assert run["pipeline_spec"] == {"pipeline_spec": SPEC, "platform_spec": PLATFORM}
    assert run["runtime_config"] == {"parameters": {"n": 3, "rate": 0.001, "no": True, "y": "on", "sizes": "[1, 'a']"}}
    assert (run["experiment_id"], run["service_account"]) == ("e-1", "trainer")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("n", "three", "The value of n is no NUMBER_INTEGER."),
        ("no", "yes", "The value of no is no BOOLEAN."),
        ("rate", "nan", "The value of rate is nan, which JSON does not have."),
        ("rate", "-inf", "The value of rate is -inf, which JSON does not have."),
        ("y", "{{$.x}}", "The value of y has {{$ in it, which Kubeflow takes for a variable."),
    ],
)
def test_a_value_that_kubeflow_cannot_have_is_refused(
    name: str, text: str, words: str, kfp: KfpOrchestrator, server: KfpServer
) -> None:
    with pytest.raises(UsageError) as caught:
        kfp.submit(FILES, NAME, {name: text})
    assert caught.value.message == words
    assert not server.runs


@pytest.mark.parametrize("name", ["", "a" * 129, "a\nb"])
def test_what_is_no_name_is_refused(name: str, kfp: KfpOrchestrator) -> None:
    with pytest.raises(UsageError, match="is no name for a run"):
        kfp.submit(FILES, name, {})


def test_a_run_of_another_name_is_not_taken_whatever_the_filter_gives(kfp: KfpOrchestrator, server: KfpServer) -> None:
    other = {"run_id": "other", "display_name": NAME + "x", "state": "RUNNING"}
    server.instead = lambda method, path: (200, {"runs": [other]}) if method == "GET" else None
    assert kfp.submit(FILES, NAME, {}) in server.runs


@pytest.mark.parametrize(
    ("run", "state", "why"),
    [
        ({}, StepState.RUNNING, ""),
        ({"state": "PENDING"}, StepState.RUNNING, ""),
        ({"state": "PAUSED"}, StepState.RUNNING, ""),
        ({"state": "RUNTIME_STATE_UNSPECIFIED", "error": None, "run_details": None}, StepState.RUNNING, ""),
        ({"state": "SUCCEEDED"}, StepState.DONE, ""),
        ({"state": "SKIPPED"}, StepState.DONE, ""),
        ({"state": "CANCELING"}, StepState.KILLED, "the run id-1 was cancelled"),
        ({"state": "CANCELED"}, StepState.KILLED, "the run id-1 was cancelled"),
        ({"state": "FAILED"}, StepState.FAILED, "Kubeflow does not say why"),
        ({"state": "FAILED", "error": {"message": "no\n\x1b[31mquota."}}, StepState.FAILED, "no [31mquota"),
    ],
)
def test_each_end_is_told_apart(
    run: dict[str, Any], state: StepState, why: str, kfp: KfpOrchestrator, server: KfpServer
) -> None:
    server.instead = lambda method, path: (200, {**RUN, **run})
    seen = kfp.look("id-1")
    assert (seen.state, seen.why) == (state, why)


def test_steps_are_counted_by_name_and_drivers_are_none(kfp: KfpOrchestrator, server: KfpServer) -> None:
    details = [
        {"display_name": "root", "state": "FAILED"},
        {"display_name": "Load 'it'", "state": "SUCCEEDED"},
        {"display_name": "load", "state": "SUCCEEDED"},
        {"display_name": "load-driver", "state": "SUCCEEDED"},
        {"display_name": "train-all", "state": "FAILED", "error": {"message": "exit code 1"}},
    ]
    run = {**RUN, "state": "FAILED", "run_details": {"task_details": details}}
    server.instead = lambda method, path: (200, run)
    seen = kfp.look("id-1")
    assert (seen.step, seen.why, seen.done, seen.total) == ("train-all", "exit code 1", 1, 2)
    server.instead = lambda method, path: (200, {**run, "pipeline_spec": {"root": 3}})
    assert kfp.look("id-1").total == 0


def test_its_age_is_by_the_clock_there_and_no_age_from_1970(kfp: KfpOrchestrator, server: KfpServer) -> None:
    id = kfp.submit(FILES, NAME, {})
    server.ahead = timedelta(hours=3)
    assert 10_000 < kfp.look(id).seconds < 11_000
    server.runs[id]["created_at"] = "1970-01-01T00:00:00Z"
    assert kfp.look(id).seconds == 0


@pytest.mark.parametrize(
    ("answer", "family", "words"),
    [
        ((200, b"<html>"), ExternalError, "does not answer in JSON to get the run"),
        ((200, {}), ExternalError, "does not answer as Kubeflow Pipelines does"),
        ((200, {"run_id": 3}), ExternalError, "does not answer as Kubeflow Pipelines does"),
        ((200, {**RUN, "run_details": "x"}), ExternalError, "does not answer as Kubeflow Pipelines does"),
        (refused(401, f"no {TOKEN}"), DeniedError, "does not let us get the run id-1: no [redacted]."),
        (refused(500, "later"), UnavailableError, "(HTTP 500): later."),
    ],
)
def test_whatever_else_is_said_is_one_line(
    answer: Any, family: type[NbmlopsError], words: str, kfp: KfpOrchestrator, server: KfpServer
) -> None:
    server.instead = lambda method, path: answer
    for ask in (kfp.look, kfp.cancel):
        with pytest.raises(family) as caught:
            ask("id-1")
        assert words in caught.value.message
        assert "\n" not in str(caught.value)
        assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("id", ["../../healthz", "", "a b", "x" * 200, "a\nb"])
def test_an_id_that_is_none_goes_into_no_path(id: str, kfp: KfpOrchestrator, server: KfpServer) -> None:
    server.instead = lambda method, path: (200, {"runs": []} if method == "GET" else {"run_id": id})
    with pytest.raises(ExternalError, match="is no id of a run"):
        kfp.submit(FILES, NAME, {})
    with pytest.raises(ExternalError, match="is no id of a run"):
        kfp.look(id)


def test_where_it_is_has_to_be_said() -> None:
    with pytest.raises(StateError, match="no address is named"):
        KfpOrchestrator().look("id-1")


def test_a_token_travels_in_the_open_inside_a_cluster_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBMLOPS_KFP_TOKEN", TOKEN)
    with pytest.raises(UsageError, match=r"in the open to kfp\.example\.org"):
        KfpOrchestrator(address="http://kfp.example.org").look("id-1")


def test_a_pod_has_its_token_where_kubeflow_puts_it(
    server: KfpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NBMLOPS_KFP_TOKEN")
    kfp = KfpOrchestrator(address=server.address)
    with pytest.raises(DeniedError) as caught:
        kfp.submit(FILES, NAME, {})
    assert "NBMLOPS_KFP_TOKEN" in caught.value.hint
    (tmp_path / "token").write_text(TOKEN + "\n")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    assert kfp.submit(FILES, NAME, {}) in server.runs


def test_people_find_it_on_the_page(server: KfpServer) -> None:
    kfp = KfpOrchestrator(address=server.address, ui="https://kfp.example.org/")
    assert kfp.address("id-1") == "https://kfp.example.org/#/runs/details/id-1"
    assert KfpOrchestrator(address=server.address).address("id-1") == ""
