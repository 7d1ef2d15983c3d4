"""Bases out of registries: of an image for many platforms, only what is asked for comes.

source = FromRegistry(lambda reference: Registry(reference.registry))
open_base("ghcr.io/team/python:3.11", layout, platform, epoch=0, source=source)
"""

from __future__ import annotations

from collections.abc import Callable

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.model.image import Platform
from nbmlops.model.oci import MANIFEST, Descriptor
from nbmlops.package.image.base import INDEXES, MOST_DEPTH, declared, listed, pick
from nbmlops.package.layout import Layout, read_manifest
from nbmlops.package.reference import Reference
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.download import fetch
from nbmlops.package.registry.together import together
from nbmlops.package.registry.watch import Told, Watch


class FromRegistry:
    """`connect` gives the registry of a reference; it is closed afterwards."""

    def __init__(self, connect: Callable[[Reference], Registry], told: Told = lambda digest, done, size: None) -> None:
        self._connect = connect
        self._told = told

    def fetch(self, reference: Reference, layout: Layout, platform: Platform) -> Descriptor:
        """Named by digest and here already, nobody is asked for it. Raises what `Registry` raises."""
        if reference.digest and (known := _known(layout, reference.digest)) is not None:
            return known
        with self._connect(reference) as registry:
            repo = reference.repository
            descriptor, data = _manifest(registry, reference, platform)
            manifest = read_manifest(data)
            watch = Watch(self._told)
            blobs = {blob.digest: blob for blob in (manifest.config, *(manifest.layers or ()))}
            ordered = sorted(blobs.values(), key=lambda blob: -blob.size)
            together(lambda blob: fetch(registry, repo, blob, layout, watch), ordered, watch, most=registry.concurrency)
        layout.put(data)
        return descriptor


def _manifest(registry: Registry, reference: Reference, platform: Platform) -> tuple[Descriptor, bytes]:
    name = reference.digest or reference.tag
    for _ in range(MOST_DEPTH):
        descriptor, data = registry.manifest(reference.repository, name)
        if descriptor.media_type not in INDEXES:
            return descriptor, data
        there = [(declared(each), each) for each in listed(str(reference), data)]
        name = there[0][1].digest if len(there) == 1 else pick(str(reference), there, platform).digest
    raise IntegrityError(
        f"The image {reference} contradicts itself: an index of indexes without end.", kind="base-contradiction"
    )


def _known(layout: Layout, digest: str) -> Descriptor | None:
    """A manifest whose blobs are all here."""
    try:
        data = layout.read(digest)
        manifest = read_manifest(data)
    except (NotFoundError, IntegrityError):
        return None
    if not all(layout.has(blob) for blob in (manifest.config, *(manifest.layers or ()))):
        return None
    return Descriptor(media_type=manifest.media_type or MANIFEST, digest=digest, size=len(data))
