"""Telling MLflow's failures apart: worth waiting for, worth keeping for later, or a plain refusal."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from nbmlops.errors import DeniedError, ExternalError, IntegrityError, UnavailableError
from nbmlops.lib.redact import redact
from nbmlops.track.address import shown

_LATER_CODES = {"TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED"}
_UNREACHABLE = {
    "ConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "Timeout",
    "MaxRetryError",
    "NewConnectionError",
    "ConnectionRefusedError",
    "UnavailableError",
    "EndpointConnectionError",
}


def is_busy(error: BaseException) -> bool:
    """Another process holds the database's lock for the moment."""
    text = str(error)
    return "database is locked" in text or "database table is locked" in text


def is_unreachable(error: BaseException) -> bool:
    """The server (or its artifact store) cannot be reached now, or answers as a server in trouble does."""
    for cause in _chain(error):
        if type(cause).__name__ in _UNREACHABLE:
            return True
    text = str(error)
    if "API request to" in text and ("failed with exception" in text or "timed out" in text):
        return True
    return any(f"failed with error code {code}" in text for code in (429, 500, 502, 503, 504))


def is_for_later(error: BaseException) -> bool:
    """The same message may well succeed later, so it must be kept."""
    code = getattr(error, "error_code", "")
    return is_busy(error) or code in _LATER_CODES or is_unreachable(error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


@contextlib.contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Around our own statements on MLflow's database file: what SQLite complains of becomes one line."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if is_busy(error):
            raise UnavailableError(
                f"{path} is in use by another process.", kind="mlflow-busy", hint="Try again in a moment."
            ) from error
        if "malformed" in text or "not a database" in text:
            raise IntegrityError(
                f"{path} is damaged ({text}).",
                kind="mlflow-damaged",
                hint="Bring it back from a copy, or move it aside: the next run starts a new one.",
            ) from error
        raise ExternalError(f"{path} cannot be used: {text}.", kind="mlflow-unusable") from error


@contextlib.contextmanager
def asking(uri: str) -> Iterator[None]:
    """Around questions to a server: whatever it answers that is no answer becomes one line."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        text = redact(" ".join(str(error).split()))[:300]
        if any(f"failed with error code {code}" in text for code in (401, 403)):
            raise DeniedError(
                f"The MLflow server {shown(uri)} does not let us in.",
                kind="mlflow-denied",
                hint="Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.",
                uri=shown(uri),
            ) from error
        raise ExternalError(
            f"The MLflow server {shown(uri)} does not answer as one: {text}",
            kind="mlflow-refused",
            hint="Check the address: nbmlops doctor",
            uri=shown(uri),
        ) from error
