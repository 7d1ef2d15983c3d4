"""`push`: a package to a registry; only what the registry lacks is sent."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.package_store import opened, store
from nbmlops.ops.registries import CA, INSECURE, PLAIN_HTTP, Told, connect
from nbmlops.package.reference import parse
from nbmlops.package.registry.transfer import push as send


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("The package on this machine.")]
    to: Annotated[
        str, positional("What it is called there, with its registry. Default: as here.", metavar="REGISTRY/NAME[:TAG]")
    ] = ""
    plain_http: Annotated[bool, option(PLAIN_HTTP)] = False
    ca: Annotated[str, option(CA, metavar="FILE")] = ""
    insecure: Annotated[bool, option(INSECURE)] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    references: tuple[str, ...]
    digest: str
    sent: int
    """Blobs."""
    sent_bytes: int
    mounted: int
    """Blobs that the registry had in another repository."""
    known: int
    """Blobs that it had."""
    is_new: bool
    """False where the registry had all of it under these names already."""


def push(call: Call, request: Request) -> Result:
    """Raises NotFoundError, UsageError; DeniedError and UnavailableError of the registry.

    Tags come last: none is ever on anything partial.
    """
    layout = store()
    source, package = opened(layout, request.package)
    target = parse(request.to) if request.to else source
    if not target.tags and not target.digest and source.tags:
        target = target.with_tag(source.tag)
    told = Told(call, {layer.descriptor.digest: layer.entry.path for layer in package.layers})
    with connect(call, target, request) as registry:
        done = send(layout, target, registry, source=package.descriptor, told=told)
    told.end()
    names = done.tags or ("",)
    return Result(
        references=tuple(str(target.with_tag(name)) if name else str(target) for name in names),
        digest=done.digest,
        sent=len(done.sent),
        sent_bytes=done.size,
        mounted=len(done.mounted),
        known=len(done.known),
        is_new=done.is_new,
    )
