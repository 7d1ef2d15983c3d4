"""What an image stands on: its layers are in our layout afterwards, and are used as they are.

open_base("oci:/srv/layouts/debian:12", layout, parse_platform("linux/amd64"), epoch=0)
open_base("rootfs:/srv/bookworm.tar", ...)
open_base("registry.example.com/python:3.11-slim", ..., source=client)
open_base("scratch", ...)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError, UsageError
from nbmlops.model.image import IMAGE_LAYER, ImageConfig, Platform, RootFs, platform_of
from nbmlops.model.oci import INDEX, MOST_MANIFEST_BYTES, Descriptor, Index, Manifest
from nbmlops.package.image.debian import debian_of
from nbmlops.package.image.layers import descriptor_of
from nbmlops.package.image.rootfs import rootfs_layer
from nbmlops.package.layer import GZIP_LEVEL
from nbmlops.package.layout import Layout, read_manifest
from nbmlops.package.reference import Reference, parse

SCRATCH = "scratch"
REF_NAME = "org.opencontainers.image.ref.name"
INDEXES = (INDEX, "application/vnd.docker.distribution.manifest.list.v2+json")
_CHUNK = 1 << 20
MOST_DEPTH = 4
"""Of indexes in indexes."""
_LAYER_TYPES: Mapping[str, str] = {
    IMAGE_LAYER: IMAGE_LAYER,
    f"{IMAGE_LAYER}+gzip": f"{IMAGE_LAYER}+gzip",
    f"{IMAGE_LAYER}+zstd": f"{IMAGE_LAYER}+zstd",
    "application/vnd.docker.image.rootfs.diff.tar": IMAGE_LAYER,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": f"{IMAGE_LAYER}+gzip",
}


class ImageSource(Protocol):
    """Where images come from that are not on this machine: a registry."""

    def fetch(self, reference: Reference, layout: Layout, platform: Platform) -> Descriptor:
        """An image's manifest, in the layout with its config and layers, checked on arrival.

        It may be an index; then the manifest for the platform and its blobs must be there.
        """


class Base(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """In a registry, or in its layout; else empty. It says nothing of this machine: images tell it."""
    digest: str
    """Of its manifest; empty for a root file system and for nothing."""
    platform: Platform
    layers: tuple[Descriptor, ...]
    """Of OCI's types, lowest first."""
    config: ImageConfig
    """With as many diffIDs as there are layers."""


def open_base(
    text: str,
    layout: Layout,
    platform: Platform,
    *,
    epoch: int,
    source: ImageSource | None = None,
    level: int = GZIP_LEVEL,
) -> Base:
    """`level`: of gzip, for a root file system; `epoch`: for the times of one that is a folder.

    Raises NotFoundError where there is none for the platform, UsageError for what is no image, IntegrityError for one
    that is damaged.
    """
    kind, _, rest = text.partition(":")
    if text == SCRATCH:
        return Base(name="", digest="", platform=platform, layers=(), config=_blank(platform))
    if kind == "rootfs" and rest:
        layer, compression = rootfs_layer(layout, Path(rest), epoch=epoch, level=level)
        there = debian_of(layout, [descriptor_of(layer, compression)]).architecture
        if there not in ("", platform.architecture):
            raise UsageError(
                f"The root file system {rest} is for {there}, not for {platform}.",
                kind="platform-other",
                hint="Make one for that platform: mmdebstrap --architectures",
            )
        config = _blank(platform, layer.diff_id)
        return Base(name="", digest="", platform=platform, layers=(descriptor_of(layer, compression),), config=config)
    if kind == "oci" and rest:
        path, tag = _split(rest)
        origin = Layout(path)
        candidates = _tagged(origin, tag, text)
        name = candidates[0].annotations.get(REF_NAME, "")
        return _Choice(text, origin, platform).base(layout, candidates, name)
    if source is None:
        raise UsageError(
            f"The base {text!r} is neither a layout nor a root file system.",
            kind="base-malformed",
            hint="Write oci:PATH[:TAG], rootfs:PATH, scratch, or a name in a registry.",
        )
    found = source.fetch(parse(text), layout, platform)
    return _Choice(text, layout, platform).base(layout, [found], text)


def _blank(platform: Platform, *diff_ids: str) -> ImageConfig:
    return ImageConfig(
        architecture=platform.architecture,
        variant=platform.variant,
        os=platform.os,
        rootfs=RootFs(diff_ids=diff_ids),
    )


def _split(text: str) -> tuple[Path, str]:
    """A path may have a colon itself."""
    path, colon, tag = text.rpartition(":")
    return (Path(path), tag) if colon and "/" not in tag and not Path(text).exists() else (Path(text), "")


def _tagged(origin: Layout, tag: str, text: str) -> list[Descriptor]:
    """The manifest with that tag; without one all, which are then one image for several platforms."""
    path = origin.root / "index.json"
    try:
        index = msgspec.json.decode(path.read_bytes(), type=Index)
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no OCI layout in {origin.root}.", kind="layout-missing", hint="It has an index.json."
        ) from None
    except msgspec.MsgspecError as error:
        raise IntegrityError(f"{path} is no index: {_one_line(error)}.", kind="layout-damaged") from error
    known = [each for each in index.manifests or ()]
    names = sorted({each.annotations[REF_NAME] for each in known if REF_NAME in each.annotations})
    if tag:
        known = [each for each in known if tag in (each.annotations.get(REF_NAME), each.digest)]
    elif len(names) > 1:
        raise UsageError(
            f"{origin.root} holds {len(names)} images.",
            kind="base-ambiguous",
            hint=f"Name one, as in oci:PATH:TAG. There are: {', '.join(names[:10])}.",
        )
    if not known:
        raise NotFoundError(
            f"There is no image {text}.",
            kind="base-missing",
            hint=f"There are: {', '.join(names[:10])}." if names else "The layout is empty.",
        )
    return known


