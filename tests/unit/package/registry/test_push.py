"""Packages to a registry that does not always want to."""

from __future__ import annotations

import _thread
import os
import threading
from collections.abc import Callable

import pytest

from nbmlops.errors import (
    DeniedError,
    ExternalError,
    IntegrityError,
    InterruptedRunError,
    NbmlopsError,
    NotFoundError,
    StateError,
    UnavailableError,
    UsageError,
)
from nbmlops.package.layout import Layout
from nbmlops.package.reference import parse
from nbmlops.package.registry import patience, upload
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.failures import retry_after
from nbmlops.package.registry.transfer import push
from tests.unit.package.registry.faulty import Faulty, Handler, digest_of, redirect, status, swallowing
from tests.unit.package.registry.packages import package

MODEL = os.urandom(50_000)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "CHUNKED_BYTES", 20_000)
    monkeypatch.setattr(upload, "CHUNK_BYTES", 15_000)


def wine(faulty: Faulty, layout: Layout, tags: str = "v1", layers: tuple[bytes, ...] = (MODEL, b"data")) -> str:
    name = f"{faulty.host}/team/wine:{tags}"
    package(layout, name, layers)
    return name


def test_only_what_is_missing_moves_and_tags_come_last(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    reference = parse(wine(faulty, layout, "v1,v2"))
    first = push(layout, reference, registry)
    assert (len(first.sent), len(first.known), first.is_new, first.tags) == (3, 0, True, ("v1", "v2"))
    assert first.size == sum(len(data) for data in faulty.blobs.values())
    written = [each.path.split("/")[-2] for each in faulty.seen if each.method == "PUT"]
    assert written == ["uploads"] * 3 + ["manifests"] * 2
    again = push(layout, reference, registry)
    assert (len(again.sent), len(again.known), again.is_new) == (0, 3, False)
    changed = parse(wine(faulty, layout, "v3", (MODEL, b"other data")))
    third = push(layout, changed, registry)
    assert [blob.size for blob in third.sent] == [len(b"other data")]


def test_blobs_of_a_neighbour_are_mounted(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    reference = parse(wine(faulty, layout))
    push(layout, reference, registry)
    faulty.seen.clear()
    other = push(layout, parse(f"{faulty.host}/team/beer:v1"), registry, source=layout.resolve(reference))
    assert (len(other.mounted), len(other.sent)) == (3, 0)
    assert faulty.count("PUT .*/uploads/") == 0
    assert faulty.count("from=team%2Fwine") == 3


@pytest.mark.parametrize("refusal", [status(403, "DENIED"), status(404, "NAME_UNKNOWN")])
def test_a_neighbour_that_does_not_give_is_no_reason_to_fail(
    faulty: Faulty, registry: Registry, layout: Layout, refusal: Callable[[Handler], None]
) -> None:
    reference = parse(wine(faulty, layout))
    faulty.rule("POST .*mount=", refusal)
    made = push(layout, parse(f"{faulty.host}/team/beer:v1"), registry, source=layout.resolve(reference))
    assert (len(made.mounted), len(made.sent)) == (0, 3)


def test_a_neighbour_that_never_was_costs_no_second_request(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    reference = parse(wine(faulty, layout))
    made = push(layout, parse(f"{faulty.host}/team/beer:v1"), registry, source=layout.resolve(reference))
    assert len(made.sent) == 3
    assert faulty.count("POST ") == 3


@pytest.mark.usefixtures("small_chunks")
def test_large_blobs_go_in_chunks(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    push(layout, parse(wine(faulty, layout)), registry)
    assert [each.headers["content-range"] for each in faulty.seen if each.method == "PATCH"] == [
        "0-14999",
        "15000-29999",
        "30000-44999",
        "45000-49999",
    ]
    assert faulty.blobs["team/wine", digest_of(MODEL)] == MODEL


@pytest.mark.usefixtures("small_chunks")
def test_a_cut_chunk_goes_on_where_the_registry_stands(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    faulty.rule("PATCH", lambda handler: swallowing(7_000)(handler), times=1)
    push(layout, parse(wine(faulty, layout)), registry)
    ranges = [each.headers["content-range"] for each in faulty.seen if each.method == "PATCH"]
    assert ranges[:2] == ["0-14999", "7000-21999"]
    assert faulty.count("POST .*/uploads/") == 3
    assert faulty.blobs["team/wine", digest_of(MODEL)] == MODEL


@pytest.mark.usefixtures("small_chunks")
def test_chunks_that_are_cut_again_and_again_arrive_as_long_as_some_bytes_do(
    faulty: Faulty, registry: Registry, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "ATTEMPTS", 3)
    faulty.rule("PATCH", swallowing(4_000), times=12)
    push(layout, parse(wine(faulty, layout)), registry)
    assert faulty.blobs["team/wine", digest_of(MODEL)] == MODEL
    assert faulty.count("POST .*/uploads/") == 3


@pytest.mark.usefixtures("small_chunks")
def test_an_upload_that_the_registry_forgot_begins_anew(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    def forget(handler: Handler) -> None:
        faulty.uploads.clear()
        handler.cut()

    faulty.rule("PATCH", forget, times=1)
    push(layout, parse(wine(faulty, layout)), registry)
    assert faulty.blobs["team/wine", digest_of(MODEL)] == MODEL


@pytest.mark.usefixtures("small_chunks")
def test_another_place_than_ours_is_asked_for(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    def advance(handler: Handler) -> None:
        swallowing(5_000)(handler)

    faulty.rule("PATCH", advance, times=1)
    faulty.rule("GET .*/uploads/", status(503), times=2)
    push(layout, parse(wine(faulty, layout)), registry)
    assert faulty.blobs["team/wine", digest_of(MODEL)] == MODEL


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("code", [400, 404, 405, 413, 501])
def test_a_registry_without_chunks_gets_all_at_once(
    faulty: Faulty, registry: Registry, layout: Layout, code: int
) -> None:
    faulty.rule("PATCH", status(code, "UNSUPPORTED"))
    push(layout, parse(wine(faulty, layout)), registry)
    assert faulty.blobs["team/wine", digest_of(MODEL)] == MODEL
    push(layout, parse(wine(faulty, layout, "v2", (MODEL + b"x", b"data"))), registry)
    assert faulty.count("PATCH") == 1


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    ("host", "is_chunked"),
    [("ghcr.io", False), ("eu.gcr.io", False), ("123.dkr.ecr.eu-west-1.amazonaws.com", False), ("xghcr.io", True)],
)
def test_hosts_that_are_known_for_refusing_chunks(layout: Layout, host: str, is_chunked: bool) -> None:
    from nbmlops.package.registry.watch import Watch

    descriptor = package(layout, "wine:v1", [MODEL])
    blob = layout.manifest(descriptor).layers[0]  # type: ignore[index]
    with Registry(host) as registry:
        one = upload.Upload(registry, "a", layout, blob, neighbour="", watch=Watch())
        assert one.is_chunked is is_chunked


@pytest.mark.parametrize(
    "pattern", ["HEAD .*/blobs/", "POST .*/uploads/", "PUT .*/uploads/", "HEAD .*/manifests/", "PUT .*/manifests/"]
)
@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_registry_that_is_unwell_for_a_while(
    faulty: Faulty, registry: Registry, layout: Layout, pattern: str, code: int
) -> None:
    reference = parse(wine(faulty, layout))
    faulty.rule(pattern, status(code, Retry_After=0), times=2)
    push(layout, reference, registry)
    assert faulty.manifests["team/wine", "v1"][1] == layout.read(layout.resolve(reference).digest)


@pytest.mark.parametrize(
    "pattern", ["HEAD .*/blobs/", "POST .*/uploads/", "PUT .*/uploads/", "HEAD .*/manifests/", "PUT .*/manifests/"]
)
def test_cut_connections(faulty: Faulty, registry: Registry, layout: Layout, pattern: str) -> None:
    reference = parse(wine(faulty, layout))
    registry.has_blob("team/wine", layout.resolve(reference))
    faulty.rule(pattern, lambda handler: handler.cut(), times=2)
    push(layout, reference, registry)
    assert ("team/wine", "v1") in faulty.manifests


@pytest.mark.parametrize(
    ("pattern", "code", "kind", "error", "words"),
    [
        ("POST .*/uploads/", 401, "UNAUTHORIZED", DeniedError, "wants a login.*nbmlops login"),
        ("POST .*/uploads/", 403, "DENIED", DeniedError, "does not allow to push to team/wine: the reason.*login"),
        ("POST .*/uploads/", 404, "NAME_UNKNOWN", NotFoundError, "the reason"),
        ("PUT .*/uploads/", 400, "DIGEST_INVALID", IntegrityError, "the reason"),
        ("PUT .*/uploads/", 413, "X", ExternalError, r"HTTP 413\): the reason"),
        ("PUT .*/uploads/", 500, "X", UnavailableError, r"HTTP 500\): the reason"),
        ("PUT .*/uploads/", 507, "X", UnavailableError, "the reason"),
        ("PUT .*/manifests/", 400, "TAG_INVALID", UsageError, "the reason"),
        ("PUT .*/manifests/", 400, "MANIFEST_INVALID", ExternalError, "the reason"),
        ("PUT .*/manifests/", 429, "TOOMANYREQUESTS", UnavailableError, "the reason"),
        ("PUT .*/manifests/", 405, "UNSUPPORTED", ExternalError, "does not offer to push to team/wine"),
    ],
)
def test_what_a_registry_refuses_is_one_line_and_leaves_no_tag(
    faulty: Faulty,
    registry: Registry,
    layout: Layout,
    pattern: str,
    code: int,
    kind: str,
    error: type[NbmlopsError],
    words: str,
) -> None:
    reference = parse(wine(faulty, layout))
    faulty.rule(pattern, status(code, kind, "the reason\n\x1b[31m" + "very " * 200 + "long"))
    with pytest.raises(error, match=words) as caught:
        push(layout, reference, registry)
    assert faulty.manifests == {}
    assert len(str(caught.value)) < 450
    assert str(caught.value).isprintable()
    assert caught.value.hint
    faulty.rules.clear()
    push(layout, reference, registry)
    assert ("team/wine", "v1") in faulty.manifests


def test_a_registry_that_is_down(layout: Layout) -> None:
    package(layout, "127.0.0.1:1/wine:v1", [b"x"])
    with (
        Registry("127.0.0.1:1") as registry,
        pytest.raises(UnavailableError, match=r":1 cannot be reached"),
    ):
        push(layout, parse("127.0.0.1:1/wine:v1"), registry)


def test_a_registry_that_wants_to_be_left_alone_for_an_hour(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    faulty.rule("HEAD", status(429, Retry_After=3600))
    with pytest.raises(UnavailableError, match="Try again in 3600 s"):
        push(layout, parse(wine(faulty, layout, layers=(b"x",))), registry)
    assert faulty.count("HEAD") <= 2


@pytest.mark.parametrize(
    ("date", "seconds"),
    [("Wed, 21 Oct 2099 07:28:00 GMT", True), ("Wed, 21 Oct 2015 07:28:00 GMT", False), ("nan", False), ("inf", False)],
)
def test_dates_at_which_to_come_back(date: str, seconds: bool) -> None:
    assert (retry_after({"Retry-After": date}) > 0) is seconds


def test_a_damaged_blob_of_ours_is_refused_and_nothing_is_tagged(
    faulty: Faulty, registry: Registry, layout: Layout
) -> None:
    reference = parse(wine(faulty, layout))
    layout.path(digest_of(MODEL)).write_bytes(MODEL[:-1] + b"?")
    with pytest.raises(IntegrityError, match="damaged on this machine"):
        push(layout, reference, registry)
    assert faulty.manifests == {}


def test_a_blob_that_is_gone_is_named_before_anything_is_sent(
    faulty: Faulty, registry: Registry, layout: Layout
) -> None:
    reference = parse(wine(faulty, layout))
    layout.path(digest_of(MODEL)).unlink()
    with pytest.raises(StateError, match=digest_of(MODEL)[:19]):
        push(layout, reference, registry)
    assert faulty.seen == []


def test_a_damaged_blob_in_the_registry_is_sent_again(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    faulty.blobs["team/wine", digest_of(MODEL)] = MODEL[:100]
    push(layout, parse(wine(faulty, layout)), registry)
    assert faulty.blobs["team/wine", digest_of(MODEL)] == MODEL


def test_equal_blobs_go_once(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    made = push(layout, parse(wine(faulty, layout, layers=(MODEL, MODEL, b""))), registry)
    assert faulty.count("PUT .*/uploads/") == len(made.sent) == 3


def test_progress_is_told_one_call_at_a_time_and_ends_whole(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    told: dict[str, list[tuple[int, int]]] = {}
    busy = threading.Lock()

    def hear(digest: str, done: int, size: int) -> None:
        assert busy.acquire(blocking=False)
        told.setdefault(digest, []).append((done, size))
        busy.release()

    push(layout, parse(wine(faulty, layout)), registry, told=hear)
    assert len(told) == 3
    assert all(steps[-1][0] == steps[-1][1] for steps in told.values())


def test_one_failure_stops_the_others(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    faulty.rule(f"HEAD .*{digest_of(b'data')}", status(403, "DENIED"))
    layers = (b"data", *(os.urandom(1000) for _ in range(40)))
    with pytest.raises(DeniedError, match="does not allow"):
        push(layout, parse(wine(faulty, layout, layers=layers)), registry)
    assert faulty.manifests == {}


def test_a_user_who_has_had_enough(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    def enough(digest: str, done: int, size: int) -> None:
        raise KeyboardInterrupt

    reference = parse(wine(faulty, layout))
    with pytest.raises((KeyboardInterrupt, InterruptedRunError)):
        push(layout, reference, registry, told=enough)
    assert faulty.manifests == {}
    push(layout, reference, registry)


def test_nobody_waits_for_a_silent_server_after_an_interruption(
    faulty: Faulty, registry: Registry, layout: Layout
) -> None:
    asked, over = threading.Event(), threading.Event()

    def silent(handler: Handler) -> None:
        asked.set()
        over.wait(60)

    def interrupt() -> None:
        asked.wait(60)
        _thread.interrupt_main()

    reference = parse(wine(faulty, layout))
    faulty.rule("HEAD", silent)
    other = threading.Thread(target=interrupt)
    other.start()
    with pytest.raises(KeyboardInterrupt):
        push(layout, reference, registry)
    assert not over.is_set()
    over.set()
    other.join()


def test_uploads_that_are_redirected_and_relative_places(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    def moved(handler: Handler) -> None:
        handler.faulty.uploads["x"] = bytearray()
        handler.answer(202, Location="x?state=1", Range="0-0")

    faulty.rule(r"POST .*/uploads/$", redirect(f"http://{faulty.host}/v2/team/wine/blobs/uploads/?again"), times=1)
    faulty.rule(r"POST .*/uploads/\?again", moved, times=1)
    push(layout, parse(wine(faulty, layout, layers=())), registry)
    assert faulty.count(r"PUT /v2/team/wine/blobs/uploads/x\?state=1&digest=") == 1


def test_a_digest_can_be_pushed_without_a_tag(faulty: Faulty, registry: Registry, layout: Layout) -> None:
    digest = layout.resolve(parse(wine(faulty, layout))).digest
    push(layout, parse(f"{faulty.host}/team/wine@{digest}"), registry)
    assert set(faulty.manifests) == {("team/wine", digest)}
    with pytest.raises(UsageError, match="The package is"):
        push(
            layout,
            parse(f"{faulty.host}/team/wine@sha256:{'0' * 64}"),
            registry,
            source=layout.resolve(parse(f"{faulty.host}/team/wine:v1")),
        )
