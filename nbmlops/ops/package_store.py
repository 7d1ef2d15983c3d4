"""Packages of this machine, as verbs name them."""

from __future__ import annotations

import msgspec

from nbmlops.errors import NbmlopsError
from nbmlops.model.oci import CREATED, Descriptor
from nbmlops.package.layout import Layout, default_root
from nbmlops.package.opened import Opened, open_package
from nbmlops.package.reference import Reference, parse
from nbmlops.package.trust.attachments import is_attachment


class LayerView(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    path: str
    name: str
    digest: str
    media_type: str
    bytes: int


class PackageView(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    """As people write it; with its digest where it has no tag."""
    tags: tuple[str, ...]
    digest: str
    bytes: int
    """Of its layers."""
    created: str = ""
    """RFC 3339, where the package says so."""
    name: str = ""
    version: str = ""
    layers: tuple[LayerView, ...] = ()
    problem: str = ""
    """Why it cannot be read."""


def store() -> Layout:
    return Layout(default_root())


def opened(layout: Layout, text: str) -> tuple[Reference, Opened]:
    """Raises UsageError, NotFoundError and IntegrityError."""
    reference = parse(text)
    return reference, open_package(layout, layout.resolve(reference))


def listed(layout: Layout, repo: str) -> tuple[PackageView, ...]:
    """Packages of a repository, newest first."""
    tags: dict[str, list[str]] = {}
    for tag, descriptor in layout.tags(repo).items():
        tags.setdefault(descriptor.digest, []).append(tag)
    packages = [each for each in layout.packages(repo) if not _is_attachment(layout, each)]
    return tuple(_listed(layout, repo, each, sorted(tags.get(each.digest, ()))) for each in reversed(packages))


def _is_attachment(layout: Layout, descriptor: Descriptor) -> bool:
    """A signature is listed with its package, not beside it."""
    try:
        return is_attachment(layout.manifest(descriptor))
    except NbmlopsError:
        return False


def _listed(layout: Layout, repo: str, descriptor: Descriptor, tags: list[str]) -> PackageView:
    reference = parse(repo)
    named = reference.with_tag(tags[0]) if tags else msgspec.structs.replace(reference, digest=descriptor.digest)
    try:
        return view(open_package(layout, descriptor), named, tuple(tags))
    except NbmlopsError as error:
        return PackageView(
            reference=str(named), tags=tuple(tags), digest=descriptor.digest, bytes=0, problem=error.message
        )


def view(package: Opened, reference: Reference, tags: tuple[str, ...] = ()) -> PackageView:
    about = package.kitfile.package
    return PackageView(
        reference=str(reference),
        tags=tags or reference.tags,
        digest=package.descriptor.digest,
        bytes=sum(layer.descriptor.size for layer in package.layers),
        created=package.manifest.annotations.get(CREATED, ""),
        name=about.name,
        version=about.version,
        layers=tuple(
            LayerView(
                kind=layer.kind,
                path=layer.entry.path,
                name=getattr(layer.entry, "name", ""),
                digest=layer.descriptor.digest,
                media_type=layer.descriptor.media_type,
                bytes=layer.descriptor.size,
            )
            for layer in package.layers
        ),
    )
