"""An image as one file: an OCI archive that is also what `docker load` and `podman load` read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from nbmlops.errors import UsageError
from nbmlops.lib.files import atomic_writer
from nbmlops.model.image import IMAGE_CONFIG
from nbmlops.model.oci import INDEX, Descriptor, Index
from nbmlops.package.gojson import encode
from nbmlops.package.image.base import REF_NAME
from nbmlops.package.layout import Layout, written
from nbmlops.package.reference import parse
from nbmlops.package.tar import END, Stamp, header, padding

_CONTAINERD_NAME = "io.containerd.image.name"
_PIECE = 1 << 20
_NOBODY = Stamp(0, 0, 0)


class Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


def save_archive(layout: Layout, image: Descriptor, path: Path, name: str) -> None:
    """`name`: as in `wine:v1`. The file is there when it is whole. Raises UsageError for what is no image."""
    with atomic_writer(path) as file:
        write_archive(layout, image, file, name)


def write_archive(layout: Layout, image: Descriptor, out: Sink, name: str) -> None:
    """Into a file, or the input of a program."""
    for piece in _pieces(layout, image, name):
        out.write(piece)


def _pieces(layout: Layout, image: Descriptor, name: str) -> Iterator[bytes]:
    manifest = layout.manifest(image)
    if manifest.config.media_type != IMAGE_CONFIG:
        raise UsageError(
            f"{name} is no image: its config is {manifest.config.media_type or 'of no type'}.",
            kind="image-other",
            hint="Make an image of the package first.",
        )
    reference = parse(name)
    full = f"{reference.repo}:{reference.tag}"
    entry = msgspec.structs.replace(image, annotations={_CONTAINERD_NAME: full, REF_NAME: full})
    layers = manifest.layers or ()
    blobs = {each.digest: each for each in (image, manifest.config, *layers)}
    docker = [
        {"Config": _place(manifest.config), "RepoTags": [full], "Layers": [_place(each) for each in layers]},
    ]
    yield from _folder("blobs")
    yield from _folder("blobs/sha256")
    for blob in sorted(blobs.values(), key=lambda each: each.digest):
        yield header(_place(blob), mode=0o644, size=blob.size, is_folder=False, stamp=_NOBODY)
        with layout.open(blob.digest) as file:
            while piece := file.read(_PIECE):
                yield piece
        yield padding(blob.size)
    index = Index(schema_version=2, media_type=INDEX, manifests=(entry,))
    yield from _file("index.json", written(index))
    yield from _file("manifest.json", encode(docker))
    yield from _file("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    yield END


def _place(blob: Descriptor) -> str:
    return f"blobs/sha256/{blob.digest.removeprefix('sha256:')}"


def _folder(path: str) -> Iterator[bytes]:
    yield header(path, mode=0o755, size=0, is_folder=True, stamp=_NOBODY)


def _file(path: str, data: bytes) -> Iterator[bytes]:
    yield header(path, mode=0o644, size=len(data), is_folder=False, stamp=_NOBODY)
    yield data
    yield padding(len(data))
