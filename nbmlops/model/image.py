"""The config of an OCI image: what its layers are and how it is started. Field order is that of the specification."""

from __future__ import annotations

from typing import Any

import msgspec

from nbmlops.errors import UsageError

IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
IMAGE_LAYER = "application/vnd.oci.image.layer.v1.tar"
"""`+gzip` or `+zstd` where it is compressed."""
_SAME_VARIANT = {("arm64", "v8"): ""}


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    os: str
    architecture: str
    """As Go names it: amd64, arm64."""
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def parse_platform(text: str) -> Platform:
    """`linux/amd64`, `linux/arm64`, `linux/arm/v7`. Raises UsageError for what is no platform."""
    parts = text.strip().lower().split("/")
    if not 2 <= len(parts) <= 3 or not all(part.isalnum() for part in parts):
        raise UsageError(
            f"{text!r} is no platform.", kind="platform-malformed", hint="Write linux/amd64 or linux/arm64."
        )
    return platform_of(*parts)


def platform_of(os: str, architecture: str, variant: str = "") -> Platform:
    """`arm64/v8` is `arm64`: registries write both."""
    return Platform(os=os, architecture=architecture, variant=_SAME_VARIANT.get((architecture, variant), variant))


class ContainerConfig(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    user: str = ""
    exposed_ports: dict[str, dict[str, Any]] | None = None
    """`8080/tcp`, each with nothing in it."""
    env: tuple[str, ...] | None = None
    """`NAME=value`."""
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    volumes: dict[str, dict[str, Any]] | None = None
    working_dir: str = ""
    labels: dict[str, str] | None = None
    stop_signal: str = ""


class RootFs(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "layers"
    diff_ids: tuple[str, ...] = ()
    """Digests of the uncompressed layers, lowest first."""


class History(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    created: str = ""
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False


class ImageConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    created: str = ""
    author: str = ""
    architecture: str = ""
    variant: str = ""
    os: str = ""
    config: ContainerConfig | None = None
    rootfs: RootFs = RootFs()
    history: tuple[History, ...] | None = None

    @property
    def platform(self) -> Platform:
        return platform_of(self.os, self.architecture, self.variant)
