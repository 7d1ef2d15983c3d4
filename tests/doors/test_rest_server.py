"""A Jupyter server as a process of its own, and what is left of its jobs when it is gone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbmlops.doors.cli.main import run as cli
from nbmlops.lib.process import process_started
from nbmlops.testing.notebooks import notebook_file
from tests.doors.rest import PATIENCE_SECONDS

SLEEPING = """
# %%
import os, time
from pathlib import Path
Path("kernel").write_text(str(os.getpid()))
while True:
    time.sleep(0.05)
"""


@pytest.fixture
def server(project: Path, variables: dict[str, str], tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The process, and the address of its API."""
    info = tmp_path / "runtime"
    info.mkdir()
    command = [
        sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
        f"--ServerApp.root_dir={project}", "--IdentityProvider.token=t", "--ServerApp.jpserver_extensions=nbmlops=True",
    ]  # fmt: skip
    environment = {**variables, "JUPYTER_RUNTIME_DIR": str(info)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=project)
    try:
        found = until(lambda: list(info.glob("jpserver-*.json")))
        told = until(lambda: json.loads(found[0].read_text() or "null"))
        base = f"http://127.0.0.1:{told['port']}/nbmlops/api"
        until(lambda: answers(base))
        yield process, base
    finally:
        process.kill()
        process.wait()


def until(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def ask(address: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, headers={"Authorization": "token t"})
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
        return json.load(response)


def answers(base: str) -> bool:
    try:
        return bool(ask(base))
    except OSError:
        return False


def is_gone(pid: int) -> bool:
    return process_started(pid) < 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_job_outlives_the_server(server: tuple[subprocess.Popen[bytes], str], project: Path, number: int) -> None:
    """One that is ended in order stops its jobs; of one that is killed they notice."""
    process, base = server
    (project / "sleeping.ipynb").write_text(notebook_file(SLEEPING))
    assert cli(["-C", str(project), "export", "sleeping.ipynb", "--no-verify"]) == 0
    job = ask(f"{base}/jobs", {"verb": "run", "arguments": {"pipeline": "pipelines/sleeping"}})
    kernel = int(until(lambda: (project / "kernel").exists() and (project / "kernel").read_text()))
    child = until(lambda: children_of(process.pid))
    assert ask(f"{base}/jobs/{job['id']}")["job"]["state"] == "running"
    process.send_signal(number)
    process.wait(PATIENCE_SECONDS)
    until(lambda: all(is_gone(pid) for pid in (kernel, *child)))
    statuses = [run["status"] for run in told(project, "runs", "--limit", "2")["runs"]]
    assert statuses == ["KILLED", "KILLED"]


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def told(project: Path, *words: str) -> Any:
    command = [sys.executable, "-m", "nbmlops", "-C", str(project), *words, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
