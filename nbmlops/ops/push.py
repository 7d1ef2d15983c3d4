"""`push`: a package to a registry; only what the registry lacks is sent."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.errors import NotFoundError
from nbmlops.ops.attachments import push_attachments
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.package_store import opened, store
from nbmlops.ops.referenced import DataReference, beside, check_digest, data_references, in_layout, unreachable
from nbmlops.ops.registries import CA, INSECURE, PLAIN_HTTP, Told, connect
from nbmlops.package.layout import Layout
from nbmlops.package.reference import Reference, parse
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
    attached: int
    """Signatures and statements that went along."""
    data: tuple[str, ...] = ()
    """Packages with its data, which went before it."""


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
    data = [_push_data(call, request, layout, each, source, target) for each in data_references(package)]
    with connect(call, target, request) as registry:
        done = send(layout, target, registry, source=package.descriptor, told=told)
        attached = push_attachments(layout, source.repo, target, registry, package.descriptor.digest)
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
        attached=attached,
        data=tuple(data),
    )


def _push_data(
    call: Call, request: Request, layout: Layout, wanted: DataReference, source: Reference, target: Reference
) -> str:
    """Where its data are there. Raises NotFoundError where neither side has them."""
    there = beside(wanted.reference, target)
    with connect(call, there, request) as registry:
        try:
            here, descriptor = in_layout(layout, wanted, source)
        except NotFoundError:
            try:
                check_digest(wanted, registry.head_manifest(there.repository, there.digest or there.tag))
            except NotFoundError:
                raise unreachable(wanted, source, NotFoundError("neither side has them", kind="data-missing")) from None
            return str(there)
        told = Told(call)
        send(layout, there, registry, source=descriptor, told=told)
        push_attachments(layout, here.repo, there, registry, descriptor.digest)
        told.end()
    return str(there)
