"""Against a real Jupyter server: the kernel's notebook, also after it was renamed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbmlops.capture.served import served_notebook

TOKEN = "served-test"


class Server:
    def __init__(self, root: Path) -> None:
        self.root = root
        runtime = Path(os.environ["JUPYTER_RUNTIME_DIR"])
        options = [f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={TOKEN}", "--ServerApp.port=0",
                   "--ServerApp.ip=127.0.0.1", "--ServerApp.open_browser=False", "--allow-root"]  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 60
        while not (found := list(runtime.glob(f"jpserver-{self.process.pid}.json"))):
            assert self.process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        self.url = json.loads(found[0].read_text())["url"]

    def ask(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}api/{path}",
            method=method,
            data=json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        )
        until = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    found: dict[str, Any] = json.loads(answer.read() or b"{}")
                    return found
            except ConnectionError:
                assert time.monotonic() < until
                time.sleep(0.1)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.close()


def test_the_servers_list_says_which_notebook_it_is_and_how_it_is_called_now(server: Server) -> None:
    nbformat.write(nbformat.v4.new_notebook(), server.root / "a.ipynb")
    session = server.ask("POST", "sessions", {"path": "a.ipynb", "type": "notebook", "kernel": {"name": "python3"}})
    file = f"/anywhere/kernel-{session['kernel']['id']}.json"
    assert served_notebook(file) == server.root / "a.ipynb"
    server.ask("PATCH", f"sessions/{session['id']}", {"path": "sub/b c.ipynb"})
    assert served_notebook(file) == server.root / "sub" / "b c.ipynb"
    assert served_notebook("/anywhere/kernel-unknown.json") is None


def test_without_a_server_or_with_a_dead_ones_file_nobody_is_asked() -> None:
    runtime = Path(os.environ["JUPYTER_RUNTIME_DIR"])
    (runtime / "jpserver-1.json").write_text("{broken")
    dead = {"pid": 999_999_999, "url": "http://127.0.0.1:9/", "token": ""}
    (runtime / "jpserver-2.json").write_text(json.dumps(dead))
    assert served_notebook("/anywhere/kernel-1.json") is None
    assert served_notebook("no kernel at all") is None
