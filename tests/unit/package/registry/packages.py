"""Small packages, written by hand."""

from __future__ import annotations

from collections.abc import Sequence

from nbmlops.model.oci import MANIFEST, Descriptor, Manifest
from nbmlops.package.layout import Layout, written
from nbmlops.package.reference import parse

CONFIG = "application/vnd.kitops.modelkit.config.v1+json"
MODEL = "application/vnd.kitops.modelkit.model.v1.tar"
DATA = "application/vnd.kitops.modelkit.dataset.v1.tar"


def described(layout: Layout, data: bytes, media_type: str) -> Descriptor:
    return Descriptor(media_type=media_type, digest=layout.put(data), size=len(data))


def put(layout: Layout, manifest: Manifest) -> Descriptor:
    data = written(manifest)
    return Descriptor(media_type=MANIFEST, digest=layout.put(data), size=len(data))


def package(layout: Layout, name: str, layers: Sequence[bytes], *, config: bytes = b'{"package":{}}') -> Descriptor:
    """In the layout under `name`; its first layer is a model, the others are data."""
    reference = parse(name)
    manifest = Manifest(
        schema_version=2,
        media_type=MANIFEST,
        config=described(layout, config, CONFIG),
        layers=tuple(described(layout, data, DATA if place else MODEL) for place, data in enumerate(layers)),
    )
    descriptor = put(layout, manifest)
    layout.add(reference.repo, descriptor, reference.tags or ("latest",))
    return descriptor


def signature(layout: Layout, subject: Descriptor, text: bytes, kind: str = "application/vnd.test.signature") -> bytes:
    """A manifest that hangs on another; its blobs are in the layout."""
    return written(
        Manifest(
            schema_version=2,
            media_type=MANIFEST,
            artifact_type=kind,
            config=described(layout, b"{}", "application/vnd.oci.empty.v1+json"),
            layers=(described(layout, text, "text/plain"),),
            subject=Descriptor(media_type=subject.media_type, digest=subject.digest, size=subject.size),
            annotations={"who": text.decode()},
        )
    )
