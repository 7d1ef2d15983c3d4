"""The same request to the same scikit-learn pipeline: our service against MLServer's sklearn runtime, 8 connections.

MLServer lives in an environment of its own, made below `build/` when it is first needed: it wants other versions than
we do. It runs without worker processes of its own, with which it does not start beside today's uvloop.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.http_load import CONNECTIONS, Asked, ports, served
from benchmarks.table import Row

COLUMNS = 11
_PACKAGES = ("mlserver>=1.7", "mlserver-sklearn>=1.7")
_MAKE = """
import sys, warnings
warnings.simplefilter("ignore")
import joblib, mlflow, numpy as np
from sklearn.linear_model import ElasticNet
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
x = np.random.default_rng(0).normal(size=(500, {columns}))
model = make_pipeline(StandardScaler(), ElasticNet(alpha=0.01)).fit(x, x[:, 0] * 2 + x[:, 1])
joblib.dump(model, sys.argv[2])
mlflow.sklearn.save_model(model, sys.argv[1], signature=mlflow.models.infer_signature(x, model.predict(x)),
                          input_example=x[:3], pip_requirements=["scikit-learn"])
"""


def measure() -> tuple[Row, ...]:
    python = _environment(Path(__file__).parents[1] / "build" / "mlserver")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, pickled = folder / "model", folder / "model.joblib"
        subprocess.run([sys.executable, "-c", _MAKE.format(columns=COLUMNS), str(model), str(pickled)], check=True,
                       capture_output=True)  # fmt: skip
        one, *others = ports(4)
        _settings(folder, *others)
        ours = served(
            [sys.executable, "-m", "nbmlops.serve", str(model), "--name", "measured", "--port", str(one)], one, _asked()
        )
        peer = served([str(python.with_name("mlserver")), "start", "."], others[0], _asked(), folder)
    print(f"mlserver: {ours.rate:.0f} requests/s, theirs {peer.rate:.0f}", file=sys.stderr)
    return (
        Row(what=f"seconds a request, {CONNECTIONS} connections, against MLServer's sklearn runtime",
            ours=1 / ours.rate, peer=1 / peer.rate, value=peer.rate / ours.rate, bar=1 / 1.7),
    )  # fmt: skip


def _environment(folder: Path) -> Path:
    """Its Python."""
    python = folder / "bin" / "python"
    if not (folder / ".made").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *_PACKAGES], check=True)
        (folder / ".made").touch()
    return python


def _settings(folder: Path, http: int, grpc: int, metrics: int) -> None:
    of_server = {"host": "127.0.0.1", "http_port": http, "grpc_port": grpc, "metrics_port": metrics, "debug": False,
                 "parallel_workers": 0}  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(of_server))
    of_model = {"name": "measured", "implementation": "mlserver_sklearn.SKLearnModel",
                "parameters": {"uri": "./model.joblib"}}  # fmt: skip
    (folder / "model-settings.json").write_text(json.dumps(of_model))


def _asked() -> Asked:
    tensor = {
        "name": "rows", "shape": [1, COLUMNS], "datatype": "FP64", "data": [0.1 * n for n in range(COLUMNS)],
    }  # fmt: skip
    return Asked("/v2/models/measured/infer", json.dumps({"inputs": [tensor]}).encode())
