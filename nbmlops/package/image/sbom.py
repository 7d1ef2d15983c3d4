"""What is in an image, as CycloneDX 1.5: its wheels and its base's Debian packages, as a referrer of its manifest.

The same image has the same list, byte for byte.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from nbmlops.model.image import Platform
from nbmlops.model.oci import CREATED, EMPTY, MANIFEST, Descriptor, Manifest
from nbmlops.package.gojson import encode
from nbmlops.package.image.base import Base
from nbmlops.package.image.debian import Debian, DebianPackage, debian_of
from nbmlops.package.image.layers import check_epoch
from nbmlops.package.image.manifest import time_of
from nbmlops.package.image.wheel_choice import Wheel
from nbmlops.package.image.wheels import Wheels
from nbmlops.package.layout import Layout, written

CYCLONEDX = "application/vnd.cyclonedx+json"
_NAMESPACE = uuid.UUID("6f0f2d5b-3f0e-5b0a-9d51-9c1f5f6e7a10")


def put_sbom(layout: Layout, image: Descriptor, base: Base, wheels: Wheels | None, *, epoch: int) -> Descriptor:
    """Of the manifest that refers to the image; its blobs are in the layout.

    Raises IntegrityError for a base that is damaged.
    """
    check_epoch(epoch)
    data = encode(_document(image, base, debian_of(layout, base.layers), wheels, epoch))
    empty = b"{}"
    manifest = Manifest(
        schema_version=2,
        media_type=MANIFEST,
        artifact_type=CYCLONEDX,
        config=Descriptor(media_type=EMPTY, digest=layout.put(empty), size=len(empty)),
        layers=(Descriptor(media_type=CYCLONEDX, digest=layout.put(data), size=len(data)),),
        subject=Descriptor(media_type=image.media_type, digest=image.digest, size=image.size),
        annotations={CREATED: time_of(epoch)},
    )
    data = written(manifest)
    return Descriptor(media_type=MANIFEST, digest=layout.put(data), size=len(data), artifact_type=CYCLONEDX)


def _document(image: Descriptor, base: Base, debian: Debian, wheels: Wheels | None, epoch: int) -> dict[str, Any]:
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, image.digest)}",
        "version": 1,
        "metadata": {
            "timestamp": time_of(epoch),
            "tools": {"components": [{"type": "application", "name": "nbmlops"}]},
            "component": {
                "type": "container",
                "bom-ref": image.digest,
                "name": "image",
                "version": image.digest,
                "hashes": [_hash(image.digest.removeprefix("sha256:"))],
                "properties": _properties(base),
            },
        },
        "components": [
            *(_wheel(each) for each in (wheels.wheels if wheels is not None else ())),
            *(_debian(each, debian, base.platform) for each in debian.packages),
        ],
    }


def _properties(base: Base) -> list[dict[str, str]]:
    found = {"platform": str(base.platform), "base": base.name, "base-digest": base.digest}
    return [{"name": f"nbmlops:{name}", "value": value} for name, value in found.items() if value]


def _wheel(wheel: Wheel) -> dict[str, Any]:
    address = f"pkg:pypi/{wheel.name}@{quote(wheel.version, safe='')}"
    return {
        "type": "library",
        "bom-ref": address,
        "name": wheel.name,
        "version": wheel.version,
        "hashes": [_hash(wheel.sha256)],
        "purl": address,
        "properties": [{"name": "nbmlops:file", "value": wheel.file}],
    }


def _debian(package: DebianPackage, debian: Debian, platform: Platform) -> dict[str, Any]:
    distribution = debian.distribution or "debian"
    told = {"arch": package.architecture or platform.architecture}
    if debian.release:
        told["distro"] = f"{distribution}-{debian.release}"
    facts = "&".join(f"{key}={quote(value, safe='-.')}" for key, value in told.items())
    address = f"pkg:deb/{distribution}/{quote(package.name, safe='')}@{quote(package.version, safe='')}?{facts}"
    return {
        "type": "library",
        "bom-ref": address,
        "name": package.name,
        "version": package.version,
        "purl": address,
    }


def _hash(value: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": value}
