"""`inspect`: what a package says of itself: its Kitfile, layers, manifest."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.model.kitfile import Kitfile
from nbmlops.model.oci import Manifest
from nbmlops.ops.call import Call
from nbmlops.ops.fields import positional
from nbmlops.ops.package_store import PackageView, opened, store, view
from nbmlops.package.kitfile import dump


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("The package: NAME[:TAG] or NAME@DIGEST.")]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    package: PackageView
    kitfile: Kitfile
    text: str
    """The Kitfile as YAML."""
    manifest: Manifest


def inspect(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a package that is not here and IntegrityError for one that contradicts itself."""
    layout = store()
    reference, package = opened(layout, request.package)
    digest = package.descriptor.digest
    tags = tuple(sorted(tag for tag, each in layout.tags(reference.repo).items() if each.digest == digest))
    return Result(
        package=view(package, reference, tags),
        kitfile=package.kitfile,
        text=dump(package.kitfile),
        manifest=package.manifest,
    )
