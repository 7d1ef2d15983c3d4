"""Where MLflow remembers this project's runs, and how to get that place ready.

By default a SQLite file inside the project, so that the project can be moved, copied or deleted as one
folder. `prepare` is called before the first writer starts; it costs a file copy, not MLflow's migrations.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from nbmlops.lib.redact import MARK
from nbmlops.track import moved, template

FOLDER = ".nbmlops"


def tracking_uri(root: Path, configured: str | None = None) -> str:
    """The address in MLflow's form; `configured` (settings or environment) wins when it is not empty."""
    if configured:
        return configured
    return f"sqlite:///{root.resolve() / FOLDER / 'mlflow.db'}"


def artifact_root(root: Path) -> Path:
    return root.resolve() / FOLDER / "artifacts"


def sqlite_path(uri: str) -> Path | None:
    """The database file behind a SQLite address, else None."""
    if not uri.startswith("sqlite:///"):
        return None
    return Path(uri.removeprefix("sqlite:///").partition("?")[0])


def environment(root: Path, uri: str) -> dict[str, str]:
    """Variables for the user's kernel: whatever imports mlflow there finds the same runs and artifacts."""
    variables = {"MLFLOW_TRACKING_URI": uri}
    if sqlite_path(uri) is not None:
        # MLflow puts artifacts of new experiments into ./mlruns of the current folder unless told.
        variables["_MLFLOW_SERVER_ARTIFACT_ROOT"] = str(artifact_root(root))
    return variables


def own_environment() -> dict[str, str]:
    """Variables for the processes that we start: no telemetry, no minutes of silent retries."""
    return {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }


def prepare(root: Path, uri: str) -> None:
    """Make the project's own database if there is none, and mend its paths if the project was moved.

    A database elsewhere is left alone; a server must answer (see `server.check_server`).
    """
    if urlsplit(uri).scheme in ("http", "https"):
        from nbmlops.track.server import check_server

        check_server(uri)
        return
    path = sqlite_path(uri)
    if path is None or path.resolve() != (root.resolve() / FOLDER / "mlflow.db"):
        return
    artifact_root(root).mkdir(parents=True, exist_ok=True)
    if not path.exists():
        template.copy_to(path, artifact_root(root))
    moved.mend(path, root.resolve(), FOLDER)


def shown(uri: str) -> str:
    """The address without its login."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return parts._replace(netloc=f"{MARK}@{parts.netloc.rpartition('@')[2]}").geturl()
