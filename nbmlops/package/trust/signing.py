"""Signing packages of the local layout, and telling which signatures of them hold.

    for each in sign(layout, "localhost/wine", descriptor, key): attach(layout, "localhost/wine", each)
    verify(layout, "localhost/wine", descriptor.digest, [load_public(path)]).require()

A signature is made in both forms that `cosign` knows: under the tag `sha256-HEX.sig`, which its old versions and most
admission controllers look for, and as a Sigstore bundle that refers to the package. No transparency log is asked:
`cosign verify --key NAME.pub --insecure-ignore-tlog` reads either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from nbmlops.errors import IntegrityError, NbmlopsError
from nbmlops.lib.clock import utc_now
from nbmlops.model.oci import MANIFEST, Descriptor, Manifest
from nbmlops.package.layout import Layout, written
from nbmlops.package.trust import bundle as bundles
from nbmlops.package.trust import dsse, simplesigning, statement
from nbmlops.package.trust.dsse import Envelope
from nbmlops.package.trust.keys import PrivateKey, PublicKey


class Kind(StrEnum):
    LEGACY = "legacy"
    """All signatures of a package in one manifest with a tag of its own."""
    REFERRER = "referrer"
    """A manifest whose `subject` is the package."""


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest that goes where its package goes. Its blobs are in the layout."""

    kind: Kind
    descriptor: Descriptor
    data: bytes
    tag: str = ""
    """The tag that it needs: only of the legacy kind."""


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


def sign(
    layout: Layout,
    repo: str,
    package: Descriptor,
    key: PrivateKey,
    *,
    legacy: bool = True,
    created: datetime | None = None,
) -> tuple[Attachment, ...]:
    """What there is to attach; nothing of a form in which this key has signed the package already.

    Raises NotFoundError where the package is not in the layout.
    """
    layout.read(package.digest)
    known = {each.kind for each in verify(layout, repo, package.digest, [key.public]).signed}
    made = []
    if legacy and Kind.LEGACY not in known:
        made.append(_legacy(layout, repo, package, key))
    if Kind.REFERRER not in known:
        made.append(attest(layout, package, key, statement.SIGNED, {}, created=created))
    return tuple(made)


def attest(
    layout: Layout,
    package: Descriptor,
    key: PrivateKey,
    predicate_type: str,
    predicate: dict[str, Any],
    *,
    name: str = "",
    created: datetime | None = None,
) -> Attachment:
    """A signed statement about a package, such as where it comes from. `name` is what the statement calls it."""
    said = statement.write(statement.about(package.digest, predicate_type, predicate, name=name))
    data = bundles.write(bundles.made(dsse.sign(statement.PAYLOAD, said, key), key.public))
    layout.put(bundles.NO_CONFIG)
    layout.put(data)
    when = (created or utc_now()).astimezone(UTC)
    return _stored(layout, bundles.manifest(data, package, predicate_type=predicate_type, created=when), Kind.REFERRER)


def attach(layout: Layout, repo: str, attachment: Attachment) -> None:
    """Keep it in the layout beside its package. `kit` skips in its lists what is no ModelKit."""
    known = layout.tags(repo).get(attachment.tag)
    layout.add(repo, attachment.descriptor, tags=[attachment.tag] if attachment.tag else [])
    if known is not None and known.digest != attachment.descriptor.digest:
        # The new one has all that the old one had, and nothing leads to that any more.
        layout.remove(repo, known)


def detach(layout: Layout, repo: str, digest: str) -> int:
    """Take all that belongs to a package out of the layout; bytes that became free."""
    return sum(layout.remove(repo, each.descriptor) for each in attachments(layout, repo, digest))


def attachments(layout: Layout, repo: str, digest: str) -> tuple[Attachment, ...]:
    """All that the layout has for a package, whether it holds or not: what a push takes along."""
    legacy = layout.tags(repo).get(simplesigning.tag(digest))
    first = (_read(layout, legacy, Kind.LEGACY, simplesigning.tag(digest)),) if legacy is not None else ()
    return (*first, *_referrers(layout, repo, digest))


def is_attachment(manifest: Manifest) -> bool:
    """Whether a manifest of the layout is a signature or a statement and no package."""
    layers = manifest.layers or ()
    legacy = bool(layers) and all(each.media_type == simplesigning.MEDIA_TYPE for each in layers)
    return legacy or manifest.artifact_type == bundles.MEDIA_TYPE


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
    legacy = layout.tags(repo).get(simplesigning.tag(digest))
    found = list(_referrers(layout, repo, digest))
    if legacy is not None:
        try:
            layout.manifest(legacy)
            found.insert(0, _read(layout, legacy, Kind.LEGACY, simplesigning.tag(digest)))
        except NbmlopsError as error:
            yield legacy.digest, error.message.rstrip(".")
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


def _referrers(layout: Layout, repo: str, digest: str) -> Iterator[Attachment]:
    for each in layout.packages(repo):
        try:
            subject = layout.manifest(each).subject
        except NbmlopsError:
            continue  # Whose it is cannot be told.
        if subject is not None and subject.digest == digest:
            yield _read(layout, each, Kind.REFERRER)


def _legacy(layout: Layout, repo: str, package: Descriptor, key: PrivateKey) -> Attachment:
    """With the signatures of others that are there already: the tag can name one manifest only."""
    tag = simplesigning.tag(package.digest)
    payload = simplesigning.payload(package.digest, repo)
    layout.put(payload)
    known = layout.tags(repo).get(tag)
    earlier = (layout.manifest(known).layers or ()) if known is not None else ()
    layers = (*earlier, simplesigning.layer(payload, key.sign(payload)))
    config = simplesigning.config(layers)
    layout.put(config)
    return _stored(layout, simplesigning.manifest(layers, config), Kind.LEGACY, tag)


def _stored(layout: Layout, manifest: Manifest, kind: Kind, tag: str = "") -> Attachment:
    data = written(manifest)
    layout.put(data)
    descriptor = Descriptor(
        media_type=MANIFEST,
        digest=f"sha256:{hashlib.sha256(data).hexdigest()}",
        size=len(data),
        artifact_type=manifest.artifact_type,
    )
    return Attachment(kind=kind, descriptor=descriptor, data=data, tag=tag)


def _read(layout: Layout, descriptor: Descriptor, kind: Kind, tag: str = "") -> Attachment:
    return Attachment(kind=kind, descriptor=descriptor, data=layout.read(descriptor.digest), tag=tag)
