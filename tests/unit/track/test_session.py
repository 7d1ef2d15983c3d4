"""A whole kernel: sensors, scribe and MLflow together, also with the user's own mlflow beside us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nbmlops.model.run import RunView, Tags
from nbmlops.track import address, lists
from nbmlops.track.journal import sessions
from nbmlops.track.scribe_client import Scribe, command
from nbmlops.track.server import check_server
from nbmlops.track.spool import send_pending
from tests.services.servers import free_port, mlflow_server

WIRING = """
import os, sys, time
from pathlib import Path
from nbmlops.capture.estimators import EstimatorSensor
from nbmlops.capture.scores import ScoreSensor
from nbmlops.lib.clock import new_id
from nbmlops.track import address, context, messages as m
from nbmlops.track.active import autologs_sklearn
from nbmlops.track.fits import FitLog, now_ms
from nbmlops.track.scribe_client import Scribe, command
from nbmlops.track.server import check_server
root = Path(sys.argv[1])
uri = address.tracking_uri(root)
address.prepare(root, uri)
os.environ.update(address.environment(root, uri))
os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
scribe = Scribe(command(root, "kernel", uri), root / ".nbmlops" / "spool", session="kernel")
tags = {"nbmlops.session": "kernel", "nbmlops.notebook": "wine.ipynb"}
context.set_context(lambda: tags)
open_key = None
fits = FitLog(scribe.send, experiment=lambda: "wine", tags=lambda: tags, current=lambda: open_key,
              import_path=lambda: tuple(sys.path))
