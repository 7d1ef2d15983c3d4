"""`image`: a package becomes an OCI image of its service, without a daemon.

image wine:v1 -t ghcr.io/team/wine-service:v1     built, and sent there
image wine:v1 -t wine-service:v1                  built, and given to podman or docker
image wine:v1 -o wine.tar                         built, as a file that both of them load
"""

from __future__ import annotations

import platform
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from nbmlops.errors import MissingDependencyError, UsageError
from nbmlops.model.image import ImageConfig, Platform, parse_platform, platform_of
from nbmlops.model.oci import CREATED, Descriptor
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.package_store import opened, store
from nbmlops.ops.registries import CA, INSECURE, PLAIN_HTTP, Told, connect
from nbmlops.ops.service_files import copy_service, known_versions, needs_of_model, service_needs
from nbmlops.ops.trusted_model import require_trust
from nbmlops.package.image.archive import save_archive
from nbmlops.package.image.base import Base, open_base
from nbmlops.package.image.build import build
from nbmlops.package.image.from_registry import FromRegistry
from nbmlops.package.image.load import Engine, engine_here, load
from nbmlops.package.image.modelcar import BUSYBOX, modelcar
from nbmlops.package.image.resolve import resolved
from nbmlops.package.image.sbom import put_sbom
from nbmlops.package.image.target import Target
from nbmlops.package.image.wheel_list import read_pinned
from nbmlops.package.image.wheels import Wheels, wheels_layer
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened
from nbmlops.package.reference import Reference, parse
from nbmlops.package.registry.transfer import push

PORT = 8080
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("The package: NAME[:TAG] or NAME@DIGEST.")]
    tag: Annotated[
        str,
        option(
            "What the image is called. With a registry in it, it is sent there; else podman or docker gets it.",
            short="t",
            metavar="[REGISTRY/]NAME[:TAG]",
        ),
    ] = ""
    output: Annotated[str, option("Write it to a file, which podman and docker load.", short="o", metavar="FILE")] = ""
    base: Annotated[
        str,
        option(
            "What it stands on, with a Python: an image in a registry, oci:LAYOUT[:TAG] or rootfs:PATH. "
            "Default: python:X.Y-slim of Docker Hub.",
            metavar="BASE",
        ),
    ] = ""
    platform: Annotated[str, option("Default: Linux on this machine's processor.", metavar="linux/amd64|...")] = ""
    requirements: Annotated[
        str, option("A locked list of packages, in place of what the model asks for.", metavar="FILE")
    ] = ""
    wheels: Annotated[str, option("Folder of wheels, in place of an index.", metavar="FOLDER")] = ""
    trust: Annotated[bool, option("Let a model run its code that nobody trusted has signed.")] = False
    modelcar: Annotated[bool, option("The model alone, as KServe mounts it with oci://.")] = False
    engine: Annotated[Engine | None, option("Who gets it. Default: the one that is here.", metavar="podman|docker")] = (
        None
    )
    plain_http: Annotated[bool, option(PLAIN_HTTP)] = False
    ca: Annotated[str, option(CA, metavar="FILE")] = ""
    insecure: Annotated[bool, option(INSECURE)] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    package: str
    """Its digest."""
    digest: str
    """Of the image's manifest: the same for the same package, base and packages."""
    platform: str
    bytes: int
    """Of its layers, as they are sent."""
    layers: int
    python: str = ""
    wheels: int = 0
    base: str = ""
    name: str = ""
    """As it is called where it went."""
    sent: int = 0
    """Blobs that the registry lacked."""
    engine: str = ""
    """That has it now."""
    file: str = ""
    clashes: tuple[str, ...] = ()
    """Files that two packages bring, and differently."""


def image(call: Call, request: Request) -> Result:
    """Raises UsageError and NotFoundError for what is asked, MissingDependencyError without an engine that could take
    it, ExternalError and UnavailableError of pip, a registry or an engine, IntegrityError for a damaged package.
    """
    target = parse(request.tag) if request.tag else None
    engine = _engine(request, target)
    layout = store()
    reference, package = opened(layout, request.package)
    if not request.modelcar:
        require_trust(layout, reference, package, is_trusted=request.trust)
    wanted = parse_platform(request.platform) if request.platform else _here()
    epoch = _epoch(package)
    source = FromRegistry(lambda each: connect(call, each, request), told := Told(call))
    if request.modelcar:
        named = _base(call, request.base)
        base = open_base(named, layout, wanted, epoch=epoch, source=source) if named else None
        made = modelcar(layout, package, platform=wanted, epoch=epoch, busybox=BUSYBOX, base=base)
        python, wheels = "", None
    else:
        needs = needs_of_model(layout, package)
        python = needs.python or ".".join(platform.python_version_tuple()[:2])
        named = _base(call, request.base) or _default_base(python)
        call.progress(Progress(task="base", note=named))
        base = open_base(named, layout, wanted, epoch=epoch, source=source)
        told.end()
        _check_python(base, python)
        call.progress(Progress(task="base", state="done"))
        with tempfile.TemporaryDirectory(prefix="nbmlops-") as name:
            copy_service(Path(name))
            wheels = _wheels(
                call, request, layout, package, service_needs(needs), Target(platform=wanted, python=python)
            )
            made = build(
                layout,
                package,
                base,
                app=Path(name),
                epoch=epoch,
                command=("python3", "-m", "nbmlops.serve"),
                wheels=wheels,
                platform=wanted,
                env=_variables(reference, package),
                ports=(PORT,),
            )
    manifest = layout.manifest(made)
    result = Result(
        package=package.descriptor.digest,
        digest=made.digest,
        platform=str(wanted),
        bytes=sum(layer.size for layer in manifest.layers or ()),
        layers=len(manifest.layers or ()),
        python=python,
        wheels=len(wheels.wheels) if wheels is not None else 0,
        base=base.name if base is not None else "",
        clashes=wheels.clashes if wheels is not None else (),
    )
    return _delivered(call, request, layout, made, target, engine, base, wheels, epoch, result)


