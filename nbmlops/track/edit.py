"""Changes of runs that a person asks for: names, tags, deleting, models that are promoted. All through MLflow's client.

MLflow's import takes two seconds; a server has it from the second time on, and what marks a version in a file does
without. What MLflow would cut or refuse, the verbs refuse before.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from nbmlops.errors import ExternalError, UnavailableError
from nbmlops.lib.redact import redact
from nbmlops.model.run import ModelView
from nbmlops.track import versions_sqlite
from nbmlops.track.address import shown, sqlite_path
from nbmlops.track.client import connect
from nbmlops.track.registry import registry_of, version_made_of
from nbmlops.track.trouble import explaining, is_busy, is_unreachable
from nbmlops.track.unknown_tables import UnknownTables

BUSY_SECONDS = 20.0
_MODEL_VERSIONS = "mlflow.modelVersions"
R = TypeVar("R")


class Promoted(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    is_new: bool
    """The version was made for this."""
    before: str = ""
    """The version that had the alias until now; empty: none had."""
    before_run: str = ""


def annotate(uri: str, run: str, *, name: str = "", tags: Mapping[str, str], untag: Iterable[str] = ()) -> None:
    """The name last: MLflow writes it in two places, and refuses nothing of it."""
    from mlflow.entities import RunTag

    client = connect(uri)
    with _explaining(uri):
        if tags:
            batch = [RunTag(key, value) for key, value in tags.items()]
            _patiently(lambda: client.log_batch(run, tags=batch, synchronous=True))
        for key in untag:
            _patiently(lambda key=key: client.delete_tag(run, key))  # type: ignore[misc]
        if name:
            _patiently(lambda: client.update_run(run, name=name))


def delete(uri: str, runs: Sequence[str]) -> None:
    client = connect(uri)
    with _explaining(uri):
        for run in runs:
            _patiently(lambda run=run: client.delete_run(run))  # type: ignore[misc]


def restore(uri: str, runs: Sequence[str]) -> None:
    client = connect(uri)
    with _explaining(uri):
        for run in runs:
            _patiently(lambda run=run: client.restore_run(run))  # type: ignore[misc]


def promote(uri: str, model: ModelView, name: str, alias: str) -> Promoted:
    """Register the model under `name`, unless it is there, and let `alias` mean that version."""
    client, registry = _registry(uri)
    with _explaining(uri):
        before = _with_alias(client, name, alias)
        version = version_made_of(uri, name, model)
        is_new = version is None
        if version is None:
            version = _registered(client, registry, name, model)
        _patiently(lambda: client.set_registered_model_alias(name, alias, version))
    return Promoted(
        version=version,
        is_new=is_new,
        before=str(before.version) if before is not None else "",
        before_run=str(before.run_id or "") if before is not None else "",
    )


def register(uri: str, model: ModelView, name: str) -> str:
    """The version of a registered model that this model is; made if need be. It gets no alias by that."""
    client, registry = _registry(uri)
    with _explaining(uri):
        return version_made_of(uri, name, model) or _registered(client, registry, name, model)


def set_alias(uri: str, name: str, alias: str, version: str) -> None:
    """Raises NotFoundError for a version that there is not; over a file, MLflow is not imported for it."""
    with contextlib.suppress(UnknownTables):
        if (path := sqlite_path(registry_of(uri))) is not None:
            versions_sqlite.set_alias(path, name, alias, version)
            return
    client, _ = _registry(uri)
    with _explaining(uri):
        _patiently(lambda: client.set_registered_model_alias(name, alias, version))


def tag_version(uri: str, name: str, version: str, tags: Mapping[str, str]) -> None:
    """As `set_alias`."""
    with contextlib.suppress(UnknownTables):
        if (path := sqlite_path(registry_of(uri))) is not None:
            versions_sqlite.set_tags(path, name, version, tags)
            return
    client, _ = _registry(uri)
    with _explaining(uri):
        for key, value in tags.items():
            _patiently(lambda key=key, value=value: client.set_model_version_tag(name, version, key, value))  # type: ignore[misc]


def version_tags(uri: str, name: str, version: str) -> dict[str, str]:
    if (path := sqlite_path(registry_of(uri))) is not None:
        return versions_sqlite.tags(path, name, version)
    client, _ = _registry(uri)
    with _explaining(uri):
        return dict(client.get_model_version(name, version).tags)


def _registry(uri: str) -> tuple[Any, str]:
    connect(uri)
    from mlflow import MlflowClient

    registry = registry_of(uri)
    return MlflowClient(uri, registry_uri=registry), registry


def version_called(uri: str, name: str, alias: str) -> str:
    """The version of a registered model that has the alias; empty where none has. Raises UnavailableError where nobody
    answers: that is not the same.
    """
    if (path := sqlite_path(registry_of(uri))) is not None:
        return versions_sqlite.model_version(path, name, alias=alias, version=None) or ""
    client, _ = _registry(uri)
    with _explaining(uri):
        found = _with_alias(client, name, alias)
    return str(found.version) if found is not None else ""


def _with_alias(client: Any, name: str, alias: str) -> Any:
    """The version that has it; None where none has."""
    from mlflow.exceptions import MlflowException

    try:
        aliases = client.get_registered_model(name).aliases
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    return client.get_model_version(name, aliases[alias]) if alias in aliases else None


def _registered(client: Any, registry: str, name: str, model: ModelView) -> str:
    """A new version of a registered model, which is made if need be."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    source = f"models:/{model.id}"
    # A store in this process would look that up at the address that is set for the process, which may be any.
    is_served = registry.startswith(("http://", "https://"))
    made = _patiently(
        lambda: client.create_model_version(
            name, source if is_served else model.location, run_id=model.run, model_id=model.id, await_creation_for=0
        )
    )
    version = str(made.version)
    if (path := sqlite_path(registry)) is not None:
        with explaining(path), contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as database, database:
            database.execute(
                "UPDATE model_versions SET source = ? WHERE name = ? AND version = ?", (source, name, int(version))
            )
    known = json.loads(client.get_logged_model(model.id).tags.get(_MODEL_VERSIONS, "[]"))
    # MLflow's pages lead from the model to its versions by that.
    text = json.dumps([*known, {"name": name, "version": version}])
    client.set_logged_model_tags(model.id, {_MODEL_VERSIONS: text})
    return version


def _patiently(call: Callable[[], R]) -> R:
    """Waits for another writer's lock; everything else is raised at once."""
    from mlflow.exceptions import MlflowException

    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return call()
        except MlflowException as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextlib.contextmanager
def _explaining(uri: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if is_busy(error):
            raise UnavailableError(
                "MLflow's database is in use by another process.", kind="mlflow-busy", hint="Try again in a moment."
            ) from error
        text = redact(" ".join(str(error).split()))[:300]
        if is_unreachable(error):
            raise UnavailableError(
                f"MLflow ({shown(uri)}) does not answer: {text}",
                kind="mlflow-unreachable",
                hint="Try again later; nothing else has changed.",
            ) from error
        raise ExternalError(
            f"MLflow has refused it: {text}", kind="mlflow-refused", hint="Look: nbmlops doctor"
        ) from error
