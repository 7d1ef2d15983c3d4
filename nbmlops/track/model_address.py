"""Which model of a tracking server an address means, and which run made it.

models:/wine/3        models:/wine@champion        a version in the registry
models:/m-3f8a...     a logged model by its id
runs:/ID/model        a model of a run by its name
ID, or a run's name   the run's newest model
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

import msgspec

from nbmlops.errors import ExternalError, NotFoundError, StateError
from nbmlops.lib.digest import short
from nbmlops.model.run import ModelView, RunView
from nbmlops.track.address import shown, sqlite_path
from nbmlops.track.client import connect
from nbmlops.track.lists import children, find_run, models
from nbmlops.track.lists_client import model_version, model_view
from nbmlops.track.registry import REFERENCE, REGISTRY_VARIABLE
from nbmlops.track.trouble import asking

READY = "READY"
FINISHED = "FINISHED"
_LOGGED = re.compile(r"models:/(m-[0-9a-f]{32})")
_HISTORY = "mlflow.log-model.history"
"""Tag by which MLflow before 3 says which of a run's files are models."""


class Located(msgspec.Struct, frozen=True, kw_only=True):
    run: RunView
    model: ModelView
    registered: str = ""
    """Its name in the registry, where it was asked for by that."""
    version: str = ""


def locate(uri: str, address: str, *, registry: str | None = None) -> Located:
    """`registry`: where models are registered, if not where MLflow would look.

    Raises NotFoundError for what is not there, StateError for a run or model that is not finished, and
    UnavailableError and DeniedError of the server.
    """
    if (path := sqlite_path(uri)) is not None and not path.is_file():
        # MLflow would make one.
        raise NotFoundError(f"There is no database {path}.", kind="mlflow-missing", hint="Correct the address.")
    found = _locate(uri, address, registry)
    if found.run.status != FINISHED:
        raise StateError(
            f"Run {found.run.name} ({short(found.run.id)}) is {found.run.status}, not {FINISHED}.",
            kind="run-unfinished",
            hint="Import it when it has ended well, or name another run.",
            run=found.run.id,
        )
    if found.model.status != READY:
        raise StateError(
            f"Model {found.model.name} of run {found.run.name} is {found.model.status}, not {READY}.",
            kind="model-unfinished",
            hint="Import it when it is, or name another model.",
            run=found.run.id,
        )
    return found


def _locate(uri: str, address: str, registry: str | None) -> Located:
    if not address.startswith("models:/"):
        return _of_run(uri, address)
    if (match := _LOGGED.fullmatch(address)) is not None:
        model = _logged(uri, match[1], address)
        return Located(run=_maker(uri, model.run, address), model=model)
    if (match := REFERENCE.fullmatch(address)) is not None:
        return _registered(uri, address, match, registry)
    raise NotFoundError(
        f"{address} names no model.", kind="model-missing", hint="As in models:/wine/3 or models:/wine@champion."
    )


def _registered(uri: str, address: str, match: re.Match[str], registry: str | None) -> Located:
    from mlflow import MlflowClient

    registry = registry or os.environ.get(REGISTRY_VARIABLE) or uri
    connect(uri)
    client = MlflowClient(uri, registry_uri=registry)
    name = match["name"]
    version = _version(client, registry, address, match)
    with asking(registry):
        found = client.get_model_version(name, version)
        location = client.get_model_version_download_uri(name, version)
    run = _maker(uri, found.run_id, address)
    logged = _LOGGED.fullmatch(found.source or "")
    if logged is not None:
        model = _logged(uri, logged[1], address)
    else:
        model = ModelView(id="", name=name, status=READY, location=location, run=run.id)
    if found.status != READY:
        model = msgspec.structs.replace(model, status=found.status)
    return Located(run=run, model=model, registered=name, version=version)


def _version(client: Any, registry: str, address: str, match: re.Match[str]) -> str:
    """As the registry numbers it. Raises NotFoundError that says what there is instead."""
    name, alias, version = match["name"], match["alias"], match["version"]
    try:
        with asking(registry):
            known = client.get_registered_model(name)
    except ExternalError as error:
        if _is_missing(error.__cause__):
            raise NotFoundError(
                f"There is no registered model {name} on {shown(registry)}.",
                kind="model-missing",
                hint="Look at its models in MLflow's page, or name a run: runs:/ID/model",
            ) from None
        raise
    found = model_version(registry, name, alias=alias, version=version)
    if found is not None:
        return found
    aliases = ", ".join(f"{key} (version {known.aliases[key]})" for key in sorted(known.aliases)) or "none"
    newest = max((int(each.version) for each in known.latest_versions), default=None)
    raise NotFoundError(
        f"There is no model {address} on {shown(registry)}.",
        kind="model-missing",
        hint=f"Aliases of {name}: {aliases}; its newest version: {newest if newest is not None else 'none'}.",
    )


def _is_missing(error: Any) -> bool:
    return getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST"


def _logged(uri: str, model: str, address: str) -> ModelView:
    client = connect(uri)
    try:
        with asking(uri):
            return model_view(client.get_logged_model(model))
    except ExternalError as error:
        if _is_missing(error.__cause__):
            raise NotFoundError(
                f"There is no model {address} on {shown(uri)}.",
                kind="model-missing",
                hint="It may have been deleted there.",
            ) from None
        raise


def _maker(uri: str, run: str | None, address: str) -> RunView:
    if not run:
        raise NotFoundError(
            f"No run is known of model {address}.",
            kind="run-not-found",
            hint="It was logged outside of a run: log it inside of one.",
        )
    return find_run(uri, run)


def _of_run(uri: str, address: str) -> Located:
    name, _, path = address.removeprefix("runs:/").partition("/") if address.startswith("runs:/") else (address, "", "")
    run = find_run(uri, name)
    if run.status != FINISHED:
        # What it may still log does not matter then.
        return Located(run=run, model=ModelView(id="", name=path, status=READY, location="", run=run.id))
    known = _models_of(uri, run)
    wanted = [model for model in known if not path or model.name == path]
    if wanted:
        return Located(run=run, model=max(wanted, key=lambda each: (each.status == READY, _age(each))))
    if path and _has_files(uri, run, path):
        return Located(run=run, model=_as_files(run, path))
    names = ", ".join(sorted({model.name for model in known}))
    raise NotFoundError(
        f"Run {run.name} ({short(run.id)}) has no model{f' {path}' if path else ''}.",
        kind="model-missing",
        hint=f"It has: {names}." if names else "Name a run that has logged one.",
        run=run.id,
    )


def _models_of(uri: str, run: RunView) -> tuple[ModelView, ...]:
    """Its own; else those of runs inside of it; else what MLflow before 3 has noted."""
    try:
        found = models(uri, run.id)
        return found or tuple(model for child in children(uri, run.id) for model in models(uri, child.id))
    except ExternalError:
        if _HISTORY not in run.tags:
            raise
        # A server before MLflow 3 knows of no logged models.
    try:
        paths = [str(each["artifact_path"]) for each in json.loads(run.tags[_HISTORY])]
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(_as_files(run, path) for path in paths)


def _as_files(run: RunView, path: str) -> ModelView:
    return ModelView(id="", name=path, status=READY, location=f"runs:/{run.id}/{path}", run=run.id)


def _has_files(uri: str, run: RunView, path: str) -> bool:
    client = connect(uri)
    with asking(uri):
        return bool(client.list_artifacts(run.id, path))


def _age(model: ModelView) -> tuple[Any, ...]:
    return model.created is not None, model.created, model.id
