"""Sigstore bundles, version 0.3, and the manifest by which one refers to a package."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from nbmlops.errors import IntegrityError
from nbmlops.model.oci import CREATED, EMPTY, MANIFEST, Descriptor, Manifest
from nbmlops.package.trust.dsse import Envelope
from nbmlops.package.trust.keys import PublicKey

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
CONTENT = "dev.sigstore.bundle.content"
PREDICATE_TYPE = "dev.sigstore.bundle.predicateType"
NO_CONFIG = b"{}"
_TITLE = "org.opencontainers.image.title"


class MessageDigest(msgspec.Struct, frozen=True, kw_only=True):
    algorithm: str
    digest: bytes


class MessageSignature(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A bare signature over the bytes of the package's manifest."""

    message_digest: MessageDigest
    signature: bytes


class Bundle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    media_type: str
    verification_material: dict[str, Any]
    dsse_envelope: Envelope | msgspec.UnsetType = msgspec.UNSET
    message_signature: MessageSignature | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_keyless(self) -> bool:
        """Whether a certificate stands for the signer instead of a key."""
        return "publicKey" not in self.verification_material


def made(envelope: Envelope, key: PublicKey) -> Bundle:
    return Bundle(
        media_type=MEDIA_TYPE,
        # Some readers want the list of log entries even where no log was asked.
        verification_material={"publicKey": {"hint": key.hint}, "tlogEntries": []},
        dsse_envelope=envelope,
    )


def write(bundle: Bundle) -> bytes:
    return msgspec.json.encode(bundle)


def read(data: bytes) -> Bundle:
    """Raises IntegrityError for what is no bundle of this version."""
    try:
        found = msgspec.json.decode(data, type=Bundle)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise IntegrityError(
            f"This is no Sigstore bundle: {' '.join(str(error).split())}.", kind="bundle-malformed"
        ) from error
    if found.media_type != MEDIA_TYPE:
        raise IntegrityError(f"This is no Sigstore bundle 0.3 but {found.media_type!r}.", kind="bundle-malformed")
    if isinstance(found.dsse_envelope, Envelope) is isinstance(found.message_signature, MessageSignature):
        raise IntegrityError("This Sigstore bundle has no one content.", kind="bundle-malformed")
    return found


def manifest(bundle: bytes, package: Descriptor, *, predicate_type: str, created: datetime) -> Manifest:
    """What a registry lists among the package's referrers."""
    digest = hashlib.sha256(bundle).hexdigest()
    return Manifest(
        schema_version=2,
        media_type=MANIFEST,
        artifact_type=MEDIA_TYPE,
        config=Descriptor(
            media_type=EMPTY, digest=f"sha256:{hashlib.sha256(NO_CONFIG).hexdigest()}", size=len(NO_CONFIG)
        ),
        layers=(
            Descriptor(
                media_type=MEDIA_TYPE,
                digest=f"sha256:{digest}",
                size=len(bundle),
                annotations={_TITLE: f"sha256-{digest}.sigstore.json"},
            ),
        ),
        subject=Descriptor(media_type=package.media_type, digest=package.digest, size=package.size),
        annotations={
            CONTENT: "dsse-envelope",
            PREDICATE_TYPE: predicate_type,
            CREATED: created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    )
