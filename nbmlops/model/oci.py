"""What a registry and an OCI layout hold: descriptors, manifests, indexes.

Shapes and field order are those of the OCI image specification 1.1; unknown fields of others are left alone.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
CREATED = "org.opencontainers.image.created"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MOST_MANIFEST_BYTES = 4 << 20
"""The specification asks registries for at least this; nobody's manifest is longer."""


class Descriptor(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A blob by its content. `digest` is `sha256:` and 64 hexadecimal characters; `size` is in bytes."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] = {}
    artifact_type: str = ""
    platform: dict[str, Any] | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    schema_version: int
    media_type: str = ""
    artifact_type: str = ""
    config: Descriptor
    layers: tuple[Descriptor, ...] | None
    """null where there are none, as `kit` writes it."""
    subject: Descriptor | None = None
    annotations: dict[str, str] = {}


class Index(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    schema_version: int
    media_type: str = ""
    manifests: tuple[Descriptor, ...] | None
    annotations: dict[str, str] = {}
