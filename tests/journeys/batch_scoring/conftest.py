"""A project with two packages, and a folder for each test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import Terminal

MODELS = """
import warnings
warnings.simplefilter("ignore")
import mlflow, numpy as np, pandas as pd
from pathlib import Path
from sklearn.compose import make_column_transformer
from sklearn.linear_model import ElasticNet, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

def keep(name, model, table):
    signature = mlflow.models.infer_signature(table, model.predict(table))
    folder = Path(name) / "model"
    mlflow.sklearn.save_model(model, folder, signature=signature, input_example=table.head(3),
                              pip_requirements=["scikit-learn"])
    (Path(name) / "Kitfile").write_text("package: {name: %s}\\nmodel: {path: model}\\n" % name)

chance = np.random.default_rng(0)
wine = pd.DataFrame(chance.normal(size=(200, 3)), columns=["alcohol", "ash", "hue"])
keep("wine", make_pipeline(StandardScaler(), ElasticNet(alpha=0.01)).fit(wine, wine["alcohol"] * 2 - wine["hue"]), wine)
trips = pd.DataFrame({"age": chance.integers(1, 80, 200), "port": chance.choice(["Cork", "Nantes"], 200),
                      "fare": chance.uniform(1, 90, 200)})
keep("trips", make_pipeline(make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["port"]),
                                                    remainder="passthrough"),
                            LogisticRegression(max_iter=1000)).fit(trips, (trips["fare"] > 40).astype(int)), trips)
"""


@pytest.fixture(scope="session")
def terminal(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Iterator[Terminal]:
    folder = tmp_path_factory.mktemp("scoring")
    terminal = Terminal(folder, {**variables, "KITOPS_HOME": str(folder / "kitops")})
    terminal.good("init")
    subprocess.run([sys.executable, "-c", MODELS], cwd=folder, env=variables, check=True, capture_output=True)
    for name in ("wine", "trips"):
        terminal.good("pack", name, "-t", f"{name}:v1")
    yield terminal
    terminal.close()


@pytest.fixture(autouse=True)
def place(terminal: Terminal, request: pytest.FixtureRequest) -> Path:
    """A folder for each test."""
    found = terminal.folder / request.node.name[:60]
    found.mkdir()
    return found
