"""One row at a time over 8 connections: our service against `mlflow models serve`, the same scikit-learn pipeline.

And one row without a connection: the compiled pipeline against scikit-learn's own `predict`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import timeit
from pathlib import Path

import numpy as np

from benchmarks.http_load import CONNECTIONS, Asked, first_answer, ports, served
from benchmarks.table import Row
from nbmlops.serve.model import load_model

COLUMNS = 11
_MAKE = """
import sys, warnings
warnings.simplefilter("ignore")
import mlflow, numpy as np, pandas as pd
from sklearn.linear_model import ElasticNet
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
chance = np.random.default_rng(0)
x = pd.DataFrame(chance.normal(size=(500, {columns})), columns=[f"c{{n}}" for n in range({columns})])
model = make_pipeline(StandardScaler(), ElasticNet(alpha=0.01)).fit(x, x["c0"] * 2 + x["c1"])
mlflow.sklearn.save_model(model, sys.argv[1], signature=mlflow.models.infer_signature(x, model.predict(x)),
                          input_example=x.head(3), pip_requirements=["scikit-learn"])
"""


def measure() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as name:
        model = Path(name) / "model"
        subprocess.run(
            [sys.executable, "-c", _MAKE.format(columns=COLUMNS), str(model)], check=True, capture_output=True
        )
        one, other, third = ports(3)
        asked = Asked("/invocations", _body())
        command = [sys.executable, "-m", "nbmlops.serve", str(model), "--port"]
        # The next start finds what this one has compiled and proven.
        first = first_answer([*command, str(third)], third, asked)
        quick, plain = _one_row(model)
        ours = served([*command, str(one)], one, asked)
        mlflow = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model), "--env-manager", "local"]
        peer = served([*mlflow, "--host", "127.0.0.1", "--port", str(other)], other, asked)
    print(f"serve: {ours.rate:.0f} requests/s, p99 {ours.p99 * 1000:.1f} ms; mlflow {peer.rate:.0f}, "
          f"{peer.p99 * 1000:.1f} ms", file=sys.stderr)  # fmt: skip
    return (
        Row(what=f"seconds a request, {CONNECTIONS} connections, against mlflow models serve", ours=1 / ours.rate,
            peer=1 / peer.rate, value=peer.rate / ours.rate, bar=1 / 6),
        Row(what="p99 of the same", ours=ours.p99, peer=peer.p99, value=ours.p99 / peer.p99, bar=0.25),
        Row(what="from start to the first answer, the first time", ours=first, peer=peer.ready,
            value=first / peer.ready, bar=0.25),
        Row(what="the same, each time after it", ours=ours.ready, peer=peer.ready, value=ours.ready / peer.ready,
            bar=0.25),
        Row(what="one row, compiled against scikit-learn's predict", ours=quick, peer=plain, value=quick / plain,
            bar=1 / 20),
        Row(what="resident memory (MB)", ours=ours.memory, peer=peer.memory, value=ours.memory / peer.memory, bar=0.45),
    )  # fmt: skip


def _one_row(model: Path) -> tuple[float, float]:
    """Seconds of the compiled pipeline and of scikit-learn's."""
    found = load_model(model, "measured").estimator
    assert found is not None
    assert found.quick is not None
    row = np.array([[0.1 * n for n in range(COLUMNS)]])
    quick, plain = found.quick, found.predict
    return (
        min(timeit.repeat(lambda: quick(row), number=2000, repeat=5)) / 2000,
        min(timeit.repeat(lambda: plain(row), number=200, repeat=5)) / 200,
    )


def _body() -> bytes:
    names = [f"c{n}" for n in range(COLUMNS)]
    return json.dumps({"dataframe_split": {"columns": names, "data": [[0.1 * n for n in range(COLUMNS)]]}}).encode()
