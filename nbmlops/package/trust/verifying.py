"""Which signatures of a package hold, whose they are, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from nbmlops.errors import IntegrityError, NbmlopsError
from nbmlops.model.oci import Descriptor
from nbmlops.package.layout import Layout
from nbmlops.package.trust import bundle as bundles
from nbmlops.package.trust import dsse, simplesigning, statement
from nbmlops.package.trust.attachments import Kind, legacy, referrers
from nbmlops.package.trust.dsse import Envelope
from nbmlops.package.trust.keys import PublicKey


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A signature that holds."""

    key: PublicKey
    kind: Kind
    manifest: str
    """Digest of the manifest that carries it."""


class Attested(msgspec.Struct, frozen=True, kw_only=True):
    """A statement about the package under a signature that holds."""

    key: PublicKey
    manifest: str
    predicate_type: str
    predicate: dict[str, Any]


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A signature that does not hold, and why."""

    manifest: str
    why: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    signed: tuple[Signed, ...] = ()
    attested: tuple[Attested, ...] = ()
    refused: tuple[Refused, ...] = ()

    @property
    def signers(self) -> tuple[PublicKey, ...]:
        """Whose signature holds, each once."""
        return tuple(dict.fromkeys(each.key for each in self.signed))

    def predicates(self, predicate_type: str) -> tuple[dict[str, Any], ...]:
        return tuple(each.predicate for each in self.attested if each.predicate_type == predicate_type)

    def require(self) -> Verification:
        """Raises IntegrityError where no signature holds."""
        if self.signed:
            return self
        if not self.refused:
            raise IntegrityError(
                f"Package {self.digest[:19]} is not signed.", kind="signature-missing", hint="Ask its maker to sign it."
            )
        raise IntegrityError(
            f"No signature of package {self.digest[:19]} holds: {self.refused[0].why}.",
            kind="signature-refused",
            hint="Is this the public key of its maker?",
            refused=[msgspec.to_builtins(each) for each in self.refused],
        )


def verify(layout: Layout, repo: str, digest: str, keys: Sequence[PublicKey]) -> Verification:
    """Every signature and statement that the layout has for a package, tried with each of the keys.

    Raises IntegrityError for what is no digest; nothing for what does not hold: that is in `refused`.
    """
    layout.path(digest)
    signed: list[Signed] = []
    attested: list[Attested] = []
    refused: list[Refused] = []
    for name, found in _claims(layout, repo, digest, keys):
        if isinstance(found, Signed):
            signed.append(found)
        elif isinstance(found, Attested):
            attested.append(found)
        else:
            refused.append(Refused(manifest=name, why=found))
    return Verification(digest=digest, signed=tuple(signed), attested=tuple(attested), refused=tuple(refused))


def _claims(
    layout: Layout, repo: str, digest: str, keys: Sequence[PublicKey]
) -> Iterator[tuple[str, Signed | Attested | str]]:
    """A reason in words where something does not hold."""
    found = list(referrers(layout, repo, digest))
    try:
        first = legacy(layout, repo, digest)
    except NbmlopsError as error:
        yield layout.tags(repo)[simplesigning.tag(digest)].digest, error.message.rstrip(".")
    else:
        found = [first, *found] if first is not None else found
    for each in found:
        name = each.descriptor.digest
        layers = layout.manifest(each.descriptor).layers or ()
        if each.kind is Kind.REFERRER and all(layer.media_type != bundles.MEDIA_TYPE for layer in layers):
            # A bill of materials, a signature of another tool: no claim that keys of ours could decide.
            continue
        check = _legacy_claim if each.kind is Kind.LEGACY else _bundle_claim
        for layer in layers:
            try:
                yield name, check(layout.read(layer.digest), layer, digest, keys, name)
            except NbmlopsError as error:
                yield name, error.message.rstrip(".")


def _legacy_claim(
    data: bytes, layer: Descriptor, digest: str, keys: Sequence[PublicKey], name: str
) -> Signed | Attested | str:
    signature = simplesigning.signature_of(layer)
    named = simplesigning.package_of(data)
    if named != digest:
        return f"it signs another package, {named[:19]}"
    for key in keys:
        if key.verify(signature, data):
            return Signed(key=key, kind=Kind.LEGACY, manifest=name)
    return "none of the keys made it"


def _bundle_claim(
    data: bytes, layer: Descriptor, digest: str, keys: Sequence[PublicKey], name: str
) -> Signed | Attested | str:
    found = bundles.read(data)
    if found.is_keyless:
        return "it was made with a certificate, not with a key"
    if isinstance(found.message_signature, bundles.MessageSignature):
        return _message_claim(found.message_signature, digest, keys, name)
    assert isinstance(found.dsse_envelope, Envelope)
    if found.dsse_envelope.payload_type != statement.PAYLOAD:
        return f"it holds {found.dsse_envelope.payload_type!r}, not a statement"
    key = dsse.signer(found.dsse_envelope, keys)
    if key is None:
        return "none of the keys made it"
    said = statement.read(found.dsse_envelope.payload)
    if not said.is_about(digest):
        return "it is about another package"
    if said.predicate_type == statement.SIGNED:
        return Signed(key=key, kind=Kind.REFERRER, manifest=name)
    return Attested(key=key, manifest=name, predicate_type=said.predicate_type, predicate=said.predicate)


def _message_claim(
    found: bundles.MessageSignature, digest: str, keys: Sequence[PublicKey], name: str
) -> Signed | Attested | str:
    wanted = bytes.fromhex(digest.removeprefix("sha256:"))
    if found.message_digest.algorithm != "SHA2_256" or found.message_digest.digest != wanted:
        return "it signs another package"
    for key in keys:
        if key.verify_digest(found.signature, wanted):
            return Signed(key=key, kind=Kind.REFERRER, manifest=name)
    return "none of the keys made it"
