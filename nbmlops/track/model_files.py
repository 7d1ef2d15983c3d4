"""The files of a logged model, wherever MLflow keeps them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from nbmlops.errors import ExternalError
from nbmlops.lib.files import refusing_disk_errors
from nbmlops.model.run import ModelView


def fetch_model(uri: str, model: ModelView, target: Path) -> None:
    """Into a new folder. `uri` is the tracking address. Raises ExternalError where MLflow cannot give them."""
    local = _local(model.location)
    with refusing_disk_errors(target):
        if local is not None and local.is_dir():
            shutil.copytree(local, target, symlinks=True)
            return
    from mlflow import artifacts
    from mlflow.exceptions import MlflowException

    try:
        target.mkdir(parents=True)
        artifacts.download_artifacts(artifact_uri=model.location, dst_path=str(target), tracking_uri=uri)
    except (MlflowException, OSError) as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ExternalError(
            f"The files of model {model.name} cannot be fetched: {' '.join(str(error).split())[:300]}.",
            kind="model-unreachable",
            hint="Look at MLflow's artifact store.",
            model=model.id,
        ) from error


def _local(location: str) -> Path | None:
    if location.startswith("file:"):
        return Path(unquote(urlsplit(location).path))
    return Path(location) if os.path.isabs(location) else None
