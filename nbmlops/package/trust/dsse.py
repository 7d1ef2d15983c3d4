"""DSSE: a payload with its type, signed together."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from nbmlops.package.trust.keys import PrivateKey, PublicKey


class EnvelopeSignature(msgspec.Struct, frozen=True, kw_only=True):
    sig: bytes


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    payload: bytes
    payload_type: str
    signatures: tuple[EnvelopeSignature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """What is signed: type and payload, each behind its length, so that nothing of one can pass for the other."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: bytes, key: PrivateKey) -> Envelope:
    made = EnvelopeSignature(sig=key.sign(pae(payload_type, payload)))
    return Envelope(payload=payload, payload_type=payload_type, signatures=(made,))


def signer(envelope: Envelope, keys: Iterable[PublicKey]) -> PublicKey | None:
    """The first of the keys that signed it."""
    signed = pae(envelope.payload_type, envelope.payload)
    for key in keys:
        if any(key.verify(each.sig, signed) for each in envelope.signatures):
            return key
    return None
