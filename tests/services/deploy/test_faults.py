"""Replicas that die, hang, leak or never come up; a supervisor that crashes; ports and files that others have."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from nbmlops import api
from nbmlops.deploy.supervise.memory import memory_of
from nbmlops.errors import (
    ConflictError,
    ExternalError,
    IntegrityError,
)
from nbmlops.lib.process import process_started
from nbmlops.ops.deployment_view import State
from tests.services.deploy.deployed import (
    KITFILE,
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
from tests.services.deploy.odd import DIES, HANGS, LEAKS, pack_odd
from tests.services.servers import free_port

# MLflow warns of its own type hints when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


def test_a_replica_that_is_killed_under_load_comes_back(place: Path) -> None:
    made = deploy(place, "sums:v1", replicas=2)
    assert len(pids_of(made)) == 2
    replies = loaded(place, lambda: os.kill(pids_of(made)[0], signal.SIGKILL))
    failed = sum(each.status != 200 for each in replies)
    assert failed <= len(replies) * 0.01
    wait_for(lambda: len(pids_of(seen(place))) == 2 and seen(place).state is State.HEALTHY)
    (revision,) = seen(place).revisions
    assert sorted(each.restarts for each in revision.replicas) == [0, 1]
    assert "SIGKILL" in "\n".join(api.logs(name="sums", router=True, folder=place).lines)


def test_a_request_that_kills_does_not_kill_all(place: Path) -> None:
    made = deploy(place, pack_odd(place), replicas=3)
    with pytest.raises(urllib.error.HTTPError, match="503"):
        ask(place, "/invocations", DIES)
    # The end of the second is noticed a moment after the answer.
    wait_for(lambda: len(set(pids_of(made)) & set(pids_of(seen(place)))) <= 1)
    assert ask(place, "/invocations", SPLIT)["predictions"] == [1.0, 3.0]
    assert len(set(pids_of(made)) & set(pids_of(seen(place)))) == 1


@pytest.mark.slow
def test_a_model_that_hangs_is_started_again_and_others_are_answered(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBMLOPS_SECONDS", "2")
    made = deploy(place, pack_odd(place), replicas=2)
    with pytest.raises(urllib.error.HTTPError, match="504"):
        ask(place, "/invocations", HANGS)
    while set(pids_of(made)) <= set(pids_of(now := seen(place))):
        assert ask(place, "/invocations", SPLIT)["predictions"] == [1.0, 3.0]
        time.sleep(0.2)
    wait_for(lambda: seen(place).state is State.HEALTHY, 60)
    (revision,) = seen(place).revisions
    assert sorted(each.restarts for each in revision.replicas) == [0, 1]
    assert "did not answer for 30 seconds" in "\n".join(api.logs(name="sums", router=True, folder=place).lines)
    assert now.state is not State.DOWN


@pytest.mark.slow
def test_a_model_that_leaks_is_replaced_without_a_failed_request(place: Path) -> None:
    package = pack_odd(place)
    (pid,) = pids_of(deploy(place, package))
    ask(place, "/invocations", SPLIT)
    idle = memory_of(pid)
    made = deploy(place, package, memory=f"{(idle >> 20) + 100}MiB")
    (leaking,) = pids_of(seen(place))
    assert leaking not in (pid, 0)
    for _ in range(4):
        ask(place, "/invocations", LEAKS)
    assert memory_of(leaking) > idle + (100 << 20)

    def is_replaced() -> bool:
        assert ask(place, "/invocations", SPLIT)["predictions"] == [1.0, 3.0]
        return leaking not in pids_of(seen(place)) and seen(place).state is State.HEALTHY

    wait_for(is_replaced, 120)
    stable = seen(place).stable
    assert stable is not None
    assert stable.number == made.stable.number
    assert [each.restarts for each in stable.replicas] == [1]
    assert stable.traffic.failed == 0
    with pytest.raises(ExternalError, match="where 10 MiB are allowed"):
        deploy(place, package, memory="10MiB")
    assert ask(place, "/invocations", SPLIT)["predictions"] == [1.0, 3.0]


def test_what_does_not_come_up_leaves_the_old_one_serving(place: Path, kits: Path) -> None:
    deploy(place, "sums:v1")
    before = folder_of(place).spec()
    broken = place / "broken"
    (broken / "model").mkdir(parents=True)
    (broken / "Kitfile").write_text(KITFILE)
    (broken / "model" / "MLmodel").write_text("flavors: {python_function: {loader_module: no_such_module}}\n")
    api.pack(source=str(broken), tag="sums:broken")
    with pytest.raises(ExternalError, match=r"Revision 2 of sums did not come up.*no_such_module") as caught:
        deploy(place, "sums:broken")
    assert "logs sums --revision 2" in caught.value.hint
    assert "no_such_module" in "\n".join(api.logs(name="sums", revision=2, folder=place).lines)
    assert folder_of(place).spec() == before
    assert api.predict(name="sums", data=json.dumps(ROWS), folder=place).predictions == sums(1)
    assert deploy(place, "sums:v2").stable.number == 3


def test_a_first_one_that_does_not_come_up_leaves_nothing_running(place: Path) -> None:
    broken = place / "broken"
    (broken / "model").mkdir(parents=True)
    (broken / "Kitfile").write_text(KITFILE)
    (broken / "model" / "MLmodel").write_text("flavors: {python_function: {loader_module: no_such_module}}\n")
    api.pack(source=str(broken), tag="sums:broken")
    with pytest.raises(ExternalError, match="did not come up"):
        deploy(place, "sums:broken")
    assert api.deployments(folder=place).deployments == ()
    assert "no_such_module" in "\n".join(api.logs(name="sums", folder=place).lines)


def test_a_port_that_is_taken(place: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ExternalError, match=f"Port {port} of 127.0.0.1 cannot be had"):
            deploy(place, "sums:v1", port=port)
    assert api.deployments(folder=place).deployments == ()
    made = deploy(place, "sums:v1")
    with pytest.raises(ConflictError, match="cannot move while it runs"):
        deploy(place, "sums:v2", port=free_port())
    assert seen(place).address == made.address


def test_it_outlives_the_shell_and_comes_back_after_a_crash(place: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "nbmlops", "deploy", "sums:v1", "--name", "sums", "--port", str(port)]
    subprocess.run(command, cwd=place, check=True, capture_output=True, start_new_session=True, timeout=120)
    deploy(place, "sums:v2", canary=50)
    before = seen(place)
    assert before.state is State.HEALTHY
    os.kill(before.pid, signal.SIGKILL)
    # Nobody watches over them any more: they end by themselves.
    wait_for(lambda: all(process_started(pid) == -1 for pid in pids_of(before)))
    assert seen(place).state is State.DOWN
    assert "deploy --restore" in seen(place).problem
    (restored,) = api.deploy(restore=True, folder=place).deployments
    assert restored.address == f"http://127.0.0.1:{port}"
    wait_for(lambda: all(each.replicas for each in seen(place).revisions) and seen(place).state is State.HEALTHY)
    wait_for(lambda: {api.predict(name="sums", folder=place).revision for _ in range(2)} == {1, 2})


def test_a_damaged_one_does_not_hide_the_others(place: Path) -> None:
    deploy(place, "sums:v1")
    broken = folder_of(place, "broken").path
    broken.mkdir()
    (broken / "spec.json").write_text("{")
    found = {each.name: each for each in api.deployments(folder=place).deployments}
    assert found["sums"].state is State.HEALTHY
    assert "cannot be read" in found["broken"].problem
    with pytest.raises(IntegrityError, match="cannot be read"):
        api.deployments(name="broken", folder=place)
    (broken / "spec.json").unlink()
