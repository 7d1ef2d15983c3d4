"""Packages from a registry that lies, stops in the middle, or has something else."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from nbmlops.errors import DeniedError, ExternalError, IntegrityError, NbmlopsError, NotFoundError, UnavailableError
from nbmlops.lib import failpoints
from nbmlops.model.oci import INDEX, MANIFEST, Descriptor
from nbmlops.package.layout import Layout
from nbmlops.package.reference import Reference, parse
from nbmlops.package.registry import patience
from nbmlops.package.registry.client import DOCKER_INDEX, DOCKER_MANIFEST, Registry
from nbmlops.package.registry.download import fetch
from nbmlops.package.registry.transfer import pull, push
from tests.unit.package.registry.faulty import Faulty, Handler, closing, digest_of, redirect, status
from tests.unit.package.registry.packages import DATA, MODEL, package

WEIGHTS = os.urandom(600_000)
DIGEST = digest_of(WEIGHTS)


@pytest.fixture
def wine(faulty: Faulty, registry: Registry, layout: Layout) -> Reference:
    """A package in the registry; none of the requests that brought it there."""
    reference = parse(f"{faulty.host}/team/wine:v1")
    package(layout, f"{reference}", [WEIGHTS, b"data"])
    push(layout, reference, registry)
    faulty.seen.clear()
    return reference


@pytest.fixture
def target(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "target")


def is_untouched(target: Layout) -> bool:
    """Nothing has a name: neither the package nor a blob that is not what its name says."""
    blobs = target.root / "blobs" / "sha256"
    named = list(blobs.iterdir()) if blobs.exists() else []
    return not target.repos() and all(digest_of(path.read_bytes()) == f"sha256:{path.name}" for path in named)


def bend(faulty: Faulty, **changes: object) -> None:
    """Put other values into the manifest that the tag leads to."""
    kind, data = faulty.manifests["team/wine", "v1"]
    faulty.manifests["team/wine", "v1"] = kind, json.dumps(json.loads(data) | changes).encode()


def test_a_package_comes_once(registry: Registry, layout: Layout, target: Layout, wine: Reference) -> None:
    first = pull(registry, wine, target)
    assert (len(first.fetched), len(first.known), first.left) == (3, 0, ())
    assert target.tags(wine.repo) == layout.tags(wine.repo)
    assert target.read(DIGEST) == WEIGHTS
    assert list((target.root / "ingest").iterdir()) == []
    again = pull(registry, wine, target)
    assert (len(again.fetched), len(again.known), again.descriptor) == (0, 3, first.descriptor)


def test_by_digest(registry: Registry, layout: Layout, target: Layout, wine: Reference) -> None:
    digest = layout.resolve(wine).digest
    pull(registry, parse(f"{wine.repo}@{digest}"), target)
    assert target.tags(wine.repo) == {}
    assert [each.digest for each in target.packages(wine.repo)] == [digest]


def test_only_what_is_wanted_comes_and_gets_no_name(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference
) -> None:
    part = pull(registry, wine, target, wanted=lambda layer: layer.media_type == DATA)
    assert faulty.count(f"GET .*{DIGEST}") == 0
    assert [layer.media_type for layer in part.left] == [MODEL]
    assert part.manifest == target.manifest(part.descriptor)
    assert target.repos() == ()
    whole = pull(registry, wine, target)
    assert [layer.digest for layer in whole.fetched] == [DIGEST]
    assert target.repos() == (wine.repo,)


def test_a_blob_that_was_cut_goes_on_where_it_was(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference
) -> None:
    faulty.rule(f"GET .*{DIGEST}", closing(300_000, WEIGHTS), times=1)
    pull(registry, wine, target)
    assert target.read(DIGEST) == WEIGHTS
    (_, second) = [each for each in faulty.seen if DIGEST in each.path]
    start = int(second.headers["range"].removeprefix("bytes=").rstrip("-"))
    assert 0 < start <= 300_000


def test_a_later_pull_finishes_what_an_earlier_one_left(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference
) -> None:
    faulty.rule(f"GET .*{DIGEST}", closing(300_000, WEIGHTS), times=1)
    faulty.rule(f"GET .*{DIGEST}", status(500))
    with pytest.raises(UnavailableError):
        pull(registry, wine, target)
    assert is_untouched(target)
    assert (target.root / "ingest").exists()
    faulty.rules.clear()
    faulty.seen.clear()
    with Registry(faulty.host) as later:
        pull(later, wine, Layout(target.root))
    assert target.read(DIGEST) == WEIGHTS
    (only,) = [each for each in faulty.seen if DIGEST in each.path]
    assert only.headers["range"] != "bytes=0-"
    assert list((target.root / "ingest").iterdir()) == []


def test_a_blob_that_is_cut_again_and_again_arrives_as_long_as_some_bytes_do(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "ATTEMPTS", 2)

    def some(handler: Handler) -> None:
        start = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        closing(270_000, WEIGHTS, start=start)(handler)

    faulty.rule(f"GET .*{DIGEST}", some, times=2)
    pull(registry, wine, target)
    assert target.read(DIGEST) == WEIGHTS


@pytest.mark.parametrize("answer", ["whole", "elsewhere", 416])
def test_a_registry_that_does_not_go_on_in_the_middle(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference, answer: object
) -> None:
    def act(handler: Handler) -> None:
        if answer == "whole":
            handler.answer(200, WEIGHTS)
        elif answer == "elsewhere":
            handler.answer(206, WEIGHTS[7:], Content_Range=f"bytes 7-{len(WEIGHTS) - 1}/{len(WEIGHTS)}")
        else:
            handler.error(416, "RANGE_INVALID")

    faulty.rule(f"GET .*{DIGEST}", closing(300_000, WEIGHTS), times=1)
    faulty.rule(f"GET .*{DIGEST}", act, times=1)
    pull(registry, wine, target)
    assert target.read(DIGEST) == WEIGHTS


@pytest.mark.parametrize("left", [b"?" * 1000, b"?" * 700_000])
def test_what_lies_here_of_another_blob_is_thrown_away(
    registry: Registry, target: Layout, wine: Reference, left: bytes
) -> None:
    target.partial(DIGEST).write_bytes(left)
    pull(registry, wine, target)
    assert target.read(DIGEST) == WEIGHTS


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (WEIGHTS[:-1] + bytes([WEIGHTS[-1] ^ 1]), "other bytes than its digest says"),
        (WEIGHTS[:-1], "599999 bytes instead of 600000"),
        (WEIGHTS + b"x", "600001 bytes instead of 600000"),
        (b"", "0 bytes instead of 600000"),
    ],
)
def test_other_bytes_are_refused(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference, sent: bytes, words: str
) -> None:
    faulty.blobs["team/wine", DIGEST] = sent
    with pytest.raises(IntegrityError, match=words):
        pull(registry, wine, target)
    assert is_untouched(target)
    assert not target.partial(DIGEST).exists()
    faulty.blobs["team/wine", DIGEST] = WEIGHTS
    pull(registry, wine, target)


def test_more_than_announced_is_refused_before_it_fills_the_disk(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference
) -> None:
    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        for _ in range(1000):
            handler.wfile.write(WEIGHTS)

    faulty.rule(f"GET .*{DIGEST}", endless)
    with pytest.raises(IntegrityError, match="more than 600000 bytes"):
        pull(registry, wine, target)
    assert is_untouched(target)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (status(401, "UNAUTHORIZED"), DeniedError, "wants a login"),
        (status(403, "DENIED", "no"), DeniedError, "does not allow to pull from team/wine: no"),
        (status(404, "BLOB_UNKNOWN"), NotFoundError, "has lost blob"),
        (status(429, "TOOMANYREQUESTS", "slow down"), UnavailableError, "slow down"),
        (status(500), UnavailableError, "HTTP 500"),
        (redirect("http://127.0.0.1:1/x"), UnavailableError, "127.0.0.1:1"),
        (lambda handler: handler.cut(), UnavailableError, "was cut"),
    ],
)
def test_blobs_that_do_not_come(
    faulty: Faulty,
    registry: Registry,
    target: Layout,
    wine: Reference,
    act: Callable[[Handler], None],
    error: type[NbmlopsError],
    words: str,
) -> None:
    faulty.rule(f"GET .*{DIGEST}", act)
    with pytest.raises(error, match=words):
        pull(registry, wine, target)
    assert is_untouched(target)
    faulty.rules.clear()
    pull(registry, wine, target)


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_registry_that_is_unwell_for_a_while(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference, code: int
) -> None:
    faulty.rule("GET .*/manifests/", status(code), times=2)
    faulty.rule("GET .*/blobs/", status(code), times=2)
    pull(registry, wine, target)


def test_a_package_that_is_not_there(registry: Registry, target: Layout, wine: Reference) -> None:
    with pytest.raises(NotFoundError, match=f"There is no package {wine.repo}:v9"):
        pull(registry, wine.with_tag("v9"), target)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (INDEX, "an index of several packages"),
        (DOCKER_INDEX, "a list of Docker images"),
        (DOCKER_MANIFEST, "a Docker image"),
        ("application/vnd.docker.distribution.manifest.v1+prettyjws", "v1.prettyjws"),
    ],
)
def test_manifests_of_other_kinds_are_refused_by_name(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference, kind: str, words: str
) -> None:
    faulty.manifests["team/wine", "v1"] = kind, b'{"schemaVersion": 2}'
    with pytest.raises(IntegrityError, match=words):
        pull(registry, wine, target)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (MANIFEST, b"<html>"),
        (MANIFEST, b"[]"),
        (MANIFEST, b"{}"),
        (MANIFEST, b'{"schemaVersion": 2, "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
        (MANIFEST, b'{"schemaVersion": 2, "mediaType": "%s"}' % INDEX.encode()),
        (MANIFEST, b'{"schemaVersion": 2, "manifests": [{}], "layers": [{}], "config": {}}'),
        (INDEX, b'{"schemaVersion": 2, "manifests": [{}], "layers": [{}], "config": {}}'),
    ],
)
def test_manifests_that_are_none_or_two_things(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference, kind: str, data: bytes
) -> None:
    faulty.manifests["team/wine", "v1"] = kind, data
    with pytest.raises(IntegrityError):
        pull(registry, wine, target)
    assert is_untouched(target)


@pytest.mark.parametrize(
    "layer",
    [
        {"digest": "sha256:../../../../etc/passwd", "size": 1},
        {"digest": "sha512:" + "0" * 128, "size": 1},
        {"digest": DIGEST, "size": -1},
        {"digest": DIGEST, "size": 10**30},
    ],
)
def test_blobs_that_cannot_be(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference, layer: dict[str, object]
) -> None:
    bend(faulty, layers=[{"mediaType": "x", **layer}])
    with pytest.raises(IntegrityError, match=r"manifest|bytes instead of"):
        pull(registry, wine, target)
    assert is_untouched(target)


def test_one_blob_with_two_sizes(faulty: Faulty, registry: Registry, target: Layout, wine: Reference) -> None:
    bend(faulty, layers=[{"mediaType": "x", "digest": DIGEST, "size": size} for size in (1, 600_000)])
    with pytest.raises(IntegrityError, match="two sizes"):
        pull(registry, wine, target)


def test_a_manifest_without_layers(faulty: Faulty, registry: Registry, target: Layout, wine: Reference) -> None:
    bend(faulty, layers=None)
    assert len(pull(registry, wine, target).fetched) == 1


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_huge_manifest(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference, is_announced: bool
) -> None:
    def huge(handler: Handler) -> None:
        handler.send_response(200)
        if is_announced:
            handler.send_header("Content-Length", str(10**12))
        handler.end_headers()
        handler.close_connection = True
        for _ in range(100_000):
            handler.wfile.write(b" " * 100_000)

    faulty.rule("GET .*/manifests/", huge)
    with pytest.raises(IntegrityError, match="larger than 4194304 bytes"):
        pull(registry, wine, target)


def test_numbers_that_are_none(faulty: Faulty, registry: Registry, target: Layout, wine: Reference) -> None:
    def odd(handler: Handler) -> None:
        handler.close_connection = True
        handler.answer(200, WEIGHTS, Content_Length="9" * 5000, Content_Range="bytes 0-x/y", Retry_After="soon")

    faulty.rule(f"GET .*{DIGEST}", odd)
    pull(registry, wine, target)
    assert target.read(DIGEST) == WEIGHTS


def test_a_manifest_that_is_not_what_was_asked_for(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference
) -> None:
    digest = faulty.manifests["team/wine", "v1"][1]
    name = digest_of(digest)
    faulty.manifests["team/wine", name] = MANIFEST, digest + b" "
    with pytest.raises(IntegrityError, match="not what its digest says"):
        pull(registry, parse(f"{wine.repo}@{name}"), target)

    def lying(handler: Handler) -> None:
        handler.answer(200, digest, Content_Type=MANIFEST, Docker_Content_Digest="sha256:" + "0" * 64)

    faulty.rule("GET .*/manifests/", lying)
    with pytest.raises(IntegrityError, match="not what its digest says"):
        pull(registry, wine, target)


def test_a_disk_that_is_full_keeps_what_has_come(
    faulty: Faulty, target: Layout, wine: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One blob after the other, the largest first.
    with Registry(faulty.host, concurrency=1) as registry:
        with monkeypatch.context() as patch:
            patch.setattr(failpoints, "_wish", "ENOSPC@2:registry-fetch")
            patch.setattr(failpoints, "_passed", 0)
            with pytest.raises(ExternalError, match="The disk is full"):
                pull(registry, wine, target)
        assert is_untouched(target)
        faulty.seen.clear()
        pull(registry, wine, target)
    (only,) = [each for each in faulty.seen if DIGEST in each.path]
    assert "range" in only.headers


def test_two_pulls_at_once_fetch_each_blob_once(
    faulty: Faulty, registry: Registry, target: Layout, wine: Reference
) -> None:
    begun = threading.Event()

    def slow(handler: Handler) -> None:
        begun.set()
        threading.Event().wait(0.3)
        handler.answer(200, WEIGHTS)

    faulty.rule(f"GET .*{DIGEST}", slow)
    blob = Descriptor(media_type=MODEL, digest=DIGEST, size=len(WEIGHTS))
    other = threading.Thread(target=fetch, args=(registry, "team/wine", blob, Layout(target.root)))
    other.start()
    assert begun.wait(10)
    assert not fetch(registry, "team/wine", blob, target)
    other.join()
    assert faulty.count(f"GET .*{DIGEST}") == 1
    assert target.read(DIGEST) == WEIGHTS
    assert list((target.root / "ingest").iterdir()) == []


def test_progress_is_told(registry: Registry, target: Layout, wine: Reference) -> None:
    told: dict[str, list[tuple[int, int]]] = {}
    pull(registry, wine, target, told=lambda digest, done, size: told.setdefault(digest, []).append((done, size)))
    assert len(told) == 3
    assert len(told[DIGEST]) > 1
    assert all(steps == sorted(steps) and steps[-1][0] == steps[-1][1] for steps in told.values())
