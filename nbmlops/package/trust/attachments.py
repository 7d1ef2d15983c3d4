"""Manifests that belong to a package and go where it goes: its signatures, and statements about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from nbmlops.errors import NbmlopsError
from nbmlops.model.oci import MANIFEST, Descriptor, Manifest
from nbmlops.package.layout import Layout, written
from nbmlops.package.trust import bundle as bundles
from nbmlops.package.trust import simplesigning


class Kind(StrEnum):
    LEGACY = "legacy"
    """All signatures of a package in one manifest with a tag of its own."""
    REFERRER = "referrer"
    """A manifest whose `subject` is the package."""


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest that goes where its package goes. Its blobs are in the layout."""

    kind: Kind
    descriptor: Descriptor
    data: bytes
    tag: str = ""
    """The tag that it needs: only of the legacy kind."""


def attach(layout: Layout, repo: str, attachment: Attachment) -> None:
    """Keep it in the layout beside its package. `kit` skips in its lists what is no ModelKit."""
    known = layout.tags(repo).get(attachment.tag)
    layout.add(repo, attachment.descriptor, tags=[attachment.tag] if attachment.tag else [])
    if known is not None and known.digest != attachment.descriptor.digest and _is_ours(layout, known):
        # The new one has all that the old one had, and nothing leads to that any more.
        layout.remove(repo, known)


def detach(layout: Layout, repo: str, digest: str) -> int:
    """Take all that belongs to a package out of the layout; bytes that became free. What has a tag of its own stays."""
    named = {each.digest for tag, each in layout.tags(repo).items() if tag != simplesigning.tag(digest)}
    found = attachments(layout, repo, digest)
    return sum(layout.remove(repo, each.descriptor) for each in found if each.descriptor.digest not in named)


def attachments(layout: Layout, repo: str, digest: str) -> tuple[Attachment, ...]:
    """All that the layout has for a package, whether it holds or not: what a push takes along.

    Raises NotFoundError and IntegrityError where the signatures under the tag cannot be read.
    """
    first = legacy(layout, repo, digest)
    return (*((first,) if first is not None else ()), *referrers(layout, repo, digest))


def is_attachment(manifest: Manifest) -> bool:
    """Whether a manifest of the layout is a signature or a statement and no package."""
    layers = manifest.layers or ()
    legacy = bool(layers) and all(each.media_type == simplesigning.MEDIA_TYPE for each in layers)
    return legacy or manifest.artifact_type == bundles.MEDIA_TYPE


def legacy(layout: Layout, repo: str, digest: str) -> Attachment | None:
    """What is under the tag for signatures; None also where that is something else. Raises as `attachments` does."""
    tag = simplesigning.tag(digest)
    known = layout.tags(repo).get(tag)
    if known is None or not is_attachment(layout.manifest(known)):
        return None
    return _read(layout, known, Kind.LEGACY, tag)


def stored(layout: Layout, manifest: Manifest, kind: Kind, tag: str = "") -> Attachment:
    """The bytes of a manifest whose blobs are in the layout. It is not attached yet."""
    data = written(manifest)
    layout.put(data)
    descriptor = Descriptor(
        media_type=MANIFEST,
        digest=f"sha256:{hashlib.sha256(data).hexdigest()}",
        size=len(data),
        artifact_type=manifest.artifact_type,
    )
    return Attachment(kind=kind, descriptor=descriptor, data=data, tag=tag)


def referrers(layout: Layout, repo: str, digest: str) -> Iterator[Attachment]:
    """Those whose subject is the package with this digest."""
    for each in layout.packages(repo):
        try:
            subject = layout.manifest(each).subject
        except NbmlopsError:
            continue  # Whose it is cannot be told.
        if subject is not None and subject.digest == digest:
            yield _read(layout, each, Kind.REFERRER)


def _is_ours(layout: Layout, descriptor: Descriptor) -> bool:
    """A tag may lead anywhere: also to somebody's package."""
    try:
        return is_attachment(layout.manifest(descriptor))
    except NbmlopsError:
        return False


def _read(layout: Layout, descriptor: Descriptor, kind: Kind, tag: str = "") -> Attachment:
    return Attachment(kind=kind, descriptor=descriptor, data=layout.read(descriptor.digest), tag=tag)
