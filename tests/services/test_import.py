"""Models of a real `mlflow server` become packages: by every address, with the same bytes, whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from nbmlops import api
from nbmlops.errors import ExternalError, NotFoundError, StateError
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.import_ import Request, import_
from nbmlops.ops.trusted_keys import packed_here
from nbmlops.track import model_files
from tests.services import servers

TRAINING = """
import json, mlflow, mlflow.sklearn, numpy
from sklearn.linear_model import LinearRegression

model = LinearRegression().fit([[1.0], [2.0]], [2.0, 4.0])
kept = {"serialization_format": "cloudpickle", "pip_requirements": ["scikit-learn"]}
mlflow.set_experiment("lines")
with mlflow.start_run(run_name="straight") as run:
    mlflow.log_params({"intercept": True, "api_key": "hunter2"})
    mlflow.log_metric("r2", 1.0)
    first = mlflow.sklearn.log_model(model, name="model", registered_model_name="line",
                                     input_example=numpy.array([[1.0]]), **kept)
    mlflow.sklearn.log_model(model, name="other", **kept)
    # As MLflow 2 did: among the run's own files.
    mlflow.sklearn.save_model(model, "saved", **kept)
    mlflow.log_artifacts("saved", "saved")
    mlflow.log_text("no model", "notes/a.txt")
alone = mlflow.sklearn.log_model(model, name="alone", registered_model_name="alone", **kept)
client = mlflow.MlflowClient()
client.set_registered_model_alias("line", "champion", "1")
client.create_model_version("line", source=f"runs:/{run.info.run_id}/saved", run_id=run.info.run_id)
with mlflow.start_run(run_name="broken") as broken:
    mlflow.sklearn.log_model(model, name="model", **kept)