def _delivered(
    call: Call,
    request: Request,
    layout: Layout,
    made: Descriptor,
    target: Reference | None,
    engine: Engine | None,
    base: Base | None,
    wheels: Wheels | None,
    epoch: int,
    result: Result,
) -> Result:
    name = str(target) if target is not None else f"{parse(request.package).repository}-service:latest"
    if request.output:
        file = call.path(request.output)
        save_archive(layout, made, file, name)
        return msgspec.structs.replace(result, file=str(file), name=name)
    assert target is not None
    if engine is not None:
        call.progress(Progress(task=engine, note=f"loading {name}"))
        load(layout, made, name, engine)
        call.progress(Progress(task=engine, state="done"))
        return msgspec.structs.replace(result, engine=engine, name=name)
    told = Told(call)
    with connect(call, target, request) as registry:
        done = push(layout, target, registry, source=made, told=told)
        if base is not None:
            bill = put_sbom(layout, made, base, wheels, epoch=epoch)
            push(layout, msgspec.structs.replace(target, tags=(), digest=bill.digest), registry, source=bill)
    told.end()
    return msgspec.structs.replace(result, sent=len(done.sent), name=name)


def _engine(request: Request, target: Reference | None) -> Engine | None:
    """Who is to take it; None where it goes to a registry or a file."""
    if target is None and not request.output:
        raise UsageError(
            "The image has to go somewhere.",
            kind="image-unnamed",
            hint="Name it with -t, or write it to a file with -o.",
        )
    if request.output or (target is not None and not target.is_local and request.engine is None):
        return None
    engine = request.engine or engine_here()
    if engine is None:
        raise MissingDependencyError(
            "Neither podman nor docker is here to take the image.",
            kind="engine-missing",
            hint="Write it to a file: -o image.tar. Or name a registry: -t ghcr.io/team/NAME.",
        )
    return engine


def _wheels(
    call: Call, request: Request, layout: Layout, package: Opened, needs: tuple[str, ...], target: Target
) -> Wheels:
    call.progress(Progress(task="packages", note="which are needed"))
    if request.requirements:
        pinned = read_pinned(call.path(request.requirements), target)
    else:
        pinned = resolved(layout, needs, known_versions(layout, package), target)
    call.progress(Progress(task="packages", note=f"{len(pinned)} wheels"))
    folder = call.path(request.wheels) if request.wheels else None
    wheels = wheels_layer(layout, pinned, target, epoch=_epoch(package), folder=folder)
    call.progress(Progress(task="packages", state="done", note=f"{len(wheels.wheels)} wheels"))
    return wheels


def _variables(reference: Reference, package: Opened) -> dict[str, str]:
    name = reference.repository.rpartition("/")[2]
    return {
        "NBMLOPS_HOST": "0.0.0.0",
        "NBMLOPS_PORT": str(PORT),
        "NBMLOPS_NAME": package.kitfile.package.name or name,
    }


def _epoch(package: Opened) -> int:
    """The package's own time: the same package makes the same image."""
    told = package.manifest.annotations.get(CREATED, "")
    try:
        return int(datetime.fromisoformat(told).timestamp()) if told else 0
    except ValueError:
        return 0


def _base(call: Call, text: str) -> str:
    """Paths are the caller's."""
    kind, colon, rest = text.partition(":")
    return f"{kind}:{call.path(rest)}" if colon and rest and kind in ("oci", "rootfs") else text


def _default_base(python: str) -> str:
    return f"docker.io/library/python:{python}-slim"


def _check_python(base: Base, python: str) -> None:
    """Images of Python tell their version; of others it is not known."""
    config: ImageConfig = base.config
    variables = dict(each.partition("=")[::2] for each in (config.config.env if config.config else None) or ())
    told = variables.get("PYTHON_VERSION", "")
    if told and ".".join(told.split(".")[:2]) != python:
        raise UsageError(
            f"The model was made with Python {python}, the base has {told}.",
            kind="python-other",
            hint=f"Take another base: {_default_base(python)}",
        )


def _here() -> Platform:
    machine = platform.machine().lower()
    return platform_of("linux", _MACHINES.get(machine, machine))