sensor = EstimatorSensor(fits.fit, lambda: scribe.files, stands_aside=autologs_sklearn)
scores = ScoreSensor(sensor, fits.score)
sensor.install()
scores.install()
import numpy as np
X = np.random.default_rng(0).random((60, 3)); Y = (X[:, 0] > 0.5).astype(int)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
"""


def run_kernel(root: Path, code: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    script = root / "kernel.py"
    script.write_text(WIRING + code + "\nanswer = scribe.flush(60)\nprint(answer)\nscribe.close(30)\n")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", str(script), str(root)],
        capture_output=True,
        text=True,
        cwd=root,
        timeout=120,
        start_new_session=True,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stderr
    return done


def runs(root: Path) -> list[RunView]:
    return sorted(lists.list_runs(address.tracking_uri(root)), key=lambda run: run.name)


def test_a_fit_becomes_a_run_with_a_model_that_loads(tmp_path: Path) -> None:
    (tmp_path / "local_parts.py").write_text(
        "from sklearn.linear_model import LogisticRegression\nclass Mine(LogisticRegression):\n    pass\n"
    )
    done = run_kernel(
        tmp_path,
        "from local_parts import Mine\n"
        "model = Mine(C=0.5).fit(X, Y)\n"
        "accuracy_score(Y, model.predict(X))\n"
        "assert 'mlflow' not in sys.modules\n",
    )
    assert "errors=()" in done.stdout
    assert "WARNING" not in done.stderr
    (run,) = runs(tmp_path)
    assert (run.name, run.status, run.experiment) == ("Mine", "FINISHED", "wine")
    assert run.params["C"] == "0.5"
    assert {"training_accuracy_score", "accuracy_score", "fit_seconds"} <= run.metrics.keys()
    assert run.tags[Tags.NOTEBOOK] == "wine.ipynb"
    (model,) = lists.models(address.tracking_uri(tmp_path), run.id)
    assert (model.id, model.status) == (run.tags[Tags.MODEL], "READY")
    requirements = (Path(model.location) / "requirements.txt").read_text()
    assert "scikit-learn==" in requirements
    assert "local" not in requirements
    check = (
        "import mlflow, numpy, sys; mlflow.set_tracking_uri(sys.argv[1]);"
        "model = mlflow.pyfunc.load_model('models:/' + sys.argv[2]);"
        "assert len(model.predict(numpy.array([[0.1, 0.2, 0.3]]))) == 1;"
        "assert model.metadata.signature.inputs"
    )
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", check, address.tracking_uri(tmp_path), model.id],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert sessions(tmp_path / ".nbmlops" / "spool") == ()
    assert list((tmp_path / ".nbmlops" / "spool").iterdir()) == []


def test_a_fit_that_raises_is_a_failed_run(tmp_path: Path) -> None:
    run_kernel(tmp_path, "try:\n    LogisticRegression().fit(X * np.nan, Y)\nexcept ValueError:\n    pass\n")
    (run,) = runs(tmp_path)
    assert run.status == "FAILED"
    assert run.tags[Tags.FAILURE].startswith("ValueError")


def test_the_first_fit_of_an_open_run_is_that_run_and_others_are_children(tmp_path: Path) -> None:
    run_kernel(
        tmp_path,
        "open_key = new_id()\n"
        "scribe.send(m.OpenRun(key=open_key, name='baseline', experiment='wine', "
        "started_ms=now_ms(), tags=tags))\n"
        "LogisticRegression(C=1).fit(X, Y)\n"
        "LogisticRegression(C=2).fit(X, Y)\n"
        "scribe.send(m.EndRun(key=open_key, ended_ms=now_ms()))\n",
    )
    child, parent = runs(tmp_path)
    assert (parent.name, parent.params["C"], parent.status) == ("baseline", "1", "FINISHED")
    assert (child.name, child.params["C"], child.parent) == ("LogisticRegression", "2", parent.id)


def test_the_users_own_run_receives_the_fit_and_stays_the_users(tmp_path: Path) -> None:
    run_kernel(
        tmp_path,
        "import warnings; warnings.simplefilter('ignore')\n"
        "import mlflow\n"
        "mlflow.set_experiment('own')\n"
        "with mlflow.start_run(run_name='mine'):\n"
        "    LogisticRegression(C=7).fit(X, Y)\n"
        "    scribe.flush(60)\n"
        "    mlflow.log_text('hello', 'note.txt')\n",
    )
    (run,) = runs(tmp_path)
    assert (run.name, run.experiment, run.status, run.params["C"]) == ("mine", "own", "FINISHED", "7")
    assert run.tags[Tags.SESSION] == "kernel"
    assert run.tags[Tags.MODEL].startswith("m-")
    assert not (tmp_path / "mlruns").exists()
    assert [path.name for path in (tmp_path / ".nbmlops" / "artifacts").rglob("note.txt")] == ["note.txt"]


def test_the_users_own_autologging_makes_no_second_run(tmp_path: Path) -> None:
    run_kernel(
        tmp_path,
        "import warnings; warnings.simplefilter('ignore')\n"
        "import mlflow\n"
        "mlflow.sklearn.autolog(log_models=False, log_datasets=False)\n"
        "LogisticRegression(C=7).fit(X, Y)\n"
        "mlflow.sklearn.autolog(disable=True)\n"
        "LogisticRegression(C=8).fit(X, Y)\n",
    )
    found = sorted((run.params["C"], run.tags.get(Tags.KIND)) for run in runs(tmp_path))
    assert found == [("7", None), ("8", "fit")]


def test_a_killed_kernel_ends_the_users_own_run_too(tmp_path: Path) -> None:
    script = tmp_path / "kernel.py"
    script.write_text(
        WIRING + "import warnings; warnings.simplefilter('ignore')\nimport mlflow\n"
        "scribe.send(m.OpenRun(key='k', name='ours', experiment='wine', started_ms=now_ms(), tags=tags))\n"
        "scribe.flush(60)\nmlflow.start_run(run_name='mine')\nprint('ready', flush=True)\ntime.sleep(60)\n"
    )
    kernel = subprocess.Popen([sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert kernel.stdout is not None
    assert "ready" in kernel.stdout.readline()
    kernel.send_signal(signal.SIGKILL)
    kernel.communicate()
    deadline = time.monotonic() + 30
    while [run.status for run in runs(tmp_path)] != ["KILLED", "KILLED"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_ctrl_c_does_not_reach_the_scribe(tmp_path: Path) -> None:
    done = run_kernel(
        tmp_path,
        "LogisticRegression().fit(X, Y)\n"
        "import signal\n"
        "signal.signal(signal.SIGINT, lambda *_: None)\n"
        "os.killpg(0, signal.SIGINT)\n"
        "assert os.getpgid(scribe.pid) != os.getpgid(0)\n",
    )
    assert "done=True" in done.stdout
    assert len(runs(tmp_path)) == 1


def test_a_forked_child_neither_writes_nor_keeps_the_session_alive(tmp_path: Path) -> None:
    run_kernel(
        tmp_path,
        "LogisticRegression().fit(X, Y)\n"
        "import warnings; warnings.simplefilter('ignore')\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    LogisticRegression().fit(X, Y)\n"
        "    time.sleep(30)\n"
        "    os._exit(0)\n"
        "scribe.flush(60)\n"
        "assert scribe.close(30)\n"
        "assert os.waitpid(child, os.WNOHANG) == (0, 0), 'the scribe waited for the child'\n"
        "os.kill(child, 9)\n"
        "os.waitpid(child, 0)\n",
    )
    assert len(runs(tmp_path)) == 1


@pytest.mark.slow
def test_runs_kept_while_the_server_was_away_are_sent_when_it_is_back(tmp_path: Path) -> None:
    from nbmlops.track import messages as m

    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    spool = tmp_path / ".nbmlops" / "spool"
    kernel = (
        "import sys; from pathlib import Path\n"
        "from nbmlops.track import messages as m\n"
        "from nbmlops.track.scribe_client import Scribe, command\n"
        "root = Path(sys.argv[1])\n"
        "s = Scribe(command(root, 'away', sys.argv[2]), root / '.nbmlops' / 'spool', session='away')\n"
        "s.send(m.OpenRun(key='k', name='kept', experiment='e', started_ms=1000, params={'a': '1'}))\n"
        "s.send(m.EndRun(key='k', ended_ms=2000))\n"
        "assert not s.flush(30).done\n"
        "s.close(30)\n"
    )
    subprocess.run([sys.executable, "-c", kernel, str(tmp_path), uri], check=True)
    assert sessions(spool) == ("away",)
    (waiting,) = send_pending(spool, tmp_path, uri)
    assert not waiting.done
    assert "does not answer" in waiting.reason

    store = tmp_path / "server"
    database = address.tracking_uri(store)
    address.prepare(store, database)
    server, _ = mlflow_server(database, str(store / "files"), tmp_path / "log", address.own_environment(), port=port)
    server.start()
    try:
        check_server(uri)
        (sent,) = send_pending(spool, tmp_path, uri)
        assert (sent.done, sent.errors, list(sent.runs)) == (True, (), ["k"])
        assert send_pending(spool, tmp_path, uri) == ()
        (run,) = lists.list_runs(uri)
        assert (run.name, run.status, run.params) == ("kept", "FINISHED", {"a": "1"})
        assert lists.find_run(uri, run.id[:8]) == run
        scribe = Scribe(command(tmp_path, "live", uri), spool, session="live")
        scribe.send(m.OpenRun(key="k2", name="live", experiment="e", started_ms=3000))
        answer = scribe.flush(60.0)
        scribe.close(30.0)
        assert answer.done, answer
        assert len(lists.list_runs(uri)) == 2
    finally:
        server.stop()


@pytest.mark.parametrize("how", ["full disk", "closed"])
def test_sending_never_raises(tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbmlops.track import messages as m

    scribe = Scribe(("true",), tmp_path / "spool", session="s")
    if how == "closed":
        scribe.close()
    else:
        monkeypatch.setattr(os, "write", lambda handle, data: (_ for _ in ()).throw(OSError(28, "full")))
    assert scribe.send(m.SetTags(key="k", tags={})) is False
    monkeypatch.undo()
    scribe.close()
