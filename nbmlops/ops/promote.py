"""`promote`: give a run's model an alias (`champion`) in MLflow's registry."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.lib.digest import short
from nbmlops.model.run import ModelView, RunView
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.run_model import run_model
from nbmlops.project import Project
from nbmlops.track.lists import find_run

LONGEST = 250
_ALIAS = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST}}}")
_VERSION = re.compile(r"(?i)v\d+|latest")


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: Annotated[str, positional("Id, the beginning of one, or the name of the newest.")]
    alias: Annotated[str, positional("What the version is to be called: champion, staging.")]
    model: Annotated[
        str, option("The registered model, made if need be. Default: the run's experiment.", short="m", metavar="NAME")
    ] = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    model: str
    version: str
    alias: str
    address: str
    """What programs load: `models:/wine@champion`."""
    is_new: bool
    """The version was made for this; else the model was registered already."""
    before: str
    """The version that had the alias until now; empty: none had."""
    before_run: str
    """The run that made that version."""
    run: str
    """The run that logged the model: a step of the pipeline's run, where that was named."""
    logged_model: str


def promote(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a run without a model that is ready, and UsageError for names that MLflow refuses."""
    check_alias(request.alias)
    check_name(request.model)
    project = call.project
    if call.has_session:
        call.session.scribe.flush(30.0)
    run = find_run(project.uri, request.run)
    model = _newest(project, run)
    name = request.model or model_name(run)
    from nbmlops.track import edit

    done = edit.promote(project.uri, model, name, request.alias)
    return Result(
        model=name,
        version=done.version,
        alias=request.alias,
        address=f"models:/{name}@{request.alias}",
        is_new=done.is_new,
        before=done.before,
        before_run=done.before_run,
        run=model.run,
        logged_model=model.id,
    )


def model_name(run: RunView) -> str:
    """What a run's model is registered as where nobody says so."""
    return run.experiment.replace("/", "-").replace(":", "-")


def check_alias(alias: str) -> None:
    """Raises UsageError for what MLflow does not take as one."""
    if not _ALIAS.fullmatch(alias) or _VERSION.fullmatch(alias):
        raise UsageError(
            f"{alias[:60]!r} is no alias.",
            kind="alias-malformed",
            hint="Letters, digits, _ and - make one, as in champion; `latest` and `v1` mean something else.",
        )


def check_name(name: str) -> None:
    """Of a registered model; empty is none. Raises UsageError for what MLflow does not take."""
    if len(name) > LONGEST or (name and not name.strip()) or not name.isprintable() or {"/", ":"} & set(name):
        raise UsageError(
            f"{name[:60]!r} is no name of a registered model.",
            kind="name-malformed",
            hint=f"One line of at most {LONGEST} letters, without / and :",
        )


def _newest(project: Project, run: RunView) -> ModelView:
    found = run_model(project, run)
    if found is None:
        raise NotFoundError(
            f"Run {run.name} has logged no model that is ready.",
            kind="model-missing",
            hint=f"See what it has: nbmlops show {short(run.id)}",
            run=run.id,
        )
    return found
