"""Manifests, tags, referrers and TLS."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from nbmlops.errors import ConflictError, DeniedError, ExternalError, IntegrityError, NotFoundError, UsageError
from nbmlops.model.oci import EMPTY, INDEX, MANIFEST, Descriptor
from nbmlops.package.layout import Layout
from nbmlops.package.reference import parse
from nbmlops.package.registry import referrers as module
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.referrers import attach, referrers
from nbmlops.package.registry.transfer import pull, push
from nbmlops.package.registry.wire import Wire
from tests.unit.package.registry.faulty import Faulty, Handler, digest_of, serving, status
from tests.unit.package.registry.packages import package, put, signature

KIND = "application/vnd.test.signature"


@pytest.fixture
def wine(faulty: Faulty, registry: Registry, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> Descriptor:
    """A package in the registry, and the blobs of what will hang on it."""
    monkeypatch.setattr(module, "_SETTLE_SECONDS", 0.005)
    reference = parse(f"{faulty.host}/team/wine:v1")
    descriptor = package(layout, f"{reference}", [b"model"])
    push(layout, reference, registry)
    faulty.blobs["team/wine", digest_of(b"{}")] = b"{}"
    for number in range(10):
        text = f"signature {number}".encode()
        faulty.blobs["team/wine", digest_of(text)] = text
    return descriptor


def fallback(faulty: Faulty, wine: Descriptor) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(faulty.manifests["team/wine", wine.digest.replace(":", "-")][1])
    return found


def test_head_and_get_tell_the_same(faulty: Faulty, registry: Registry, wine: Descriptor) -> None:
    assert registry.head_manifest("team/wine", "v1") == registry.manifest("team/wine", wine.digest)[0] == wine
    faulty.rule("HEAD .*/manifests/", lambda handler: handler.answer(200))
    assert registry.head_manifest("team/wine", "v1") == wine
    with pytest.raises(NotFoundError, match=r"There is no package 127.0.0.1:\d+/team/wine:v2"):
        registry.manifest("team/wine", "v2")


def test_blobs_are_asked_for_with_their_size(registry: Registry, wine: Descriptor) -> None:
    blob = Descriptor(media_type="x", digest=digest_of(b"model"), size=5)
    assert registry.has_blob("team/wine", blob)
    assert not registry.has_blob("team/wine", Descriptor(media_type="x", digest=blob.digest, size=4))
    assert not registry.has_blob("team/beer", blob)


def test_deleting(faulty: Faulty, registry: Registry, wine: Descriptor) -> None:
    registry.delete("team/wine", wine.digest)
    with pytest.raises(NotFoundError):
        registry.delete("team/wine", wine.digest)
    faulty.rule("DELETE", status(405, "UNSUPPORTED", "The operation is unsupported"))
    with pytest.raises(ExternalError, match="does not offer to delete packages of team/wine: The operation"):
        registry.delete("team/wine", "v1")


def test_another_digest_than_ours_is_noticed(faulty: Faulty, registry: Registry) -> None:
    faulty.rule("PUT", lambda handler: handler.answer(201, Docker_Content_Digest="sha256:" + "0" * 64))
    with pytest.raises(IntegrityError, match="another digest"):
        registry.put_manifest("a", "v1", b"{}")


# Tags


def test_tags_come_page_by_page(faulty: Faulty, registry: Registry) -> None:
    names = tuple(f"v{number}" for number in range(5))
    faulty.manifests |= {("a", name): (MANIFEST, b"{}") for name in names}
    assert registry.tags("a") == names
    assert faulty.count("/tags/list") == 3


def test_a_list_of_tags_that_never_ends(faulty: Faulty, registry: Registry) -> None:
    pages = iter(range(10**9))

    def same(handler: Handler) -> None:
        link = f'</v2/a/tags/list?last={next(pages)}>; rel="next"'
        handler.answer(200, b'{"tags": ["v1"]}', Link=link)

    faulty.rule("/v2/a/tags", same)
    assert registry.tags("a") == ("v1",)
    assert faulty.count("/v2/a/tags") == 2

    def fresh(handler: Handler) -> None:
        number = next(pages)
        names = [f"v{number}-{each}" for each in range(1000)]
        handler.answer(200, json.dumps({"tags": names}).encode(), Link=f'</v2/b/tags/list?last={number}>; rel="next"')

    faulty.rule("/v2/b/tags", fresh)
    with pytest.raises(ExternalError, match="nonsense"):
        registry.tags("b")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"tags": 3}', b'{"tags": [3]}', b"<html>", b"[" * 200_000])
def test_a_list_of_tags_that_is_none(faulty: Faulty, registry: Registry, body: bytes) -> None:
    faulty.rule("/tags", lambda handler: handler.answer(200, body))
    with pytest.raises(ExternalError, match="nonsense"):
        registry.tags("a")


def test_a_repository_without_tags(faulty: Faulty, registry: Registry) -> None:
    faulty.rule("/tags", lambda handler: handler.answer(200, b'{"tags": null}'))
    assert registry.tags("a") == ()


# Referrers


@pytest.mark.parametrize("has_referrers", [True, False])
def test_what_is_attached_is_found(
    faulty: Faulty, registry: Registry, layout: Layout, wine: Descriptor, has_referrers: bool
) -> None:
    faulty.has_referrers = has_referrers
    assert referrers(registry, "team/wine", wine.digest) == ()
    first = attach(registry, "team/wine", signature(layout, wine, b"signature 1"))
    second = attach(registry, "team/wine", signature(layout, wine, b"signature 2", "application/vnd.test.other"))
    assert {each.digest for each in referrers(registry, "team/wine", wine.digest)} == {first.digest, second.digest}
    (found,) = referrers(registry, "team/wine", wine.digest, KIND)
    assert (found.digest, found.size, found.artifact_type) == (first.digest, first.size, KIND)
    assert (("team/wine", wine.digest.replace(":", "-")) in faulty.manifests) is not has_referrers


def test_attaching_again_changes_nothing(faulty: Faulty, registry: Registry, layout: Layout, wine: Descriptor) -> None:
    data = signature(layout, wine, b"signature 1")
    attach(registry, "team/wine", data)
    attach(registry, "team/wine", data)
    (entry,) = fallback(faulty, wine)["manifests"]
    assert entry["artifactType"] == KIND
    assert entry["annotations"] == {"who": "signature 1"}


def test_what_others_wrote_into_the_list_stays(
    faulty: Faulty, registry: Registry, layout: Layout, wine: Descriptor
) -> None:
    theirs = {"mediaType": MANIFEST, "digest": digest_of(b"x"), "size": 1, "theirs": {"a": 1}}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [theirs], "theirs": True}
    faulty.manifests["team/wine", wine.digest.replace(":", "-")] = INDEX, json.dumps(index).encode()
    attach(registry, "team/wine", signature(layout, wine, b"signature 1"))
    document = fallback(faulty, wine)
    assert document["theirs"] is True
    assert document["manifests"][0] == theirs
    assert len(document["manifests"]) == 2


def test_several_threads_attach_at_once(faulty: Faulty, registry: Registry, layout: Layout, wine: Descriptor) -> None:
    signatures = [signature(layout, wine, f"signature {number}".encode()) for number in range(10)]
    with ThreadPoolExecutor(5) as pool:
        made = list(pool.map(lambda data: attach(registry, "team/wine", data), signatures))
    assert {each.digest for each in referrers(registry, "team/wine", wine.digest)} == {each.digest for each in made}


def test_a_writer_who_comes_in_between_loses_nothing_and_takes_nothing(
    faulty: Faulty, registry: Registry, layout: Layout, wine: Descriptor
) -> None:
    """Right after our list is put, somebody who had read the list before puts theirs, without ours."""
    tag = wine.digest.replace(":", "-")
    theirs = {"mediaType": MANIFEST, "digest": digest_of(b"x"), "size": 1}

    def overwritten(handler: Handler) -> None:
        data = handler.drain()
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [theirs]}
        faulty.manifests["team/wine", tag] = INDEX, json.dumps(index).encode()
        handler.answer(201, Docker_Content_Digest=digest_of(data))

    faulty.rule(f"PUT .*/manifests/{tag}", overwritten, times=1)
    ours = attach(registry, "team/wine", signature(layout, wine, b"signature 1"))
    assert {each["digest"] for each in fallback(faulty, wine)["manifests"]} == {ours.digest, theirs["digest"]}


def test_a_list_that_somebody_keeps_taking_away(
    faulty: Faulty, registry: Registry, layout: Layout, wine: Descriptor
) -> None:
    tag = wine.digest.replace(":", "-")
    faulty.rule(
        f"PUT .*/manifests/{tag}",
        lambda handler: handler.answer(201, Docker_Content_Digest=digest_of(handler.drain())),
    )
    with pytest.raises(ConflictError, match="Others keep changing"):
        attach(registry, "team/wine", signature(layout, wine, b"signature 1"))


def test_a_list_that_is_none(faulty: Faulty, registry: Registry, layout: Layout, wine: Descriptor) -> None:
    faulty.manifests["team/wine", wine.digest.replace(":", "-")] = MANIFEST, b'{"manifests": 3}'
    with pytest.raises(IntegrityError, match="list of referrers"):
        referrers(registry, "team/wine", wine.digest)
    with pytest.raises(IntegrityError, match="list of referrers"):
        attach(registry, "team/wine", signature(layout, wine, b"signature 1"))


def test_an_answer_that_is_no_list_means_that_there_is_none(
    faulty: Faulty, registry: Registry, layout: Layout, wine: Descriptor
) -> None:
    made = attach(registry, "team/wine", signature(layout, wine, b"signature 1"))
    faulty.rule("/referrers/", lambda handler: handler.answer(200, b"<html>A login page"))
    assert [each.digest for each in referrers(registry, "team/wine", wine.digest)] == [made.digest]


def test_referrers_that_may_not_be_seen(faulty: Faulty, registry: Registry, wine: Descriptor) -> None:
    faulty.rule("/referrers/", status(403, "DENIED"))
    with pytest.raises(DeniedError):
        referrers(registry, "team/wine", wine.digest)


def test_a_manifest_without_a_subject_hangs_on_nothing(registry: Registry, layout: Layout, wine: Descriptor) -> None:
    with pytest.raises(UsageError, match="names no subject"):
        attach(registry, "team/wine", layout.read(wine.digest))


def test_a_pushed_package_with_a_subject_is_listed(
    faulty: Faulty, registry: Registry, layout: Layout, wine: Descriptor
) -> None:
    data = signature(layout, wine, b"signature 1")
    descriptor = put(layout, layout.manifest(Descriptor(media_type=MANIFEST, digest=layout.put(data), size=len(data))))
    push(layout, parse(f"{faulty.host}/team/wine:signature"), registry, source=descriptor)
    assert [each.digest for each in referrers(registry, "team/wine", wine.digest)] == [descriptor.digest]
    assert EMPTY in data.decode()


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed but itself; its key lies beside it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


@pytest.fixture
def secured(authority: Path) -> Iterator[Faulty]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    with serving(context) as made:
        yield made


def test_tls_with_a_named_authority(secured: Faulty, layout: Layout, authority: Path) -> None:
    name = parse(f"{secured.host}/team/wine:v1")
    package(layout, f"{name}", [b"model" * 100_000])
    with Registry(secured.host, plain_http=False, verify=str(authority / "cert.pem")) as registry:
        push(layout, name, registry)
        pull(registry, name, Layout(layout.root / "other"))


def test_a_certificate_that_nobody_knows(secured: Faulty) -> None:
    with (
        Registry(secured.host, plain_http=False) as registry,
        pytest.raises(ExternalError, match=f"certificate of {secured.host} is not trusted") as caught,
    ):
        registry.tags("a")
    assert caught.value.kind == "registry-certificate"
    assert secured.seen == []


def test_certificates_that_are_not_there(faulty: Faulty) -> None:
    for options in ({"verify": "/nowhere.pem"}, {"cert": ("/nowhere.pem", "/nowhere.key")}):
        with pytest.raises(UsageError, match=r"no certificate /nowhere\.pem"):
            Registry(faulty.host, **options)  # type: ignore[arg-type]


def test_a_certificate_that_is_not_asked_for(secured: Faulty) -> None:
    secured.manifests["a", "v1"] = (MANIFEST, b"{}")
    with (
        Registry(secured.host, plain_http=False, verify=False) as registry,
        pytest.warns(Warning, match="Unverified HTTPS"),
    ):
        assert registry.tags("a") == ("v1",)


def test_a_registry_that_speaks_no_tls(faulty: Faulty) -> None:
    with (
        Registry(faulty.host, plain_http=False) as registry,
        pytest.raises(ExternalError, match=r"does not speak TLS.*plain HTTP"),
    ):
        registry.tags("a")


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_never_gives_up_encryption(secured: Faulty, faulty: Faulty, authority: Path, code: int) -> None:
    secured.rule("/manifests/", lambda handler: handler.answer(code, Location="http://storage.example/x"))
    with (
        Registry(secured.host, plain_http=False, verify=str(authority / "cert.pem")) as registry,
        pytest.raises(DeniedError, match=r"redirects to storage\.example without encryption"),
    ):
        registry.manifest("a", "v1")


def test_a_registry_that_takes_itself_for_a_plain_one(secured: Faulty, layout: Layout, authority: Path) -> None:
    """As behind a proxy that ends encryption: its addresses begin with http."""
    name = parse(f"{secured.host}/team/wine:v1")
    package(layout, f"{name}", [])

    def begun(handler: Handler) -> None:
        secured.uploads["x"] = bytearray()
        handler.answer(202, Location=f"http://{secured.host}/v2/team/wine/blobs/uploads/x")

    secured.rule("POST", begun)
    with Registry(secured.host, plain_http=False, verify=str(authority / "cert.pem")) as registry:
        push(layout, name, registry)
    assert ("team/wine", "v1") in secured.manifests


# Docker Hub


def test_docker_hub_has_a_host_and_a_library() -> None:
    with Registry("docker.io") as hub:
        assert hub.wire.root == "https://registry-1.docker.io"
        assert hub.place("alpine", "tags/list") == "/v2/library/alpine/tags/list"
        assert hub.place("team/wine", "tags/list") == "/v2/team/wine/tags/list"
        assert hub.scope("alpine", "pull") == "repository:library/alpine:pull"


def test_nothing_is_asked_before_the_first_method(faulty: Faulty) -> None:
    with Registry(faulty.host) as registry:
        assert isinstance(registry.wire, Wire)
        assert threading.active_count() >= 1
    assert faulty.seen == []
