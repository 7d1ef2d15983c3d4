"""Packages of this machine, as verbs name them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from nbmlops.errors import NbmlopsError
from nbmlops.model.oci import CREATED, Descriptor, Manifest
from nbmlops.package.layout import Layout, default_root
from nbmlops.package.opened import Opened, open_package
from nbmlops.package.reference import Reference, parse
from nbmlops.package.trust import simplesigning
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


class KeptPackage(PackageView, frozen=True, kw_only=True):
    """One of those that are on this machine."""

    came: datetime | None
    """When it was packed or pulled here; None where its manifest is gone."""
    is_signed: bool
    """Whether a signature or a signed statement lies beside it. Whether that holds, `verify` says."""


def store() -> Layout:
    return Layout(default_root())


def opened(layout: Layout, text: str) -> tuple[Reference, Opened]:
    """Raises UsageError, NotFoundError and IntegrityError."""
    reference = parse(text)
    return reference, open_package(layout, layout.resolve(reference))


def listed(layout: Layout, repo: str) -> tuple[KeptPackage, ...]:
    """Packages of a repository, newest first. A signature is listed with its package, not beside it."""
    named = layout.tags(repo)
    tags: dict[str, list[str]] = {}
    for tag, descriptor in named.items():
        tags.setdefault(descriptor.digest, []).append(tag)
    packages = []
    signed = set()
    for descriptor in layout.packages(repo):
        manifest = _manifest(layout, descriptor)
        if manifest is None or not is_attachment(manifest):
            packages.append(descriptor)
        elif manifest.subject is not None:
            signed.add(manifest.subject.digest)
    found = []
    for each in reversed(packages):
        seen = _view(layout, repo, each, sorted(tags.get(each.digest, ())))
        is_signed = each.digest in signed or simplesigning.tag(each.digest) in named
        kept = {**msgspec.structs.asdict(seen), "came": layout.came(each), "is_signed": is_signed}
        found.append(KeptPackage(**kept))
    return tuple(found)


def _manifest(layout: Layout, descriptor: Descriptor) -> Manifest | None:
    try:
        return layout.manifest(descriptor)
    except NbmlopsError:
        return None


def _view(layout: Layout, repo: str, descriptor: Descriptor, tags: list[str]) -> PackageView:
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
