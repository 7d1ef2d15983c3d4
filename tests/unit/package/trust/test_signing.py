from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.model.oci import MANIFEST, Descriptor, Manifest
from nbmlops.package.layout import Layout, read_manifest, written
from nbmlops.package.trust import bundle as bundles
from nbmlops.package.trust import dsse, simplesigning, statement
from nbmlops.package.trust.attachments import Attachment, Kind, attach, attachments, detach, is_attachment
from nbmlops.package.trust.keys import PrivateKey
from nbmlops.package.trust.signing import attest, sign
from nbmlops.package.trust.verifying import verify
from tests.unit.package.trust.conftest import REPO, add

MADE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def signed(layout: Layout, package: Descriptor, key: PrivateKey) -> tuple[Attachment, ...]:
    made = sign(layout, REPO, package, key, created=MADE)
    for each in made:
        attach(layout, REPO, each)
    return made


def blob(layout: Layout, data: bytes, media_type: str) -> Descriptor:
    return Descriptor(media_type=media_type, digest=layout.put(data), size=len(data))


def refer(layout: Layout, package: Descriptor, data: bytes) -> None:
    """Attach these bytes as a bundle, as anybody who can push may."""
    layout.put(b"{}")
    layout.put(data)
    manifest = written(bundles.manifest(data, package, predicate_type="x", created=MADE))
    layout.add(REPO, blob(layout, manifest, MANIFEST))


def whys(layout: Layout, package: Descriptor, *keys: PrivateKey) -> list[str]:
    found = verify(layout, REPO, package.digest, [key.public for key in keys])
    assert not found.signed
    assert not found.attested
    return [each.why for each in found.refused]


