"""`inspect`: what a package says of itself: its Kitfile, layers, manifest, origin; and what lies beside it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import msgspec

from nbmlops.model.kitfile import Kitfile
from nbmlops.model.oci import Manifest
from nbmlops.ops.attachments import pull_attachments
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.package_claims import Claim, Origin, claims, origin
from nbmlops.ops.package_files import provenance_layer
from nbmlops.ops.package_store import PackageView, opened, store, view
from nbmlops.ops.registries import CA, INSECURE, PLAIN_HTTP, connect
from nbmlops.package.kitfile import dump
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened, open_package
from nbmlops.package.reference import Reference, parse
from nbmlops.package.registry.transfer import pull

_MOST_BYTES = 16 << 20
"""That are fetched to see where a package comes from."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("The package: NAME[:TAG] or NAME@DIGEST.")]
    remote: Annotated[bool, option("As its registry has it, without pulling it.", short="r")] = False
    plain_http: Annotated[bool, option(PLAIN_HTTP)] = False
    ca: Annotated[str, option(CA, metavar="FILE")] = ""
    insecure: Annotated[bool, option(INSECURE)] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    package: PackageView
    kitfile: Kitfile
    text: str
    """The Kitfile as YAML."""
    manifest: Manifest
    origin: Origin | None
    """None where the package does not say where it comes from."""
    claims: tuple[Claim, ...]
    """Signatures and statements that lie beside it."""


def inspect(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a package that is not there, IntegrityError for one that contradicts itself; with
    `remote` also DeniedError and UnavailableError of the registry.
    """
    if request.remote:
        with tempfile.TemporaryDirectory(prefix="nbmlops-") as folder:
            layout = Layout(Path(folder))
            reference = parse(request.package)
            package = _fetched(call, request, reference, layout)
            return _result(layout, reference, package, reference.tags or ((reference.tag,) if reference.tag else ()))
    layout = store()
    reference, package = opened(layout, request.package)
    digest = package.descriptor.digest
    tags = tuple(sorted(tag for tag, each in layout.tags(reference.repo).items() if each.digest == digest))
    return _result(layout, reference, package, tags)


def _fetched(call: Call, request: Request, reference: Reference, layout: Layout) -> Opened:
    """Of its layers only the one that says where it comes from."""
    with connect(call, reference, request) as registry:
        head = pull(registry, reference, layout, wanted=lambda layer: False)
        package = open_package(layout, head.descriptor)
        layer = provenance_layer(package)
        if layer is not None and layer.descriptor.size <= _MOST_BYTES:
            pull(registry, reference, layout, wanted=lambda each: each.digest == layer.descriptor.digest)
        pull_attachments(registry, reference, layout, head.descriptor.digest)
    return package


def _result(layout: Layout, reference: Reference, package: Opened, tags: tuple[str, ...]) -> Result:
    return Result(
        package=view(package, reference, tags),
        kitfile=package.kitfile,
        text=dump(package.kitfile),
        manifest=package.manifest,
        origin=origin(layout, package),
        claims=claims(layout, reference.repo, package.descriptor.digest),
    )
