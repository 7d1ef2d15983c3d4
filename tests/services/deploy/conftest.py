"""Packages to deploy, and a project that is left with nothing running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from nbmlops import api
from nbmlops.deploy.folder import folders
from nbmlops.project import Project
from tests.services.deploy.deployed import (
    COLUMNS,
    KITFILE,
)


@pytest.fixture(scope="session")
def kits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three packages of one name, whose models add up their columns: once, twice, three times."""
    from sklearn.linear_model import LinearRegression

    place = tmp_path_factory.mktemp("kits")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KITOPS_HOME", str(place / "packages"))
        patch.setenv("NBMLOPS_HOME", str(place / "home"))
        table = pd.DataFrame(np.arange(20.0).reshape(10, 2) ** 1.5, columns=COLUMNS)
        for factor in (1, 2, 3):
            model = LinearRegression().fit(table, factor * table.sum(axis=1))
            signature = mlflow.models.infer_signature(table, model.predict(table))
            folder = place / f"kit{factor}"
            mlflow.sklearn.save_model(model, str(folder / "model"), signature=signature, input_example=table.head(3),
                                      pip_requirements=["scikit-learn"])  # fmt: skip
            (folder / "Kitfile").write_text(KITFILE)
            api.pack(source=str(folder), tag=f"sums:v{factor}")
    return place


@pytest.fixture
def place(kits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project. Whatever it has deployed is stopped at the end."""
    monkeypatch.setenv("KITOPS_HOME", str(kits / "packages"))
    monkeypatch.setenv("NBMLOPS_HOME", str(kits / "home"))
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    project = Project.init(tmp_path / "project")
    yield project.root
    for each in folders(project.layout.folder):
        api.undeploy(name=each.name, purge=True, folder=project.root)
