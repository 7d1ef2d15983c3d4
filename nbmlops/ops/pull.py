"""`pull`: a package from a registry to this machine."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.package_store import PackageView, store, view
from nbmlops.ops.registries import CA, INSECURE, PLAIN_HTTP, Told, connect
from nbmlops.package.opened import open_package
from nbmlops.package.reference import parse
from nbmlops.package.registry.transfer import pull as fetch


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("The package: REGISTRY/NAME[:TAG] or REGISTRY/NAME@DIGEST.")]
    plain_http: Annotated[bool, option(PLAIN_HTTP)] = False
    ca: Annotated[str, option(CA, metavar="FILE")] = ""
    insecure: Annotated[bool, option(INSECURE)] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    package: PackageView
    fetched: int
    """Blobs."""
    fetched_bytes: int
    known: int
    """Blobs that were here."""


def pull(call: Call, request: Request) -> Result:
    """Raises NotFoundError, IntegrityError; DeniedError and UnavailableError of the registry. What has arrived of a
    package that breaks off is kept: the next try goes on there.
    """
    layout = store()
    reference = parse(request.package)
    told = Told(call)
    with connect(call, reference, request) as registry:
        done = fetch(registry, reference, layout, told=told)
    told.end()
    return Result(
        package=view(open_package(layout, done.descriptor), reference),
        fetched=len(done.fetched),
        fetched_bytes=done.size,
        known=len(done.known),
    )
