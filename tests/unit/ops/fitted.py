"""Models of scikit-learn in a project's MLflow, and tables to judge them by."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_wine
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from nbmlops.project import Project
from nbmlops.track.models import log_model
from tests.unit.ops.mlflow_runs import Runs

MODELS = {
    "good": ("wine", make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))),
    "stump": ("wine", DecisionTreeClassifier(max_depth=1, random_state=0)),
    "ridge": ("diabetes", Ridge(0.1)),
    "mean": ("diabetes", DummyRegressor()),
}


def with_models(root: Path) -> Project:
    """Two models of each data set, fitted on a half; `data/wine.csv` and `data/diabetes.csv` are the other."""
    with pytest.MonkeyPatch.context() as patch:
        # MLflow puts the address that other tests have set into the environment.
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        project = Project.init(root)
        runs = Runs(project)
    (root / "data").mkdir()
    halves = {"wine": halves_of(load_wine), "diabetes": halves_of(load_diabetes)}
    for name, (_, held_out) in halves.items():
        held_out.to_csv(root / "data" / f"{name}.csv", index=False)
    for name, (data, estimator) in MODELS.items():
        table = halves[data][0]
        fit(runs, name, data, clone(estimator), table.drop(columns="target"), table["target"])
    return project


def halves_of(load: Any) -> tuple[Any, Any]:
    first, second = train_test_split(load(as_frame=True).frame, test_size=0.5, random_state=1)
    return first, second


def fit(runs: Runs, name: str, experiment: str, estimator: Any, inputs: Any, truth: Any) -> str:
    """The run's id."""
    estimator.fit(inputs, truth)
    run = runs.add(name, experiment=experiment)
    place = runs.project.root / f"{name}.pickle"
    place.write_bytes(pickle.dumps(estimator))
    sample = runs.project.root / f"{name}.sample"
    rows = inputs[:5]
    sample.write_bytes(pickle.dumps((rows, estimator.predict(rows))))
    log_model(runs.writer, run, place, sample_path=sample, modules=("sklearn",))
    place.unlink()
    sample.unlink()
    return run
