"""A model that is to be evaluated: found by whatever it is called, its files laid out, loaded once it may be."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError, StateError, UsageError
from nbmlops.evaluate.validate import Column
from nbmlops.model.evaluation import Evaluated
from nbmlops.model.run import ModelView
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.deployed_package import lay_out, package_here
from nbmlops.ops.package_store import store
from nbmlops.ops.promote import check_alias, check_name, model_name
from nbmlops.ops.run_model import run_model
from nbmlops.ops.trusted_keys import packed_here
from nbmlops.ops.trusted_model import require_trust
from nbmlops.package.opened import Opened
from nbmlops.package.reference import Reference
from nbmlops.serve.model import ServedModel, load_model
from nbmlops.serve.signature import Described, describe
from nbmlops.track.lists import find_run
from nbmlops.track.model_address import Located, locate
from nbmlops.track.model_files import fetch_model

_ADDRESSES = ("runs:/", "models:/")


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    told: Evaluated
    folder: Path
    """Its files."""
    about: Described
    logged: ModelView | None = None
    """In MLflow, where it can be registered."""
    registered: str = ""
    """What it is registered as, or would be."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """That it takes; empty where it does not say, or takes arrays."""
        if not self.about.signature.has_columns:
            return ()
        return tuple(
            Column(name=each.name, kind=each.column, is_optional=each.is_optional)
            for each in self.about.signature.inputs
        )

    def load(self) -> ServedModel:
        """Runs what is in its pickle. Raises MissingDependencyError and ExternalError."""
        return load_model(self.folder, self.told.name)


def find_candidate(call: Call, text: str, folder: Path, *, is_trusted: bool = False) -> Candidate:
    """Its files go into `folder`. Raises NotFoundError for what is neither a package nor a model of MLflow's,
    StateError for a package whose model runs code of somebody whom the user does not trust, and for a run that is not
    over.
    """
    call.progress(Progress(task="model", note=text))
    if not text.startswith(_ADDRESSES) and (found := package_here(call, text)) is not None:
        return _packed(call, text, *found, folder, is_trusted=is_trusted)
    if call.has_session:
        call.session.scribe.flush(30.0)
    project = call.project
    located = _located(project.uri, text)
    target = folder / "model"
    fetch_model(project.uri, located.model, target, artifacts=project.layout.artifacts)
    return Candidate(
        told=_told(text, target, located.run.id, located.model.id),
        folder=target,
        about=describe(target),
        logged=located.model if located.model.id else None,
        registered=located.registered or model_name(located.run),
    )


def aliased(call: Call, alias: str, name: str) -> str:
    """The address of the registered model's version that is called so; empty where none is. Raises UnavailableError
    where the registry does not answer.
    """
    try:
        check_alias(alias)
        check_name(name)
    except UsageError:
        return ""
    from nbmlops.track.edit import version_called

    return f"models:/{name}@{alias}" if name and version_called(call.project.prepare_tracking(), name, alias) else ""


def _located(uri: str, text: str) -> Located:
    try:
        return locate(uri, text)
    except StateError as error:
        raise StateError(error.message, kind=error.kind, hint="Evaluate it once it is.", **error.facts) from error
    except NotFoundError as error:
        if error.kind != "run-not-found" or text.startswith(_ADDRESSES):
            raise
        raise NotFoundError(
            f"There is neither a package nor a run {text}.",
            kind="model-missing",
            hint="List them: nbmlops packages, nbmlops runs",
        ) from error


def _packed(
    call: Call, text: str, reference: Reference, package: Opened, folder: Path, *, is_trusted: bool
) -> Candidate:
    require_trust(store(), reference, package, is_trusted=is_trusted)
    target = folder / "package"
    target.mkdir(parents=True)
    model = target / lay_out(call, reference, package, target)
    digest = package.descriptor.digest
    run = made_by(package)
    logged, registered = None, package.kitfile.package.name
    if run:
        with contextlib.suppress(NotFoundError):
            found = find_run(call.project.uri, run)
            logged, registered = run_model(call.project, found), model_name(found)
    told = _told(text, model, run if logged is not None else "", logged.id if logged is not None else "")
    return Candidate(
        told=msgspec.structs.replace(told, digest=digest),
        folder=model,
        about=describe(model),
        logged=logged,
        registered=registered,
    )


def made_by(package: Opened) -> str:
    """The MLflow run, as the Kitfile has it of a package that was made here: others may name any run."""
    if not packed_here(package.descriptor.digest):
        return ""
    value: Any = package.kitfile.model.parameters if package.kitfile.model is not None else None
    for key in ("mlflow_provenance", "mlflow_run_id"):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _told(name: str, folder: Path, run: str, model: str) -> Evaluated:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Evaluated(name=name, run=run, model=model, bytes=size)
