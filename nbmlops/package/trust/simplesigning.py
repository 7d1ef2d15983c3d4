"""Signatures as `cosign` has always stored them: a small payload, and a manifest under the tag `sha256-HEX.sig`."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import msgspec

from nbmlops.errors import IntegrityError
from nbmlops.model.oci import MANIFEST, Descriptor, Manifest
from nbmlops.package.gojson import encode

MEDIA_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE = "dev.cosignproject.cosign/signature"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_TYPE = "cosign container image signature"


def tag(digest: str) -> str:
    """Where the signatures of a package are."""
    return f"{digest.replace(':', '-')}.sig"


def payload(digest: str, repo: str) -> bytes:
    """What is signed: that this is the package with this digest."""
    return encode(
        {
            "critical": {
                "identity": {"docker-reference": repo},
                "image": {"docker-manifest-digest": digest},
                "type": _TYPE,
            },
            "optional": None,
        }
    )


def package_of(data: bytes) -> str:
    """The digest that a payload names. Raises IntegrityError for another payload."""
    try:
        critical = msgspec.json.decode(data, type=dict[str, Any])["critical"]
        image = critical["image"]
        # The specification and the program that it describes disagree on the first letter.
        digest = image.get("docker-manifest-digest") or image["Docker-manifest-digest"]
        kind = critical["type"]
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError("This is no payload of a signature.", kind="payload-malformed") from error
    if kind != _TYPE or not isinstance(digest, str):
        raise IntegrityError(f"This payload signs no package: its type is {kind!r}.", kind="payload-malformed")
    return digest


def layer(payload: bytes, signature: bytes) -> Descriptor:
    return Descriptor(
        media_type=MEDIA_TYPE,
        digest=f"sha256:{hashlib.sha256(payload).hexdigest()}",
        size=len(payload),
        annotations={SIGNATURE: base64.b64encode(signature).decode()},
    )


def signature_of(layer: Descriptor) -> bytes:
    """Raises IntegrityError for a layer without one."""
    try:
        return base64.b64decode(layer.annotations[SIGNATURE], validate=True)
    except (KeyError, binascii.Error) as error:
        raise IntegrityError("This layer carries no signature.", kind="signature-malformed") from error


def config(layers: tuple[Descriptor, ...]) -> bytes:
    """Of an image without a system: registries and `cosign` want one that names the layers."""
    return encode(
        {
            "architecture": "",
            "created": "0001-01-01T00:00:00Z",
            "history": [{"created": "0001-01-01T00:00:00Z"} for _ in layers],
            "os": "",
            "rootfs": {"type": "layers", "diff_ids": [each.digest for each in layers]},
            "config": {},
        }
    )


def manifest(layers: tuple[Descriptor, ...], config: bytes) -> Manifest:
    """One for all signatures of a package: each is a layer of it."""
    described = Descriptor(media_type=_CONFIG, digest=f"sha256:{hashlib.sha256(config).hexdigest()}", size=len(config))
    return Manifest(schema_version=2, media_type=MANIFEST, config=described, layers=layers)
