"""MLflow in a process that asks or writes a little, and has other things to do: soon answered, and telling nobody."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbmlops.track import address
from nbmlops.track.server import check_server

if TYPE_CHECKING:
    from nbmlops.track.writer import Writer


def connect(uri: str) -> Any:
    """An MlflowClient. Raises UnavailableError when the server does not answer (`server.check_server`).

    MLflow's own patience, two minutes a try and seven tries, is cut to that of our processes, unless the user has
    set it.
    """
    check_server(uri)
    _settle()
    from mlflow import MlflowClient

    return MlflowClient(uri)


def open_writer(uri: str, root: Path) -> Writer:
    """For a process that is no scribe."""
    _settle()
    from nbmlops.track.writer import Writer

    return Writer(uri, root)


def _settle() -> None:
    for name, value in address.own_environment().items():
        os.environ.setdefault(name, value)
