"""What all tests share: a home of their own, no settings of the surroundings, and a real project."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.project import Project

_FOLDERS = {
    "HOME": "home",
    "XDG_CONFIG_HOME": "home/.config",
    "XDG_DATA_HOME": "home/.local/share",
    "XDG_STATE_HOME": "home/.local/state",
    "IPYTHONDIR": "home/.ipython",
    "JUPYTER_CONFIG_DIR": "home/.jupyter",
    "JUPYTER_DATA_DIR": "home/.local/share/jupyter",
    "JUPYTER_RUNTIME_DIR": "home/.local/share/jupyter/runtime",
}
_FOREIGN = ("MLFLOW_", "_MLFLOW_", "NBMLOPS_", "GIT_", "JPY_")


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache folder for all tests of a process, so that MLflow's template database is made once."""
    base = tmp_path_factory.getbasetemp()
    # With several workers, their folders lie side by side in one.
    cache = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "shared-cache"
    cache.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        yield cache


@pytest.fixture(autouse=True)
def isolation(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of its own and none of what steers MLflow, git, Jupyter and us; none is left behind."""
    before = set(os.environ)
    place = tmp_path_factory.mktemp("user")
    for variable, folder in _FOLDERS.items():
        (place / folder).mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(variable, str(place / folder))
    for variable in list(os.environ):
        if variable.startswith(_FOREIGN):
            monkeypatch.delenv(variable)
    yield place / "home"
    # `mlflow.set_tracking_uri` writes one, and the fixtures of a later module would find it.
    for variable in set(os.environ) - before:
        if variable.startswith(_FOREIGN):
            del os.environ[variable]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A real project, in a folder of its own below `tmp_path`."""
    made = Project.init(tmp_path / "project")
    yield made
    made.database.close()
    made.objects.index.database.close()
