"""Which version of a registered model an address means today: `models:/wine@champion`, `models:/wine/3`."""

from __future__ import annotations

import contextlib
import os
import re
from datetime import datetime

from nbmlops.errors import NbmlopsError, NotFoundError
from nbmlops.model.run import ModelView
from nbmlops.track import versions_sqlite
from nbmlops.track.address import sqlite_path

REFERENCE = re.compile(r"models:/(?P<name>[^/@\s]+)(?:@(?P<alias>[^/@\s]+)|/(?P<version>[^/@\s]+))")
REGISTRY_VARIABLE = "MLFLOW_REGISTRY_URI"


def registry_of(uri: str) -> str:
    """Where models are registered: with the runs, unless somebody has said otherwise."""
    return os.environ.get(REGISTRY_VARIABLE) or uri


def version_of(uri: str, reference: str) -> str | None:
    """The version as MLflow numbers it; None where there is none, or nobody answers. `uri`: of the tracking store."""
    parts = REFERENCE.fullmatch(reference)
    if parts is None:
        return None
    name, alias, version = parts["name"], parts["alias"], parts["version"]
    address = registry_of(uri)
    with contextlib.suppress(NbmlopsError):  # a run is not hindered by that: the step itself will tell
        if (path := sqlite_path(address)) is not None:
            return versions_sqlite.model_version(path, name, alias=alias, version=version)
        from nbmlops.track import lists_client

        return lists_client.model_version(address, name, alias=alias, version=version)
    return None


def newest_version(uri: str, name: str) -> tuple[str, datetime | None]:
    """Of a registered model, with when it was made; empty where there is none. Raises UnavailableError."""
    address = registry_of(uri)
    if (path := sqlite_path(address)) is not None:
        return versions_sqlite.newest_version(path, name)
    from nbmlops.track import lists_client

    return lists_client.newest_version(address, name)


def version_made_of(uri: str, name: str, model: ModelView) -> str | None:
    """The version of the registered model `name` that this logged model is; None: it is none yet. Raises
    UnavailableError.
    """
    address, sources = registry_of(uri), (f"models:/{model.id}", model.location)
    if (path := sqlite_path(address)) is not None:
        return versions_sqlite.version_made_of(path, name, model.run, sources)
    from nbmlops.track import lists_client

    return lists_client.version_made_of(address, name, model.run, sources)


def run_of(uri: str, reference: str) -> str:
    """The MLflow run that a registered version was made by. Raises NotFoundError where there is no such version."""
    parts = REFERENCE.fullmatch(reference)
    version = version_of(uri, reference)
    if parts is None or version is None:
        raise NotFoundError(
            f"There is no model {reference}.",
            kind="model-missing",
            hint="As in models:/wine@champion; an alias is given by: nbmlops promote RUN ALIAS",
        )
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri, registry_uri=registry_of(uri))
    run = client.get_model_version(parts["name"], version).run_id
    if not run:
        raise NotFoundError(
            f"No run is known of model {reference}.", kind="run-not-found", hint="Pack a run by its name."
        )
    return str(run)