def test_a_signed_package_verifies_in_both_forms(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    made = signed(layout, package, key)
    found = verify(layout, REPO, package.digest, [key.public]).require()
    assert [each.kind for each in found.signed] == [Kind.LEGACY, Kind.REFERRER]
    assert found.signers == (key.public,)
    assert found.refused == ()
    assert attachments(layout, REPO, package.digest) == made
    assert [is_attachment(read_manifest(each.data)) for each in made] == [True, True]
    assert not is_attachment(layout.manifest(package))


def test_the_legacy_form_is_that_of_cosign(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    legacy = signed(layout, package, key)[0]
    assert legacy.tag == f"sha256-{package.digest.removeprefix('sha256:')}.sig"
    manifest: dict[str, Any] = json.loads(legacy.data)
    (layer,) = manifest["layers"]
    payload = layout.read(layer["digest"])
    assert payload.decode() == (
        '{"critical":{"identity":{"docker-reference":"localhost/wine"},'
        f'"image":{{"docker-manifest-digest":"{package.digest}"}},'
        '"type":"cosign container image signature"},"optional":null}'
    )
    assert layer["mediaType"] == "application/vnd.dev.cosign.simplesigning.v1+json"
    assert layer["size"] == len(payload)
    assert list(layer["annotations"]) == ["dev.cosignproject.cosign/signature"]
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    assert json.loads(layout.read(manifest["config"]["digest"]))["rootfs"] == {
        "type": "layers",
        "diff_ids": [layer["digest"]],
    }


def test_the_bundle_refers_to_its_package(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    made = signed(layout, package, key)[1]
    manifest: dict[str, Any] = json.loads(made.data)
    (layer,) = manifest["layers"]
    kind = "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert manifest == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": kind,
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "size": 2,
        },
        "layers": [
            {
                "mediaType": kind,
                "digest": layer["digest"],
                "size": layer["size"],
                "annotations": {"org.opencontainers.image.title": f"{layer['digest'].replace(':', '-')}.sigstore.json"},
            }
        ],
        "subject": {"mediaType": package.media_type, "digest": package.digest, "size": package.size},
        "annotations": {
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
            "org.opencontainers.image.created": "2026-03-04T05:06:07Z",
        },
    }
    assert made.descriptor.artifact_type == kind
    bundle: dict[str, Any] = json.loads(layout.read(layer["digest"]))
    assert list(bundle) == ["mediaType", "verificationMaterial", "dsseEnvelope"]
    assert bundle["verificationMaterial"] == {"publicKey": {"hint": key.public.hint}, "tlogEntries": []}
    assert bundle["dsseEnvelope"]["payloadType"] == "application/vnd.in-toto+json"
    assert json.loads(msgspec.json.decode(layout.read(layer["digest"]), type=bundles.Bundle).dsse_envelope.payload) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": package.digest.removeprefix("sha256:")}}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    }


def test_signing_again_adds_nothing(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    signed(layout, package, key)
    assert sign(layout, REPO, package, key) == ()


def test_two_signers_stand_side_by_side(
    layout: Layout, package: Descriptor, key: PrivateKey, stranger: PrivateKey
) -> None:
    signed(layout, package, key)
    signed(layout, package, stranger)
    found = verify(layout, REPO, package.digest, [key.public, stranger.public])
    assert found.signers == (key.public, stranger.public)
    assert [each.kind for each in attachments(layout, REPO, package.digest)] == [
        Kind.LEGACY,
        Kind.REFERRER,
        Kind.REFERRER,
    ]


def test_the_tag_leads_to_one_manifest_with_all_signatures(
    layout: Layout, package: Descriptor, key: PrivateKey, stranger: PrivateKey
) -> None:
    first = signed(layout, package, key)[0]
    second = signed(layout, package, stranger)[0]
    assert len(read_manifest(second.data).layers or ()) == 2
    assert layout.tags(REPO)[second.tag].digest == second.descriptor.digest
    assert first.descriptor.digest not in {each.digest for each in layout.packages(REPO)}


def test_what_belongs_to_a_package_goes_with_it(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    other = add(layout, b"other")
    signed(layout, package, key)
    signed(layout, other, key)
    assert detach(layout, REPO, package.digest) > 0
    assert attachments(layout, REPO, package.digest) == ()
    assert layout.manifest(package)
    assert len(verify(layout, REPO, other.digest, [key.public]).signed) == 2


def test_a_tag_that_leads_to_a_package_costs_nobody_that_package(
    layout: Layout, package: Descriptor, key: PrivateKey
) -> None:
    other = add(layout, b"other")
    layout.add(REPO, other, tags=[simplesigning.tag(package.digest)])
    assert attachments(layout, REPO, package.digest) == ()
    assert verify(layout, REPO, package.digest, [key.public]).refused == ()
    legacy = signed(layout, package, key)[0]
    assert [each.media_type for each in read_manifest(legacy.data).layers or ()] == [simplesigning.MEDIA_TYPE]
    assert other.digest in {each.digest for each in layout.packages(REPO)}
    detach(layout, REPO, package.digest)
    assert other.digest in {each.digest for each in layout.packages(REPO)}


def test_what_has_a_name_of_its_own_is_kept(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    (made,) = sign(layout, REPO, package, key, legacy=False)
    layout.add(REPO, made.descriptor, tags=["evidence"])
    assert detach(layout, REPO, package.digest) == 0
    assert len(attachments(layout, REPO, package.digest)) == 1


def test_without_the_legacy_form_no_tag_is_needed(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    (made,) = sign(layout, REPO, package, key, legacy=False)
    attach(layout, REPO, made)
    assert list(layout.tags(REPO)) == ["v1"]
    assert verify(layout, REPO, package.digest, [key.public]).require().signers == (key.public,)


def test_an_unsigned_package_is_told_so(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    with pytest.raises(IntegrityError, match="is not signed"):
        verify(layout, REPO, package.digest, [key.public]).require()


def test_a_strangers_signature_is_refused(
    layout: Layout, package: Descriptor, key: PrivateKey, stranger: PrivateKey
) -> None:
    signed(layout, package, stranger)
    assert whys(layout, package, key) == ["none of the keys made it"] * 2
    with pytest.raises(IntegrityError, match=r"No signature of package .* holds: none of the keys made it"):
        verify(layout, REPO, package.digest, [key.public]).require()


def test_without_keys_nothing_holds(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    signed(layout, package, key)
    assert whys(layout, package) == ["none of the keys made it"] * 2


def test_a_signature_does_not_pass_to_another_package(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    legacy, referrer = signed(layout, package, key)
    other = add(layout, b"malice")
    layout.add(REPO, legacy.descriptor, tags=[simplesigning.tag(other.digest)])
    refer(layout, other, layout.read((read_manifest(referrer.data).layers or ())[0].digest))
    assert whys(layout, other, key) == [
        f"it signs another package, {package.digest[:19]}",
        "it is about another package",
    ]


def test_an_altered_payload_is_refused(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    payload = simplesigning.payload(package.digest, REPO)
    altered = simplesigning.payload(package.digest, "localhost/other")
    layer = simplesigning.layer(altered, key.sign(payload))
    config = simplesigning.config((layer,))
    layout.put(altered)
    layout.put(config)
    manifest = written(simplesigning.manifest((layer,), config))
    layout.add(REPO, blob(layout, manifest, MANIFEST), tags=[simplesigning.tag(package.digest)])
    assert whys(layout, package, key) == ["none of the keys made it"]


def test_an_altered_statement_is_refused(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    said = statement.write(statement.about(package.digest, statement.PROVENANCE, {"builder": "us"}))
    envelope = dsse.sign(statement.PAYLOAD, said, key)
    forged = msgspec.structs.replace(envelope, payload=said.replace(b"us", b"me"))
    refer(layout, package, bundles.write(bundles.made(forged, key.public)))
    assert whys(layout, package, key) == ["none of the keys made it"]


def test_a_payload_of_another_type_is_refused(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    said = statement.write(statement.about(package.digest, statement.SIGNED))
    refer(layout, package, bundles.write(bundles.made(dsse.sign("text/plain", said, key), key.public)))
    assert whys(layout, package, key) == ["it holds 'text/plain', not a statement"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "This is no Sigstore bundle: Input data was truncated"),
        (b"{", "This is no Sigstore bundle: Input data was truncated"),
        (b"[" * 100_000, "This is no Sigstore bundle: "),
        (b'{"mediaType":"x","verificationMaterial":{}}', "This is no Sigstore bundle 0.3 but 'x'"),
        (
            b'{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{}}}',
            "This Sigstore bundle has no one content",
        ),
        (
            b'{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"certificate":{}},'
            b'"dsseEnvelope":{"payload":"","payloadType":"","signatures":[]}}',
            "it was made with a certificate, not with a key",
        ),
    ],
)
def test_what_is_no_bundle_is_refused(
    layout: Layout, package: Descriptor, key: PrivateKey, data: bytes, why: str
) -> None:
    refer(layout, package, data)
    (found,) = whys(layout, package, key)
    assert found.startswith(why)


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_truncated_bundle_is_refused(layout: Layout, package: Descriptor, key: PrivateKey, cut: int) -> None:
    said = statement.write(statement.about(package.digest, statement.SIGNED))
    whole = bundles.write(bundles.made(dsse.sign(statement.PAYLOAD, said, key), key.public))
    refer(layout, package, whole[:-cut])
    assert len(whys(layout, package, key)) == 1


def test_damaged_blobs_are_refused_and_the_rest_still_holds(
    layout: Layout, package: Descriptor, key: PrivateKey
) -> None:
    legacy, _ = signed(layout, package, key)
    payload = (read_manifest(legacy.data).layers or ())[0].digest
    layout.path(payload).write_bytes(b"altered")
    found = verify(layout, REPO, package.digest, [key.public])
    assert [each.kind for each in found.signed] == [Kind.REFERRER]
    assert [each.why for each in found.refused] == [f"Blob {payload[:19]} is damaged on this machine"]
    layout.path(legacy.descriptor.digest).unlink()
    found = verify(layout, REPO, package.digest, [key.public]).require()
    assert [each.why for each in found.refused] == [f"Blob {legacy.descriptor.digest[:19]} is not on this machine"]


def test_a_bare_signature_over_the_manifest_holds(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    def bare(digest: bytes, signature: bytes, algorithm: str = "SHA2_256") -> bytes:
        return bundles.write(
            bundles.Bundle(
                media_type=bundles.MEDIA_TYPE,
                verification_material={"publicKey": {"hint": ""}},
                message_signature=bundles.MessageSignature(
                    message_digest=bundles.MessageDigest(algorithm=algorithm, digest=digest), signature=signature
                ),
            )
        )

    data = layout.read(package.digest)
    digest = hashlib.sha256(data).digest()
    refer(layout, package, bare(digest, key.sign(data), "SHA2_512"))
    refer(layout, package, bare(b"", key.sign(data)))
    refer(layout, package, bare(digest, key.sign(b"other")))
    assert whys(layout, package, key) == [
        "it signs another package",
        "it signs another package",
        "none of the keys made it",
    ]
    refer(layout, package, bare(digest, key.sign(data)))
    assert verify(layout, REPO, package.digest, [key.public]).require().signers == (key.public,)


def test_a_statement_is_kept_with_who_said_it(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    attach(layout, REPO, attest(layout, package, key, statement.PROVENANCE, {"a": 1}, name="wine"))
    found = verify(layout, REPO, package.digest, [key.public])
    assert found.signed == ()
    assert [(each.key, each.predicate_type) for each in found.attested] == [(key.public, statement.PROVENANCE)]
    assert found.predicates(statement.PROVENANCE) == ({"a": 1},)
    assert found.predicates(statement.BOM) == ()


def test_a_statement_that_is_none_is_refused(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    for data in (b"{}", b'{"_type":"x","subject":[],"predicateType":"y"}'):
        refer(layout, package, bundles.write(bundles.made(dsse.sign(statement.PAYLOAD, data, key), key.public)))
    first, second = whys(layout, package, key)
    assert first.startswith("This is no in-toto statement: Object missing required field")
    assert second == "This is no in-toto statement: its type is 'x'"


def test_referrers_of_other_tools_are_passed_over(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    other = blob(layout, b"<bom/>", "application/vnd.cyclonedx+xml")
    manifest = written(
        Manifest(
            schema_version=2,
            media_type=MANIFEST,
            artifact_type="application/vnd.cyclonedx+xml",
            config=blob(layout, b"{}", "application/vnd.oci.empty.v1+json"),
            layers=(other,),
            subject=package,
        )
    )
    layout.add(REPO, blob(layout, manifest, MANIFEST))
    assert verify(layout, REPO, package.digest, [key.public]).refused == ()
    assert len(attachments(layout, REPO, package.digest)) == 1


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'{"critical":7}',
        b'{"critical":{"image":7,"type":""}}',
        b'{"critical":{"image":{"docker-manifest-digest":7},"type":"cosign container image signature"}}',
        b'{"critical":{"image":{"docker-manifest-digest":"sha256:0"},"type":"atomic container signature"}}',
        b'{"critical":{"image":{},"type":"cosign container image signature"}}',
    ],
)
def test_what_is_no_payload_is_refused(payload: bytes) -> None:
    with pytest.raises(IntegrityError, match="payload"):
        simplesigning.package_of(payload)


def test_both_spellings_of_the_digest_are_read() -> None:
    text = '{{"critical":{{"image":{{"{}":"sha256:0"}},"type":"cosign container image signature"}}}}'
    for name in ("docker-manifest-digest", "Docker-manifest-digest"):
        assert simplesigning.package_of(text.format(name).encode()) == "sha256:0"


@pytest.mark.parametrize("annotations", [{}, {simplesigning.SIGNATURE: "?"}])
def test_a_layer_without_a_signature_is_refused(annotations: dict[str, str]) -> None:
    layer = Descriptor(media_type=simplesigning.MEDIA_TYPE, digest="sha256:0", size=0, annotations=annotations)
    with pytest.raises(IntegrityError, match="carries no signature"):
        simplesigning.signature_of(layer)


def test_a_package_that_is_not_here_cannot_be_signed(layout: Layout, key: PrivateKey) -> None:
    nowhere = Descriptor(media_type=MANIFEST, digest="sha256:" + "0" * 64, size=1)
    with pytest.raises(NotFoundError, match="not on this machine"):
        sign(layout, REPO, nowhere, key)


def test_what_is_no_digest_is_refused(layout: Layout, key: PrivateKey) -> None:
    with pytest.raises(IntegrityError, match="is no sha256 digest"):
        verify(layout, REPO, "latest", [key.public])


def test_pae_is_that_of_its_specification() -> None:
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@given(st.text(), st.binary(), st.text(), st.binary())
def test_pae_of_different_things_differs(kind: str, data: bytes, other_kind: str, other: bytes) -> None:
    same = (kind, data) == (other_kind, other)
    assert (dsse.pae(kind, data) == dsse.pae(other_kind, other)) is same