class _Choice:
    """From an index or some manifests to the one for a platform."""

    def __init__(self, text: str, origin: Layout, platform: Platform) -> None:
        self.text = text
        self.origin = origin
        self.platform = platform

    def base(self, layout: Layout, candidates: Sequence[Descriptor], name: str) -> Base:
        descriptor, manifest = self._manifest(candidates)
        config = self._config(manifest)
        layers = manifest.layers or ()
        if len(config.rootfs.diff_ids) != len(layers):
            raise self._contradicts(f"{len(layers)} layers, but {len(config.rootfs.diff_ids)} diffIDs")
        for layer in layers:
            if layer.media_type not in _LAYER_TYPES:
                raise UsageError(
                    f"{self.text} has a layer that no image can take over: {layer.media_type[:100]}.",
                    kind="layer-unknown",
                )
            self._bring(layout, layer)
        return Base(
            name=name,
            digest=descriptor.digest,
            platform=self.platform,
            layers=tuple(
                Descriptor(media_type=_LAYER_TYPES[layer.media_type], digest=layer.digest, size=layer.size)
                for layer in layers
            ),
            config=config,
        )

    def _manifest(self, candidates: Sequence[Descriptor]) -> tuple[Descriptor, Manifest]:
        for _ in range(MOST_DEPTH):
            found = candidates[0] if len(candidates) == 1 else self._chosen(candidates)
            listed = self._listed(found)
            if listed is None:
                return found, read_manifest(self._read(found))
            if not listed:
                raise self._contradicts("an index of nothing")
            candidates = listed
        raise self._contradicts("an index of indexes without end")

    def _chosen(self, candidates: Sequence[Descriptor]) -> Descriptor:
        return pick(self.text, [(self._platform(each), each) for each in candidates], self.platform)

    def _platform(self, candidate: Descriptor) -> Platform | None:
        if candidate.platform is not None or self._listed(candidate) is not None:
            return declared(candidate)
        manifest = read_manifest(self._read(candidate))
        return self._image_config(manifest).platform if _is_image(manifest) else None

    def _config(self, manifest: Manifest) -> ImageConfig:
        if not _is_image(manifest):
            raise UsageError(
                f"{self.text} is no image: its config is {manifest.config.media_type or 'of no type'}.",
                kind="base-other",
                hint="A package becomes an image; it is no base of one.",
            )
        config = self._image_config(manifest)
        found, wanted = config.platform, self.platform
        if (found.os, found.architecture) != (wanted.os, wanted.architecture):
            raise _no_platform(self.text, wanted, [found])
        return config

    def _image_config(self, manifest: Manifest) -> ImageConfig:
        try:
            return msgspec.json.decode(self._read(manifest.config), type=ImageConfig)
        except msgspec.MsgspecError as error:
            raise self._contradicts(f"its config is none: {_one_line(error)}") from error

    def _listed(self, descriptor: Descriptor) -> tuple[Descriptor, ...] | None:
        """What an index lists; None for a manifest."""
        if descriptor.media_type not in INDEXES:
            return None
        return listed(self.text, self._read(descriptor))

    def _read(self, descriptor: Descriptor) -> bytes:
        return self.origin.read(descriptor.digest, most=MOST_MANIFEST_BYTES)

    def _bring(self, layout: Layout, blob: Descriptor) -> None:
        """Checked on the way: what is in our layout is what its name says."""
        if layout.has(blob):
            return
        with self.origin.open(blob.digest) as file, layout.incoming() as incoming:
            while piece := file.read(_CHUNK):
                incoming.write(piece)
            if incoming.digest != blob.digest or incoming.size != blob.size:
                raise IntegrityError(
                    f"Layer {blob.digest[:19]} of {self.text} is damaged.",
                    kind="blob-damaged",
                    hint="Get the image again.",
                )

    def _contradicts(self, what: str) -> IntegrityError:
        return _contradicts(self.text, what)


def listed(text: str, data: bytes) -> tuple[Descriptor, ...]:
    """What an index lists. Raises IntegrityError for bytes that are none."""
    try:
        return msgspec.json.decode(data, type=Index).manifests or ()
    except msgspec.MsgspecError as error:
        raise _contradicts(text, f"its index is none: {_one_line(error)}") from error


def declared(descriptor: Descriptor) -> Platform | None:
    """What an index says about an image; None for what runs nowhere: notes about images stand among them."""
    told = descriptor.platform
    if told is None or str(told.get("os")) == "unknown":
        return None
    return platform_of(*(str(told.get(key) or "") for key in ("os", "architecture", "variant")))


def pick(text: str, there: Sequence[tuple[Platform | None, Descriptor]], platform: Platform) -> Descriptor:
    """Raises NotFoundError where none is for the platform."""
    for found, descriptor in there:
        if found == platform:
            return descriptor
    raise _no_platform(text, platform, [found for found, _ in there if found is not None])


def _no_platform(text: str, platform: Platform, there: Sequence[Platform]) -> NotFoundError:
    names = sorted({str(each) for each in there})
    return NotFoundError(
        f"{text} is not there for {platform}.",
        kind="platform-missing",
        hint=f"It is there for {', '.join(names[:10]) or 'nothing that is known'}.",
        platforms=names,
    )


def _contradicts(text: str, what: str) -> IntegrityError:
    return IntegrityError(f"The image {text} contradicts itself: {what}.", kind="base-contradiction")


def _is_image(manifest: Manifest) -> bool:
    return manifest.config.media_type.endswith((".image.config.v1+json", ".container.image.v1+json"))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
