"""`schedule`: files that let a host call reconcilers again and again.

schedule --as systemd                        shown
schedule --as github -o .                    written
schedule wine-train --as kubernetes --image ghcr.io/team/wine@sha256:... -o deploy
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from nbmlops.errors import ConflictError, NotFoundError, UsageError
from nbmlops.lib.durations import seconds_of
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.reconciler import Reconciler
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.hosted_project import Asked, hosted_in

FOLDER = "reconcilers"
HOSTS = {
    "systemd": "systemd",
    "cron": "cron",
    "github": "github_actions",
    "gitlab": "gitlab_ci",
    "kubernetes": "kubernetes",
    "argocd": "argocd",
    "flux": "flux",
    "tekton": "tekton",
    "modelsync": "modelsync",
}


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    names: Annotated[tuple[str, ...], positional("Reconcilers. Default: all of the project.", metavar="NAME")] = ()
    as_: Annotated[
        Literal["systemd", "cron", "github", "gitlab", "kubernetes", "argocd", "flux", "tekton", "modelsync"],
        option(
            "Whose files: systemd, cron, github, gitlab, kubernetes, argocd, flux, tekton, modelsync.", metavar="HOST"
        ),
    ]
    output: Annotated[
        str, option("Write them into this folder. Default: they are shown.", short="o", metavar="FOLDER")
    ] = ""
    name: Annotated[str, option("What units and objects are called after. Default: the project's folder.")] = ""
    every: Annotated[
        str, option("How often. Default: the shortest interval of the reconcilers.", metavar="DURATION")
    ] = ""
    at: Annotated[str, option("When, as cron says it: '30 3 * * *'.", metavar="CRON")] = ""
    image: Annotated[str, option("For clusters: with nbmlops, git and what pipelines import.", metavar="IMAGE")] = ""
    namespace: Annotated[str, option("For clusters.", metavar="NAME")] = "default"
    repository: Annotated[str, option("Address of the repository. Default: that of origin.", metavar="ADDRESS")] = ""
    branch: Annotated[str, option("Default: the one that is checked out.", metavar="NAME")] = ""
    config: Annotated[
        str, option("The file in git that names the wanted version. Default: as the reconcilers say.", metavar="FILE")
    ] = ""
    manifests: Annotated[
        str, option("Folder that Argo CD or Flux applies. Default: the config's.", metavar="FOLDER")
    ] = ""
    notebook: Annotated[tuple[str, ...], option("That CI executes.", metavar="FILE")] = ()
    sample: Annotated[
        tuple[str, ...], option("Parameter that makes pipelines small for CI.", metavar="NAME=VALUE")
    ] = ()
    python: Annotated[str, option("Python of CI.", metavar="VERSION")] = "3.12"
    variable: Annotated[
        tuple[str, ...], option("Variable of the environment; nothing secret.", metavar="NAME=VALUE")
    ] = ()
    secret: Annotated[tuple[str, ...], option("Variable whose value the host keeps.", metavar="NAME")] = ()
    storage: Annotated[str, option("Size of a cluster's volume.", metavar="SIZE")] = "10Gi"
    storage_class: Annotated[str, option("Of a cluster's volume. Default: the cluster's own.", metavar="NAME")] = ""
    force: Annotated[bool, option("Replace files that are there.", short="f")] = False


class HostFile(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """In the folder, with slashes."""
    text: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    reconcilers: tuple[str, ...]
    files: tuple[HostFile, ...]
    folder: str = ""
    """Empty: nothing was written."""


def schedule(call: Call, request: Request) -> Result:
    """Raises UsageError for what a host cannot carry or needs to know, NotFoundError for a reconciler that there is
    not, and ConflictError for a file that is in the way; then nothing is written.
    """
    specs = _chosen(call, request.names)
    hosted = hosted_in(call.project.root, specs, _asked(request, call.project.settings.pipeline.engine))
    module = importlib.import_module(f"nbmlops.hosts.{HOSTS[request.as_]}")
    if request.as_ == "modelsync":
        if len(specs) != 1:
            raise UsageError(
                f"A ModelSync is of one reconciler, and here are {len(specs)}.",
                kind="host-incomplete",
                hint=f"Name it: {', '.join(spec.name for spec in specs)}",
            )
        files: dict[str, str] = module.files(hosted, specs[0])
    else:
        files = module.files(hosted)
    folder = call.path(request.output) if request.output else None
    if folder is not None:
        _write(folder, files, is_forced=request.force)
    return Result(
        host=request.as_,
        reconcilers=tuple(spec.name for spec in specs),
        files=tuple(HostFile(name=name, text=text) for name, text in files.items()),
        folder=str(folder) if folder is not None else "",
    )


def _chosen(call: Call, names: tuple[str, ...]) -> tuple[Reconciler, ...]:
    from nbmlops.reconcile.folder import load_all

    found = {spec.name: spec for spec in load_all(call.project.root / FOLDER)}
    if not found:
        raise NotFoundError(
            f"The project has no reconcilers: there is no document in {FOLDER}/.",
            kind="reconciler-missing",
            hint=f"Write one: {FOLDER}/NAME.yaml",
        )
    for name in names:
        if name not in found:
            raise NotFoundError(
                f"There is no reconciler {name!r}.", kind="reconciler-missing", hint=f"There is: {', '.join(found)}"
            )
    return tuple(found[name] for name in dict.fromkeys(names)) if names else tuple(found.values())


def _asked(request: Request, engine: str) -> Asked:
    try:
        every = seconds_of(request.every) if request.every else 0.0
    except ValueError:
        raise UsageError(
            f"{request.every!r} is no duration.", kind="duration-malformed", hint="Such as 10m or 24h"
        ) from None
    return Asked(
        name=request.name,
        every=every,
        schedule=request.at,
        is_here=request.as_ in ("systemd", "cron"),
        repository=request.repository,
        branch=request.branch,
        config=request.config,
        manifests=request.manifests,
        image=request.image,
        namespace=request.namespace,
        notebooks=request.notebook,
        sample=_pairs("sample", request.sample),
        variables=_pairs("variable", request.variable),
        secrets=request.secret,
        python=request.python,
        storage=request.storage,
        storage_class=request.storage_class,
        engine=engine,
    )


def _pairs(field: str, texts: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(
                f"{text!r} is no NAME=VALUE.", kind="host-unfit", hint=f"--{field} NAME=VALUE", field=field
            )
        found[name] = value
    return found


def _write(folder: Path, files: dict[str, str], *, is_forced: bool) -> None:
    contents = {folder / name: text.encode() for name, text in files.items()}
    with refusing_disk_errors(folder):
        for path, content in contents.items():
            if not is_forced and path.exists() and path.read_bytes() != content:
                raise ConflictError(
                    f"{path} is there already.", kind="file-exists", hint="Name another folder with -o, or use --force."
                )
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, content)
