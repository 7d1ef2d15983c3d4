"""`import`: a package of a model that lies on another tracking server."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import msgspec

from nbmlops.errors import NotFoundError, UnavailableError, UsageError
from nbmlops.model.kitfile import Kitfile
from nbmlops.ops.assemble import Elsewhere, assemble
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.pack import Request as PackRequest
from nbmlops.ops.pack import pack_found
from nbmlops.ops.pack_source import Source
from nbmlops.ops.package_store import PackageView
from nbmlops.package.mediatypes import Compression
from nbmlops.package.reference import parse
from nbmlops.project import Project
from nbmlops.track.address import shown

if TYPE_CHECKING:
    from nbmlops.track.model_address import Located

_ADDRESS = re.compile(r"mlflow(?:\+(?P<scheme>https?))?://(?P<rest>.*)")
_INSIDE = re.compile(
    r"(?P<server>.*?)/?(?:(?:experiments/[^/]+/)?runs/(?P<run>[^/]+)(?P<path>/.+)?|models/(?P<model>.+))"
)


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: Annotated[
        str,
        positional(
            "models:/NAME/VERSION, models:/NAME@ALIAS, runs:/ID/MODEL, a run, or mlflow://HOST/runs/ID.",
            metavar="MODEL|RUN",
        ),
    ]
    from_: Annotated[str, option("MLflow's tracking address. Default: the project's.", metavar="URI")] = ""
    tag: Annotated[
        str,
        option("What the package is called. Default: as the model or its experiment.", short="t",
               metavar="NAME[:TAG,...]"),
    ] = ""  # fmt: skip
    compression: Annotated[Compression, option("How layers are compressed.", metavar="none|gzip|zstd")] = "none"
    allow_secrets: Annotated[bool, option("Pack also what looks like tokens, keys and passwords.")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    package: PackageView
    references: tuple[str, ...]
    server: str
    """Tracking address, without its login."""
    run: str
    """Id of the run that made the model."""
    run_name: str
    model: str
    """In the registry as NAME/VERSION; else its name in its run."""
    files: int
    left_out: tuple[str, ...]
    """Links: never packed."""
    unsearched: tuple[str, ...] = ()
    """Files that are too long to be searched for secrets to their end."""
    before: str = ""
    """Digest of the package that had the first of these names until now."""


def import_(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a model that is not there, StateError for a run that has not ended well;
    UnavailableError and DeniedError of the server. Nothing is named then.
    """
    if request.tag:
        parse(request.tag)
    server, address = asked(request)
    is_named = bool(server)
    server = server or _own_server(call)
    # The registry that the environment may name belongs to the server that is asked by default.
    found = _located(server, address, registry=server if is_named else None)
    with tempfile.TemporaryDirectory(prefix="nbmlops-import-") as folder:
        project = Project(Path(folder))
        project.uri = server
        call.progress(Progress(task="import", note=f"{found.model.name} of run {found.run.name}"))
        elsewhere = Elsewhere(project=project, model=found.model, name=found.registered)
        made = assemble(call, found.run, elsewhere)
        source = Source(
            folder=made.folder,
            kitfile=_with_origin(made.kitfile, server, found.model.id, found.registered, found.version),
            created=found.run.ended,
            run=found.run,
        )
        packed = pack_found(
            call,
            source,
            PackRequest(tag=request.tag, compression=request.compression, allow_secrets=request.allow_secrets),
            is_own=False,
        )
        call.progress(Progress(task="import", state="done", note=packed.references[0]))
    return Result(
        package=packed.package,
        references=packed.references,
        server=shown(server),
        run=found.run.id,
        run_name=found.run.name,
        model=f"{found.registered}/{found.version}" if found.registered else found.model.name,
        files=packed.files,
        left_out=packed.left_out,
        unsearched=packed.unsearched,
        before=packed.before,
    )


def asked(request: Request) -> tuple[str, str]:
    """The server, empty for the default one, and what is wanted of it. Raises UsageError."""
    match = _ADDRESS.fullmatch(request.source)
    if match is None:
        return request.from_, request.source
    inside = _INSIDE.fullmatch(match["rest"])
    if inside is None:
        raise UsageError(
            f"{request.source} names no run and no model.",
            kind="address-malformed",
            hint="As in mlflow://HOST:PORT/runs/ID or mlflow+https://HOST/models/NAME/VERSION.",
        )
    # As `kit` has it: plain HTTP where nothing else is said.
    server = f"{match['scheme'] or 'http'}://{inside['server']}" if inside["server"] else ""
    if server and request.from_:
        raise UsageError(
            f"{request.source} names a server, and so does --from.", kind="options-contradict", hint="Choose one."
        )
    wanted = f"models:/{inside['model']}" if inside["model"] else f"runs:/{inside['run']}{inside['path'] or ''}"
    return server or request.from_, wanted


def _located(server: str, address: str, *, registry: str | None) -> Located:
    """Raises what `locate` raises, with hints that fit a server that is not the project's."""
    from nbmlops.track.model_address import locate

    try:
        return locate(server, address, registry=registry)
    except UnavailableError as error:
        error.hint = "Start it, or name another: --from URI"
        raise
    except NotFoundError as error:
        if error.kind == "run-not-found" and not error.facts.get("near"):
            error.hint = f"Look at the runs of {shown(server)}, or name another server: --from URI"
        raise


def _own_server(call: Call) -> str:
    """Of the project around the folder, else of the environment; no project is made for that."""
    if call.has_session:
        call.session.scribe.flush(30.0)
    try:
        return Project.find(call.folder).uri
    except NotFoundError:
        if uri := os.environ.get("MLFLOW_TRACKING_URI"):
            return uri
    raise UsageError(
        "No tracking server is named, and there is no project here.",
        kind="server-missing",
        hint="Name it: --from http://HOST:PORT, or MLFLOW_TRACKING_URI.",
    )


def _with_origin(kitfile: Kitfile, server: str, model: str, registered: str, version: str) -> Kitfile:
    """With the place that it comes from among its provenance, as `kit import mlflow://` has it."""
    assert kitfile.model is not None
    known: dict[str, Any] = dict(kitfile.model.parameters)
    facts = {
        # A path of this machine says nothing elsewhere.
        "mlflow_tracking_uri": shown(server) if urlsplit(server).scheme in ("http", "https") else "",
        "mlflow_model_id": model,
        "mlflow_registered_model": registered,
        "mlflow_model_version": version,
    }
    known["mlflow_provenance"] = {
        **known["mlflow_provenance"],
        **{name: value for name, value in facts.items() if value},
    }
    about = kitfile.package
    if version:
        about = msgspec.structs.replace(about, version=version)
    return msgspec.structs.replace(
        kitfile, package=about, model=msgspec.structs.replace(kitfile.model, parameters=known)
    )
