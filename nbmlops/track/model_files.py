"""The files of a logged model, wherever MLflow keeps them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from nbmlops.errors import ExternalError
from nbmlops.lib.files import refusing_disk_errors
from nbmlops.model.run import ModelView


def fetch_model(uri: str, model: ModelView, target: Path, *, artifacts: Path) -> None:
    """Into a new folder. `uri`: the tracking address; `artifacts`: where this project's own MLflow keeps files.

    Raises ExternalError where they are not there or MLflow cannot give them.
    """
    if (local := _local(model.location)) is not None:
        found = next((each for each in (local, *_moved(local, artifacts)) if each.is_dir()), None)
        if found is None:
            raise _unreachable(model, f"{local} is not there")
        with refusing_disk_errors(target):
            shutil.copytree(found, target, symlinks=True)
        return
    from mlflow import artifacts as mlflow_artifacts
    from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR as PROGRESS_BAR
    from mlflow.exceptions import MlflowException

    before = os.environ.get(PROGRESS_BAR.name)
    os.environ[PROGRESS_BAR.name] = "false"
    try:
        target.mkdir(parents=True)
        mlflow_artifacts.download_artifacts(artifact_uri=model.location, dst_path=str(target), tracking_uri=uri)
    except (MlflowException, OSError) as error:
        shutil.rmtree(target, ignore_errors=True)
        raise _unreachable(model, " ".join(str(error).split())[:300].rstrip(".")) from error
    finally:
        if before is None:
            del os.environ[PROGRESS_BAR.name]
        else:
            os.environ[PROGRESS_BAR.name] = before


def _unreachable(model: ModelView, why: str) -> ExternalError:
    return ExternalError(
        f"The files of model {model.name} cannot be fetched: {why}.",
        kind="model-unreachable",
        hint="Look at MLflow's artifact store.",
        model=model.id,
    )


def _moved(path: Path, artifacts: Path) -> tuple[Path, ...]:
    """Where the files are when the project's folder has moved since MLflow wrote their place down."""
    text, marker = path.as_posix(), f"/{artifacts.parent.name}/{artifacts.name}/"
    return (artifacts / text.rpartition(marker)[2],) if marker in text else ()


def _local(location: str) -> Path | None:
    if location.startswith("file:"):
        return Path(unquote(urlsplit(location).path))
    return Path(location) if os.path.isabs(location) else None
