"""The files of a logged model, wherever MLflow keeps them."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from nbmlops.errors import ExternalError
from nbmlops.lib.files import refusing_disk_errors
from nbmlops.model.run import ModelView

MLMODEL = "MLmodel"
Told = Callable[[int, int], None]
"""Bytes that have come, and bytes in all."""
_LOOK_SECONDS = 0.5


def fetch_model(
    uri: str, model: ModelView, target: Path, *, artifacts: Path, told: Told = lambda done, total: None
) -> None:
    """Into a new folder. `uri`: the tracking address; `artifacts`: where this project's own MLflow keeps files.

    Raises ExternalError where they are not there, are no model, or MLflow cannot give them.
    """
    if (local := local_place(model.location)) is not None:
        found = next((each for each in (local, *moved_places(local, artifacts)) if (each / MLMODEL).is_file()), None)
        if found is None:
            raise _unreachable(model, f"there is no {MLMODEL} in {local}")
        with refusing_disk_errors(target):
            shutil.copytree(found, target, symlinks=True)
        return
    from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR as PROGRESS_BAR
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    before = os.environ.get(PROGRESS_BAR.name)
    os.environ[PROGRESS_BAR.name] = "false"
    with refusing_disk_errors(target):
        target.mkdir(parents=True)
    try:
        # By the repository itself: `mlflow.artifacts` would put the folder into the target, not what is in it.
        repository = get_artifact_repository(model.location, tracking_uri=uri)
        with _telling(target, _size_there(repository), told):
            repository.download_artifacts("", dst_path=str(target))
    except Exception as error:  # MLflow passes on what each store's own client raises
        shutil.rmtree(target, ignore_errors=True)
        raise _unreachable(model, " ".join(str(error).split())[:300].rstrip(".")) from error
    finally:
        if before is None:
            del os.environ[PROGRESS_BAR.name]
        else:
            os.environ[PROGRESS_BAR.name] = before
    if not (target / MLMODEL).is_file():
        shutil.rmtree(target, ignore_errors=True)
        raise _unreachable(model, f"there is no {MLMODEL} among them")


def _size_there(repository: Any) -> int:
    """Bytes of all files that MLflow lists."""
    total, waiting = 0, [""]
    while waiting:
        for each in repository.list_artifacts(waiting.pop() or None):
            if each.is_dir:
                waiting.append(each.path)
            else:
                total += each.file_size or 0
    return total


@contextlib.contextmanager
def _telling(target: Path, total: int, told: Told) -> Iterator[None]:
    """MLflow tells nobody how far it is: what lies in the folder does."""
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(_LOOK_SECONDS):
            told(_size_here(target), total)

    watcher = threading.Thread(target=look, name="nbmlops-download", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
    told(total, total)


def _size_here(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def _unreachable(model: ModelView, why: str) -> ExternalError:
    return ExternalError(
        f"The files of model {model.name} cannot be fetched: {why}.",
        kind="model-unreachable",
        hint="Look at MLflow's artifact store.",
        model=model.id,
    )


def moved_places(path: Path, artifacts: Path) -> tuple[Path, ...]:
    """Where the files are when the project's folder has moved since MLflow wrote their place down."""
    text, marker = path.as_posix(), f"/{artifacts.parent.name}/{artifacts.name}/"
    return (artifacts / text.rpartition(marker)[2],) if marker in text else ()


def local_place(location: str) -> Path | None:
    if location.startswith("file:"):
        return Path(unquote(urlsplit(location).path))
    return Path(location) if os.path.isabs(location) else None
