"""The service as a process, with a model of scikit-learn."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest

from nbmlops.ops.service_files import copy_service
from nbmlops.serve.__main__ import main
from tests.services.servers import free_port

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")

_SLEEPY = """
import time

def wait(x):
    if (x == -1).any():
        time.sleep(600)
    return x
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sklearn.linear_model import LinearRegression

    place = tmp_path_factory.mktemp("served") / "line"
    fitted = LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
    mlflow.sklearn.save_model(fitted, str(place), pip_requirements=["scikit-learn"])
    return place


def ask(address: str, token: str, document: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(address, json.dumps(document).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.loads(reply.read())


def test_it_answers_with_the_token_that_it_prints_and_ends_when_it_is_told(model: Path, tmp_path: Path) -> None:
    """From the files that go into an image, and nothing else of this project."""
    copy_service(tmp_path)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "nbmlops.serve", str(model), "--port", str(port)],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        token = re.sub(r".*Bearer ", "", process.stdout.readline()).strip()
        assert process.stdout.readline().strip() == f"line answers on http://127.0.0.1:{port}"
        address = f"http://127.0.0.1:{port}/invocations"
        until = time.monotonic() + 30
        while True:
            try:
                found = ask(address, token, {"inputs": [[3.0]]})["predictions"]
                break
            except urllib.error.URLError:
                # It may have loaded before it listens.
                assert time.monotonic() < until
                time.sleep(0.05)
        assert found == pytest.approx([6.0])
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(address, "guess", {"inputs": [[3.0]]})
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
        assert process.returncode in (0, -signal.SIGTERM), errors
        assert "Traceback" not in errors
    finally:
        process.kill()
        process.communicate()


def test_a_model_that_hangs_does_not_keep_it_from_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    (tmp_path / "sleepy.py").write_text(_SLEEPY)
    monkeypatch.syspath_prepend(str(tmp_path))
    sleepy = importlib.import_module("sleepy")
    fitted = make_pipeline(FunctionTransformer(sleepy.wait), LinearRegression()).fit(
        np.array([[0.0], [1.0]]), [0.0, 2.0]
    )
    mlflow.sklearn.save_model(
        fitted, str(tmp_path / "model"), serialization_format="cloudpickle", pip_requirements=["scikit-learn"]
    )
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "nbmlops.serve", str(tmp_path / "model"), "--port", str(port), "--seconds", "0.5"],
        env={**os.environ, "NBMLOPS_TOKEN": "secret", "NBMLOPS_PACKAGE": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("model answers")
        with pytest.raises(urllib.error.HTTPError, match="504"):
            ask(f"http://127.0.0.1:{port}/v1/models/model:predict", "secret", {"instances": [[-1.0]]})
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert json.loads(process.stdout.read())["status"] == 504
    finally:
        process.kill()
        process.communicate()


def test_a_limit_is_a_number_of_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("0", "-1", "nan", "inf", "soon"):
        with pytest.raises(SystemExit):
            main(["model", "--seconds", text])
        assert "--seconds" in capsys.readouterr().err


def test_a_model_that_cannot_be_loaded_ends_it_with_a_word(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbmlops.serve", str(tmp_path), "--port", str(free_port()), "--no-token"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"There is no model in {tmp_path}: no file MLmodel.")
