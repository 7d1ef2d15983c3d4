"""The environment of somebody with an empty home: no settings, no MLflow server, no Jupyter configuration of theirs."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

FORGOTTEN = ("MLFLOW_", "_MLFLOW_", "NBMLOPS_", "JUPYTER_", "JPY_", "IPYTHON", "XDG_", "PYTHONPATH", "PYTHONWARNINGS")


def environment(home: Path, cache: Path) -> dict[str, str]:
    """Variables for processes; `cache` may be shared, so that MLflow's empty database is made once."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FORGOTTEN)}
    places = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_CACHE_HOME": cache,
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "jupyter",
        "JUPYTER_DATA_DIR": home / "jupyter-data",
        "JUPYTER_RUNTIME_DIR": home / "run",
    }
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    commands = [str(Path(sys.executable).parent), str(Path(shutil.which("papermill") or sys.executable).parent)]
    return {
        **kept,
        **{name: str(place) for name, place in places.items()},
        "PATH": os.pathsep.join([*commands, os.environ.get("PATH", "")]),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MPLBACKEND": "agg",
        "COLUMNS": "120",
    }


def shared_cache(factory: pytest.TempPathFactory) -> Path:
    """One for all workers of a test run."""
    base = factory.getbasetemp()
    return (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "cache"


def apply(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Make them the environment of this process."""
    for name in [name for name in os.environ if name not in variables and name != "PYTEST_CURRENT_TEST"]:
        if name.startswith(FORGOTTEN):
            monkeypatch.delenv(name)
    for name, value in variables.items():
        if os.environ.get(name) != value and name != "PYTEST_CURRENT_TEST":
            monkeypatch.setenv(name, value)
