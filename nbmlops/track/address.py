"""Where MLflow remembers this project's runs, and how to get that place ready.

By default a SQLite file inside the project, so that the project can be moved, copied or deleted as one
folder. `prepare` is called before the first writer starts; it costs a file copy, not MLflow's migrations.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
from pathlib import Path
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from nbmlops.errors import UnavailableError
from nbmlops.lib.redact import MARK
from nbmlops.track import moved, template

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
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

    A database elsewhere is left alone; a server must answer (see `check_server`).
    """
    if urlsplit(uri).scheme in ("http", "https"):
        check_server(uri)
        return
    path = sqlite_path(uri)
    if path is None or path.resolve() != (root.resolve() / FOLDER / "mlflow.db"):
        return
    artifact_root(root).mkdir(parents=True, exist_ok=True)
    if not path.exists():
        template.copy_to(path, artifact_root(root))
    moved.mend(path, root.resolve(), FOLDER)


def check_server(uri: str) -> None:
    """Raise UnavailableError when nobody answers HTTP at the address. One try, no retries, some seconds at most.

    Whatever it answers is an answer, save that of a gateway with nobody behind it. A server that accepts and is silent
    would otherwise hold up each of MLflow's own requests.
    """
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return
    try:
        status = _status(parts)
    except (OSError, http.client.HTTPException) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        reason = f"nothing came within {ANSWER_SECONDS:g} s" if isinstance(error, TimeoutError) else reason
        _unreachable(uri, reason or str(error) or "no answer", error)
    if status in (502, 503, 504):
        _unreachable(uri, f"a gateway says {status}", None)


def _status(parts: SplitResult) -> int:
    """What GET /health gives. Certificates are looked at when something is sent, not here."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(parts.hostname or "", port, timeout=CONNECT_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", port, timeout=CONNECT_SECONDS)
    with contextlib.closing(connection):
        connection.connect()
        connection.sock.settimeout(ANSWER_SECONDS)
        connection.request("GET", f"{parts.path.rstrip('/')}/health", headers={"Connection": "close"})
        return connection.getresponse().status


def _unreachable(uri: str, reason: str, cause: BaseException | None) -> NoReturn:
    raise UnavailableError(
        f"The MLflow server {shown(uri)} does not answer: {reason}.",
        kind="mlflow-unreachable",
        hint="Start it, or correct MLFLOW_TRACKING_URI. Work goes on: runs are kept and sent later.",
        uri=shown(uri),
    ) from cause


def shown(uri: str) -> str:
    """The address without its login."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return parts._replace(netloc=f"{MARK}@{parts.netloc.rpartition('@')[2]}").geturl()
