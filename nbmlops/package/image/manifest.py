"""Config and manifest of an image: what lies on a base, and what is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from nbmlops.model.image import IMAGE_CONFIG, ContainerConfig, History, ImageConfig, RootFs
from nbmlops.model.oci import CREATED, MANIFEST, Descriptor, Manifest
from nbmlops.package.gojson import encode, sorted_maps
from nbmlops.package.image.base import Base
from nbmlops.package.image.layers import descriptor_of
from nbmlops.package.layer import Layer
from nbmlops.package.layout import Layout, written
from nbmlops.package.mediatypes import Compression
from nbmlops.package.opened import Opened

LABEL = "org.opencontainers.image."
PACKAGE_LABEL = "dev.nbmlops.package.digest"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A layer of ours."""

    layer: Layer
    compression: Compression
    told: str
    """For the image's history."""


def put_image(layout: Layout, base: Base, parts: Sequence[Part], config: ContainerConfig, created: str) -> Descriptor:
    """Config and manifest of what lies on a base."""
    whole = ImageConfig(
        created=created,
        architecture=base.platform.architecture,
        variant=base.platform.variant,
        os=base.platform.os,
        config=config,
        rootfs=RootFs(diff_ids=(*base.config.rootfs.diff_ids, *(part.layer.diff_id for part in parts))),
        history=(
            *_base_history(base, created),
            *(History(created=created, created_by=f"nbmlops image: {part.told}") for part in parts),
        ),
    )
    document = msgspec.to_builtins(whole)
    for key in ("ExposedPorts", "Labels"):
        if key in document["config"]:
            document["config"][key] = sorted_maps(document["config"][key])
    data = encode(document)
    labels = config.labels or {}
    manifest = Manifest(
        schema_version=2,
        media_type=MANIFEST,
        config=Descriptor(media_type=IMAGE_CONFIG, digest=layout.put(data), size=len(data)),
        layers=(*base.layers, *(descriptor_of(part.layer, part.compression) for part in parts)),
        annotations={key: value for key, value in labels.items() if key.startswith((LABEL, PACKAGE_LABEL))},
    )
    data = written(manifest)
    return Descriptor(media_type=MANIFEST, digest=layout.put(data), size=len(data))


def time_of(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def package_labels(opened: Opened, base: Base, created: str) -> dict[str, str]:
    package = opened.kitfile.package
    found = {
        CREATED: created,
        f"{LABEL}title": package.name,
        f"{LABEL}version": package.version,
        f"{LABEL}description": package.description,
        f"{LABEL}licenses": package.license,
        f"{LABEL}authors": ", ".join(package.authors),
        f"{LABEL}base.name": base.name,
        f"{LABEL}base.digest": base.digest,
        PACKAGE_LABEL: opened.descriptor.digest,
    }
    return {key: value for key, value in found.items() if value}


def _base_history(base: Base, created: str) -> tuple[History, ...]:
    """As the base tells it, where that fits its layers; else one entry for each."""
    told = base.config.history or ()
    if sum(not each.empty_layer for each in told) == len(base.layers):
        return told
    return tuple(History(created=created, created_by=base.name or "base") for _ in base.layers)
