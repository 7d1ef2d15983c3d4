"""From a team's MLflow server to a registry, and from there to a machine that knows neither."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.conftest import Terminal
from tests.services import servers

TRAINING = """
import sys, mlflow, mlflow.sklearn
from sklearn.linear_model import LinearRegression

slope = float(sys.argv[1])
mlflow.set_experiment("lines")
with mlflow.start_run(run_name=f"slope {slope}"):
    model = LinearRegression().fit([[1.0], [2.0]], [slope, 2 * slope])
    mlflow.log_param("slope", slope)
    mlflow.log_metric("slope_found", float(model.coef_[0]))
    mlflow.sklearn.log_model(model, name="model", registered_model_name="line", serialization_format="cloudpickle",
                             pip_requirements=["scikit-learn"])
"""
PREDICT = "import mlflow; print(mlflow.pyfunc.load_model('line/model').predict([[3.0]])[0])"


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("docker-registry") is None,
    reason="docker-registry is not installed. On Debian, as root: apt-get install docker-registry",
)
def test_a_model_is_imported_sent_compared_and_used(
    terminal: Terminal, tmp_path: Path, variables: dict[str, str]
) -> None:
    tracking, uri = servers.mlflow_server(
        f"sqlite:///{tmp_path}/mlflow.db", str(tmp_path / "artifacts"), tmp_path / "mlflow.log", variables
    )
    registry, host = servers.registry(tmp_path / "registry")
    maker = {"KITOPS_HOME": str(tmp_path / "maker"), "DOCKER_CONFIG": str(tmp_path / "docker")}
    user = {**maker, "KITOPS_HOME": str(tmp_path / "user")}
    name = f"{host}/team/line"
    (terminal.folder / "train.py").write_text(TRAINING)
    registry.start()
    try:
        tracking.start()
        try:
            for slope in ("2", "3"):
                done = terminal.run("train", slope, MLFLOW_TRACKING_URI=uri)
                assert done.returncode == 0, done.stderr[-3000:]
            for version in ("1", "2"):
                source = f"models:/line/{version}"
                imported = terminal.good("import", source, "--from", uri, "-t", f"{name}:v{version}", **maker)
                assert imported["model"] == f"line/{version}"
                terminal.good("push", f"{name}:v{version}", **maker)
        finally:
            tracking.stop()
        compared = terminal.good("diff", f"{name}:v1", f"{name}:v2", **user)
        (found,) = compared["packages"]["metrics"]
        assert (found["name"], found["before"], found["after"]) == ("slope_found", pytest.approx(2), pytest.approx(3))
        assert {each["name"] for each in compared["packages"]["params"]} == {"slope"}
        assert "model/model.pkl" in {each["path"] for each in compared["changes"]}
        text = terminal.nbmlops("diff", f"{name}:v1", f"{name}:v2", **user).stdout
        assert "slope_found" in text
        assert terminal.good("packages", **user)["packages"] == []  # only looked at
        assert not [path for path in (tmp_path / "user").rglob("*") if path.is_file()]
        terminal.good("unpack", f"{name}:v2", "-d", "line", **user)
    finally:
        registry.stop()
    used = subprocess.run(
        [sys.executable, "-c", PREDICT], cwd=terminal.folder, env=variables, capture_output=True, text=True, check=False
    )
    assert float(used.stdout) == pytest.approx(9.0), used.stderr
    known = json.loads((terminal.folder / "line" / "provenance.json").read_text())
    assert known["buildDefinition"]["externalParameters"]["parameters"] == {"slope": "3.0"}