client.set_terminated(broken.info.run_id, "FAILED")
print(json.dumps({"run": run.info.run_id, "model": first.model_id}))
"""


class Filled(msgspec.Struct):
    uri: str
    artifacts: Path
    run: str
    model: str


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    folder = tmp_path_factory.mktemp("mlflow")
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "HOME": str(folder)}
    server, uri = servers.mlflow_server(f"sqlite:///{folder}/db", str(folder / "artifacts"), folder / "log", quiet)
    server.start()
    try:
        done = subprocess.run(
            [sys.executable, "-c", TRAINING], cwd=folder, env={**os.environ, **quiet, "MLFLOW_TRACKING_URI": uri},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        known = msgspec.json.decode(done.stdout.splitlines()[-1], type=dict[str, str])
        yield Filled(uri=uri, artifacts=folder / "artifacts", **known)
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "kitops"))
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://127.0.0.1:9")  # of another server, which is not asked
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_registered_model_with_all_that_is_known_of_it(filled: Filled) -> None:
    done = api.import_(source="models:/line@champion", from_=filled.uri, tag="line:v1,latest")
    assert done.references == ("line:v1", "line:latest")
    assert (done.run, done.model, done.server) == (filled.run, "line/1", filled.uri)
    assert not packed_here(done.package.digest)  # what a server gave is not the user's own
    found = api.inspect(package="line:v1")
    model = found.kitfile.model
    assert (model.framework, model.format) == ("sklearn", "cloudpickle")
    assert model.parameters["signature"]["inputs"][0]["type"] == "tensor"
    assert model.parameters["mlflow_provenance"] == {
        "mlflow_run_id": filled.run,
        "mlflow_run_name": "straight",
        "mlflow_experiment": "lines",
        "mlflow_metrics": {"r2": 1.0},
        "mlflow_params": {"intercept": "True", "api_key": "[redacted]"},
        "mlflow_tracking_uri": filled.uri,
        "mlflow_model_id": filled.model,
        "mlflow_registered_model": "line",
        "mlflow_model_version": "1",
    }
    assert (found.kitfile.package.name, found.kitfile.package.version) == ("line", "1")
    assert [each.path for each in found.kitfile.docs] == ["MODEL_CARD.md", "provenance.json", "bom.json"]
    api.unpack(package="line:v1", dir="out")
    assert "hunter2" not in "".join(path.read_text() for path in Path("out").glob("*.*"))


def test_one_model_by_many_addresses_at_any_time(filled: Filled) -> None:
    host = filled.uri.removeprefix("http://")
    digests = {
        source: api.import_(source=source, from_="" if "://" in source else filled.uri).package.digest
        for source in ("models:/line@champion", "models:/line/1", f"mlflow://{host}/models/line/1")
    }
    assert len(set(digests.values())) == 1
    of_run = {
        source: api.import_(source=source, from_="" if "://" in source else filled.uri).package.digest
        for source in (
            f"runs:/{filled.run}/model",
            f"models:/{filled.model}",
            f"mlflow://{host}/runs/{filled.run}/model",
        )
    }
    assert len(set(of_run.values())) == 1
    # The same fit: only what is said about it differs.
    registered, plain = next(iter(digests.values())), next(iter(of_run.values()))
    compared = api.diff(before=registered, after=plain)
    assert {each.path for each in compared.packages.layers if each.change is None} >= {"model", "provenance.json"}


def test_the_newest_model_of_a_run_and_the_files_of_older_ones(filled: Filled) -> None:
    assert api.import_(source=filled.run, from_=filled.uri).model == "other"
    assert api.import_(source="straight", from_=filled.uri).model == "other"
    saved = api.import_(source=f"runs:/{filled.run}/saved", from_=filled.uri, tag="saved:v1")
    assert saved.model == "saved"
    version = api.import_(source="models:/line/latest", from_=filled.uri, tag="saved:v2")
    assert version.model == "line/2"
    layers = [api.inspect(package=f"saved:v{number}").package.layers[0].digest for number in (1, 2)]
    assert layers[0] == layers[1]


def test_what_cannot_be_imported_gets_no_name(filled: Filled) -> None:
    refusals = {
        "models:/nobody/1": (NotFoundError, "There is no registered model nobody"),
        "models:/line/9": (NotFoundError, "its newest version: 2"),
        "models:/line@absent": (NotFoundError, r"Aliases of line: champion \(version 1\)"),
        "models:/line": (NotFoundError, "names no model"),
        "models:/alone/1": (NotFoundError, "No run is known of model"),
        f"models:/m-{'0' * 32}": (NotFoundError, "There is no model"),
        f"runs:/{'0' * 32}/model": (NotFoundError, "There is no run .* Look at the runs of"),
        f"runs:/{filled.run}/absent": (NotFoundError, "It has: model, other"),
        f"runs:/{filled.run}/notes": (ExternalError, "there is no MLmodel"),
        "broken": (StateError, "is FAILED, not FINISHED"),
    }
    for source, (error, message) in refusals.items():
        with pytest.raises(error, match=message) as caught:
            api.import_(source=source, from_=filled.uri, tag="line:v1")
        assert "\n" not in str(caught.value)
    assert api.packages().packages == ()


def test_files_that_are_gone_leave_nothing(filled: Filled, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (place,) = filled.artifacts.glob(f"*/models/{filled.model}")
    shutil.move(place, tmp_path / "aside")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    try:
        with pytest.raises(ExternalError, match="The files of model model cannot be fetched"):
            api.import_(source="models:/line/1", from_=filled.uri, tag="line:v1")
    finally:
        shutil.move(tmp_path / "aside", place)
    assert api.packages().packages == ()
    assert [path.name for path in (tmp_path / "tmp").iterdir() if path.name.startswith("nbmlops")] == []


def test_a_download_is_told(filled: Filled, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(model_files, "_LOOK_SECONDS", 0.001)
    told: list[Progress] = []
    call = Call(tmp_path, progress=told.append)
    import_(call, Request(source="models:/line/1", from_=filled.uri))
    of_model = [event for event in told if event.task == "model"]
    assert of_model[-1].state == "done"
    assert of_model[-1].done == of_model[-1].total
    assert all(event.done <= (event.total or 0) for event in of_model)
    assert [event.done for event in of_model] == sorted(event.done for event in of_model)


def test_the_project_s_own_server_is_the_default(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", filled.uri)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI")
    assert api.import_(source="models:/line/1").model == "line/1"
    assert not Path(".nbmlops").exists()
    api.init(path=".")
    assert api.import_(source="models:/line/1").server == filled.uri
