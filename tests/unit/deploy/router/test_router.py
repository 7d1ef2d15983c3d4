"""Who answers which request, and what is done when a replica dies or is silent."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from nbmlops.deploy.router import router
from tests.unit.deploy.router.place import Place, length_of, read_reply, request, saying
from tests.unit.deploy.router.test_caller import told


async def dying(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()
    raise OSError


async def half(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it")
    await writer.drain()
    await dying(head, reader, writer)


async def silent(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def ask(place: Place, count: int, more: str = "") -> Counter[bytes]:
    found: Counter[bytes] = Counter()
    async with place.line() as (reader, writer):
        for _ in range(count):
            writer.write(request(more=more))
            found[(await read_reply(reader))[2]] += 1
    return found


@pytest.mark.parametrize("percent", [0, 1, 20, 33, 50, 99, 100])
def test_the_share_of_a_canary_is_exact(tmp_path: Path, percent: int) -> None:
    async def story(place: Place) -> None:
        await place.replica(1, saying("one"))
        await place.replica(2, saying("two"))
        place.router.pools.share(1, 2, percent, 0)
        found = await ask(place, 200)
        assert found[b"two"] == 2 * percent
        assert found[b"one"] == 200 - 2 * percent
        assert await ask(place, 3, "X-Nbmlops-Revision: 2\r\n") == {b"two": 3}

    told(tmp_path, story)


def test_a_canary_that_is_not_ready_is_asked_nothing(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await place.replica(1, saying("one"))
        place.router.pools.share(1, 2, 50, 0)
        assert await ask(place, 10) == {b"one": 10}

    told(tmp_path, story)


def test_replicas_take_turns(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        for name in ("a", "b", "c"):
            await place.replica(1, saying(name))
        place.router.pools.share(1, 0, 0, 0)
        assert await ask(place, 30) == {b"a": 10, b"b": 10, b"c": 10}

    told(tmp_path, story)


def test_a_request_whose_replica_dies_is_asked_of_another_one(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await place.replica(1, dying)
        await place.replica(1, saying("well"))
        place.router.pools.share(1, 0, 0, 0)
        assert await ask(place, 5) == {b"well": 5}

    told(tmp_path, story)


def test_a_request_that_kills_two_replicas_is_given_up(tmp_path: Path) -> None:
    died = 0

    async def counted(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal died
        died += 1
        await dying(head, reader, writer)

    async def story(place: Place) -> None:
        for _ in range(4):
            await place.replica(1, counted)
        place.router.pools.share(1, 0, 0, 0)
        assert b"503 " in await place.send(request())

    told(tmp_path, story)
    assert died == 2


def test_half_an_answer_is_not_made_a_whole_one(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await place.replica(1, half)
        await place.replica(1, half)
        place.router.pools.share(1, 0, 0, 0)
        async with place.line() as (reader, writer):
            writer.write(request())
            with pytest.raises((asyncio.IncompleteReadError, OSError)):
                await read_reply(reader)
        assert place.router.pools.of(1).traffic().failed == 1

    told(tmp_path, story)


def test_a_replica_that_closes_between_two_requests_is_no_failure(tmp_path: Path) -> None:
    async def once(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await saying("again")(head, reader, writer)
        await writer.drain()
        await dying(head, reader, writer)

    async def story(place: Place) -> None:
        await place.replica(1, once)
        place.router.pools.share(1, 0, 0, 0)
        assert await ask(place, 20) == {b"again": 20}

    told(tmp_path, story)


def test_a_silent_replica_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "ANSWER_SECONDS", 0.2)

    async def story(place: Place) -> None:
        backend = await place.replica(1, silent)
        place.router.pools.share(1, 0, 0, 0)
        assert b"504 " in await place.send(request())
        assert backend.under_way == 0
        assert place.router.pools.of(1).traffic().failed == 1

    told(tmp_path, story)


@pytest.mark.parametrize(("bound", "status"), [("MOST_UNDER_WAY", 503), ("MOST_OF_ONE", 429)])
def test_too_many_at_once_are_sent_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, status: int
) -> None:
    monkeypatch.setattr(router, bound, 2)
    go_on = asyncio.Event()

    async def waiting(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        await saying("late")(head, reader, writer)

    async def story(place: Place) -> None:
        await place.replica(1, waiting)
        place.router.pools.share(1, 0, 0, 0)
        taken = [asyncio.ensure_future(place.send(request())) for _ in range(2)]
        while place.router.pools.of(1).ready[0][1].under_way < 2:
            await asyncio.sleep(0.01)
        away = await place.send(request())
        assert away.startswith(b"HTTP/1.1 %d " % status)
        assert b"\r\nretry-after: 1\r\n" in away
        elsewhere = asyncio.ensure_future(place.send(request(), source="127.0.0.2"))
        await asyncio.sleep(0.1)
        assert elsewhere.done() == (status == 503)
        go_on.set()
        assert all(each.endswith(b"late") for each in await asyncio.gather(*taken))
        assert (await elsewhere).endswith(b"late") == (status == 429)
        assert (await place.send(request())).endswith(b"late")

    told(tmp_path, story)


def test_whoever_leaves_frees_the_replica_and_is_no_failure_of_it(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        backend = await place.replica(1, silent)
        place.router.pools.share(1, 0, 0, 0)
        async with place.line() as (_, writer):
            writer.write(request())
            while backend.under_way == 0:
                await asyncio.sleep(0.01)
        while backend.under_way:
            await asyncio.sleep(0.01)
        pool = place.router.pools.of(1)
        while not pool.requests:
            await asyncio.sleep(0.01)
        assert pool.failed == 0

    told(tmp_path, story)


def test_a_shadow_is_asked_the_same_and_its_answers_are_counted(tmp_path: Path) -> None:
    bodies: list[bytes] = []

    async def shadow(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append(await reader.readexactly(length_of(head)))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx-other: header\r\n\r\n%s" % bodies[-1][:3])

    async def story(place: Place) -> None:
        await place.replica(1, saying("one"))
        await place.replica(2, shadow)
        place.router.pools.share(1, 0, 0, 2)
        async with place.line() as (reader, writer):
            for body in (b"one too", b"two"):
                writer.write(request(body))
                assert (await read_reply(reader))[2] == b"one"
        pool = place.router.pools.of(2)
        while pool.requests < 2:
            await asyncio.sleep(0.01)
        assert (pool.requests, pool.differing) == (2, 1)

    told(tmp_path, story)
    assert bodies == [b"one too", b"two"]


def test_a_long_answer_passes_at_the_pace_of_who_reads_it(tmp_path: Path) -> None:
    size = 8 << 20

    async def long(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(length_of(head))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(size >> 16):
            writer.write(b"x" * (1 << 16))
            await writer.drain()

    async def story(place: Place) -> None:
        await place.replica(1, long)
        place.router.pools.share(1, 0, 0, 0)
        async with place.line() as (reader, writer):
            writer.write(request())
            head = await reader.readuntil(b"\r\n\r\n")
            left = length_of(head)
            await asyncio.sleep(0.3)
            while left:
                left -= len(await reader.read(1 << 16))

    told(tmp_path, story)
