"""An MLflow server that does not answer: a run is refused, a notebook is not, and its runs arrive later."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journeys.conftest import Terminal, eventually, one_line, write
from tests.services import servers
from tests.services.servers import free_port


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def mlflow_server(port: int, folder: Path, variables: dict[str, str]) -> Iterator[str]:
    folder.mkdir()
    server, uri = servers.mlflow_server(
        f"sqlite:///{folder}/server.db", str(folder / "files"), folder / "log", variables, port=port
    )
    server.start()
    try:
        yield uri
    finally:
        server.stop()


def test_a_run_is_refused_before_anything_executes(terminal: Terminal) -> None:
    write(terminal.folder, "touch.ipynb", "from pathlib import Path\nsize = Path('touched').write_text('x')")
    terminal.good("export", "touch.ipynb", "--no-verify")
    away = f"http://127.0.0.1:{free_port()}"
    done = terminal.nbmlops("run", "pipelines/touch", MLFLOW_TRACKING_URI=away)
    assert done.returncode == 8
    assert away in one_line(done)
    assert not (terminal.folder / "touched").exists()


def test_the_status_says_that_the_server_is_away_and_the_list_fails_in_one_line(terminal: Terminal) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    status = terminal.nbmlops("status", MLFLOW_TRACKING_URI=away)
    assert status.returncode == 0
    assert "does not answer" in status.stdout
    done = terminal.nbmlops("runs", MLFLOW_TRACKING_URI=away)
    assert done.returncode == 8
    assert "does not answer" in one_line(done)


def test_a_server_that_is_no_mlflow_is_one_line(terminal: Terminal) -> None:
    port = free_port()
    process = terminal.start("http.server", str(port), "--bind", "127.0.0.1")
    assert eventually(lambda: is_open(port), 20)
    done = terminal.nbmlops("runs", MLFLOW_TRACKING_URI=f"http://127.0.0.1:{port}")
    assert done.returncode == 8
    assert "does not answer as one" in one_line(done)
    process.terminate()


@pytest.mark.slow
def test_a_notebook_executes_without_the_server_and_its_runs_arrive_when_it_is_there(
    terminal: Terminal, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    write(
        terminal.folder,
        "away.ipynb",
        "# %%\nprint('done')\n# %%\n%load_ext nbmlops\n# %%\n%mlops log score=0.5 kind=late",
    )
    done = terminal.papermill("away.ipynb", "out.ipynb", MLFLOW_TRACKING_URI=uri)
    assert done.returncode == 0, done.stderr
    assert "done" in (terminal.folder / "out.ipynb").read_text()
    assert terminal.good("status", MLFLOW_TRACKING_URI=uri)["waiting"] == 1
    with mlflow_server(port, tmp_path / "server", terminal.variables):
        write(terminal.folder, "later.ipynb", "print('now')")
        assert terminal.papermill("later.ipynb", "out.ipynb", MLFLOW_TRACKING_URI=uri).returncode == 0
        client = MlflowClient(uri)

        def arrived() -> dict[str, str]:
            runs = client.search_runs([each.experiment_id for each in client.search_experiments()])
            return {run.info.run_name: run.info.status for run in runs}

        assert eventually(lambda: arrived() == {"away": "FINISHED", "later": "FINISHED"}, 60), arrived()
        late = next(iter(client.search_runs(["1", "2"], "attributes.run_name = 'away'")))
        assert late.data.metrics == {"score": 0.5}
        assert late.data.params["kind"] == "late"
        assert terminal.good("status", MLFLOW_TRACKING_URI=uri)["waiting"] == 0
        assert {run["name"] for run in terminal.good("runs", MLFLOW_TRACKING_URI=uri)["runs"]} == {"away", "later"}


def test_a_server_that_accepts_and_is_silent_holds_up_no_verb_for_minutes(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        away = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = terminal.nbmlops("runs", MLFLOW_TRACKING_URI=away, seconds=60)
        assert done.returncode == 8
        assert "nothing came within 10 s" in one_line(done)
