"""`deploy` and what follows it: real services behind a real router, on loopback, stopped at the end."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nbmlops import api
from nbmlops.errors import (
    ConflictError,
    NotFoundError,
    StateError,
    UsageError,
)
from nbmlops.lib.process import process_started
from nbmlops.ops.deployment_view import State
from tests.kernels import Kernel
from tests.services.deploy.deployed import (
    ROWS,
    SPLIT,
    ask,
    deploy,
    folder_of,
    loaded,
    pids_of,
    seen,
    sums,
    wait_for,
)
from tests.services.servers import free_port

# MLflow warns of its own type hints when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


def test_a_package_answers_by_each_protocol_until_it_is_stopped(place: Path) -> None:
    made = deploy(place, "sums:v1")
    assert made.state is State.HEALTHY
    assert ask(place, "/invocations", SPLIT)["predictions"] == sums(1)
    tensor = {"name": "rows", "datatype": "FP64", "shape": [2, 2], "data": ROWS}
    assert ask(place, "/v2/models/sums/infer", {"inputs": [tensor]})["outputs"][0]["data"] == sums(1)
    assert ask(place, "/v1/models/sums:predict", {"instances": ROWS})["predictions"] == sums(1)
    assert ask(place, "/healthz/ready", Authorization="none") == {"ready": True}
    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(place, "/invocations", SPLIT, Authorization="Bearer guess")
    told = ask(place, "/metrics")
    assert 'nbmlops_routed_requests_total{revision="1"} 4' in told
    assert 'nbmlops_requests_total{revision="1",replica="0",protocol="kserve-v1",status="200"} 1.0' in told

    asked = api.predict(name="sums", data=json.dumps(ROWS), folder=place)
    assert asked.predictions == sums(1)
    assert asked.revision == 1
    (place / "rows.csv").write_text("a,b\n1.0,2.0\n3.0,5.0\n")
    assert api.predict(name="sums", data="rows.csv", folder=place).predictions == sums(1)
    assert len(api.predict(name="sums", folder=place).predictions) == 3
    with pytest.raises(UsageError, match="refuses the data"):
        api.predict(name="sums", data='{"dataframe_records": [{"a": 1.0}]}', folder=place)

    pids = [made.pid, *pids_of(made)]
    assert len(pids) == 2
    api.undeploy(name="sums", folder=place)
    wait_for(lambda: all(process_started(pid) == -1 for pid in pids))
    assert seen(place).state is State.STOPPED
    with pytest.raises(StateError, match="is stopped"):
        api.predict(name="sums", folder=place)
    assert deploy(place).state is State.HEALTHY
    assert api.predict(name="sums", data=json.dumps(ROWS), folder=place).predictions == sums(1)


def test_a_canary_answers_its_share_and_then_all(place: Path) -> None:
    deploy(place, "sums:v1")
    made = api.deploy(package="sums:v2", name="sums", canary=20, folder=place)
    assert made.replay.answers == made.replay.differing == 3
    answers = Counter(api.predict(name="sums", folder=place).revision for _ in range(20))
    assert answers == {1: 16, 2: 4}
    assert api.predict(name="sums", data=json.dumps(ROWS), revision=2, folder=place).predictions == sums(2)
    deploy(place, canary=50)
    assert Counter(api.predict(name="sums", folder=place).revision for _ in range(10)) == {1: 5, 2: 5}
    found = deploy(place, canary=100)
    assert [(each.number, each.role, each.percent) for each in found.revisions] == [(2, "stable", 100), (1, "", 0)]
    assert {api.predict(name="sums", folder=place).revision for _ in range(5)} == {2}
    with pytest.raises(NotFoundError, match="has no canary"):
        deploy(place, canary=10)


def test_a_canary_is_taken_away_and_revisions_are_rolled_back(place: Path) -> None:
    deploy(place, "sums:v1")
    deploy(place, "sums:v2", canary=50)
    gone = api.rollback(name="sums", folder=place)
    assert (gone.was_canary, gone.answered, gone.answers) == (True, 2, 1)
    assert {api.predict(name="sums", folder=place).revision for _ in range(4)} == {1}
    deploy(place, "sums:v2")
    deploy(place, "sums:v3")
    back = api.rollback(name="sums", folder=place)
    assert (back.answered, back.answers) == (4, 3)
    assert api.predict(name="sums", data=json.dumps(ROWS), folder=place).predictions == sums(2)
    assert api.rollback(name="sums", folder=place).answers == 1
    with pytest.raises(StateError, match="no revision before"):
        api.rollback(name="sums", folder=place)
    assert api.rollback(name="sums", to=4, folder=place).answers == 4
    assert api.rollback(name="sums", folder=place).answers == 1
    with pytest.raises(NotFoundError, match="no revision 9"):
        api.rollback(name="sums", to=9, folder=place)


def test_a_shadow_is_asked_and_only_compared(place: Path) -> None:
    deploy(place, "sums:v1")
    deploy(place, "sums:v2", shadow=True)
    for _ in range(6):
        assert api.predict(name="sums", data=json.dumps(ROWS), folder=place).predictions == sums(1)

    def shadowed() -> tuple[int, int]:
        traffic = next(each.traffic for each in seen(place).revisions if each.role == "shadow")
        # The input example has been asked of it when it was new.
        return traffic.requests - 1, traffic.differing

    wait_for(lambda: shadowed() == (6, 6))
    deploy(place, canary=100)
    assert api.predict(name="sums", data=json.dumps(ROWS), folder=place).predictions == sums(2)


def test_no_request_fails_while_revisions_are_exchanged(place: Path) -> None:
    deploy(place, "sums:v1")
    replies = loaded(place, lambda: deploy(place, "sums:v2"))
    expected = {1: sums(1), 2: sums(2)}
    assert Counter(each.status for each in replies) == {200: 10_000}
    assert all(json.loads(each.body)["predictions"] == expected[each.revision] for each in replies)
    assert seen(place).stable.number == 2
    assert {each.revision for each in loaded(place, count=100)} == {2}


def test_replicas_are_added_and_taken_away(place: Path) -> None:
    deploy(place, "sums:v1")
    deploy(place, replicas=3)
    wait_for(lambda: len(pids_of(seen(place))) == 3)
    deploy(place, replicas=1)
    wait_for(lambda: len(pids_of(seen(place))) == 1)
    assert Counter(each.status for each in loaded(place, count=200)) == {200: 200}


def test_two_that_change_one_deployment_do_not_meet(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(place, "sums:v1")
    with ThreadPoolExecutor(1) as beside, folder_of(place).locked():
        waiting = beside.submit(deploy, place, replicas=2)
        time.sleep(0.5)
        assert not waiting.done()
        assert folder_of(place).spec().replicas == 1
    assert waiting.result(60).replicas == 2
    monkeypatch.setattr("nbmlops.deploy.folder.WAIT_SECONDS", 0.2)
    with folder_of(place).locked():
        for change in (
            lambda: deploy(place, "sums:v2"),
            lambda: api.rollback(name="sums", folder=place),
            lambda: api.undeploy(name="sums", folder=place),
        ):
            with pytest.raises(ConflictError, match="Somebody else is changing"):
                change()
    assert seen(place).state is State.HEALTHY
    assert [each.number for each in seen(place).revisions] == [1]


def test_two_deploys_at_once_come_one_after_the_other(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbmlops.deploy.folder.WAIT_SECONDS", 120)
    deploy(place, "sums:v1")
    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(deploy, place, package) for package in ("sums:v2", "sums:v3")]:
            assert each.result(240).state is State.HEALTHY
    found = seen(place)
    assert [each.number for each in found.revisions] == [3, 2, 1]
    assert found.stable.number == 3
    factor = int(found.stable.package[-1])
    assert api.predict(name="sums", data=json.dumps(ROWS), folder=place).predictions == sums(factor)
    assert len(pids_of(found)) == 1


def test_what_a_notebook_shows_of_it_stays_true(place: Path) -> None:
    with Kernel(place, dict(os.environ), notebook=place / "wine.ipynb") as kernel:
        kernel.good("%load_ext nbmlops")
        shown = kernel.good(f"%mlops deploy sums:v1 --name sums --port {free_port()}").displayed[-1]
        assert "sums is healthy" in shown["text/plain"]
        assert "Ask it" in shown["text/plain"]
        assert kernel.good("_.deployments[0].name").shown == "'sums'", "it is the value of its cell, too"
        for _ in range(12):
            ask(place, "/invocations", SPLIT)

        def updated() -> str:
            while True:
                message = kernel.client.get_iopub_msg(timeout=30)
                if message["msg_type"] == "update_display_data":
                    return str(message["content"]["data"]["text/plain"])

        wait_for(lambda: " 12 " in updated())
        api.undeploy(name="sums", folder=place)
        wait_for(lambda: "sums is stopped" in updated())
