"""MLflow's client for questions to a server: it answers soon, or the error says so soon."""

from __future__ import annotations

import os
from typing import Any

from nbmlops.track import address


def connect(uri: str) -> Any:
    """An MlflowClient. Raises UnavailableError when the server does not answer (`address.check_server`).

    MLflow's own patience, two minutes a try and seven tries, is cut to that of our processes, unless the user has
    set it.
    """
    address.check_server(uri)
    for name, value in address.own_environment().items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    return MlflowClient(uri)
