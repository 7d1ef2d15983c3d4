"""`import`: what is asked of whom; and what is refused before anything has come. A real server: tests/services."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from nbmlops import api
from nbmlops.errors import DeniedError, NotFoundError, StateError, UnavailableError, UsageError
from nbmlops.ops.import_ import Request, asked
from nbmlops.project import Project
from tests.unit.ops.mlflow_runs import Runs


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "kitops"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("source", "server", "wanted"),
    [
        ("models:/wine/3", "", "models:/wine/3"),
        ("mlflow://host:5000/runs/abc", "http://host:5000", "runs:/abc"),
        ("mlflow://host/experiments/42/runs/abc", "http://host", "runs:/abc"),
        ("mlflow+https://host/team/mlflow/runs/abc/model", "https://host/team/mlflow", "runs:/abc/model"),
        ("mlflow+http://host/models/wine@champion", "http://host", "models:/wine@champion"),
        ("mlflow://host/models/wine/3", "http://host", "models:/wine/3"),
        ("mlflow://runs/abc", "", "runs:/abc"),
        ("mlflow://experiments/42/runs/abc", "", "runs:/abc"),
    ],
)
def test_addresses(source: str, server: str, wanted: str) -> None:
    assert asked(Request(source=source)) == (server, wanted)


def test_addresses_that_say_nothing_or_too_much() -> None:
    for source in ("mlflow://host", "mlflow://host/experiments/42", "mlflow://host/models/"):
        with pytest.raises(UsageError, match="names no run and no model"):
            api.import_(source=source)
    with pytest.raises(UsageError, match="names a server, and so does --from"):
        api.import_(source="mlflow://host/runs/abc", from_="http://other")
    with pytest.raises(UsageError, match="names no package"):
        api.import_(source="runs:/abc", from_="http://127.0.0.1:9", tag="Wine")


def test_whom_to_ask_has_to_be_known() -> None:
    with pytest.raises(UsageError, match="No tracking server is named, and there is no project here"):
        api.import_(source="models:/wine/3")


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for values in ({"from_": "http://127.0.0.1:9"}, {"source": "mlflow://127.0.0.1:9/models/wine/3"}):
        with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:9 does not answer.*--from URI"):
            api.import_(**{"source": "models:/wine/3", **values})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(UnavailableError):
        api.import_(source="models:/wine/3")


class _Guarded(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def guarded() -> Iterator[str]:
    """A server that lets nobody in."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Guarded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("source", ["models:/wine@champion", f"runs:/{'a' * 32}/model"])
def test_a_server_that_does_not_let_us_in(guarded: str, source: str) -> None:
    with pytest.raises(DeniedError, match=r"does not let us in\. Set MLFLOW_TRACKING_USERNAME"):
        api.import_(source=source, from_=guarded)


def test_runs_that_cannot_be_imported(tmp_path: Path) -> None:
    project = Project.init(tmp_path / "project")
    runs = Runs(project)
    runs.add("open", status="RUNNING")
    runs.add("failed", status="FAILED")
    runs.add("empty")
    for name, status in (("open", "RUNNING"), ("failed", "FAILED")):
        with pytest.raises(StateError, match=f"is {status}, not FINISHED"):
            api.import_(source=name, from_=project.uri, tag="wine:v1")
    with pytest.raises(NotFoundError, match=r"Run empty .* has no model"):
        api.import_(source="empty", from_=project.uri, tag="wine:v1")
    with pytest.raises(NotFoundError, match="There is no database"):
        api.import_(source="empty", from_=f"sqlite:///{tmp_path}/absent.db")
    assert not (tmp_path / "absent.db").exists()
    assert api.packages().packages == ()
