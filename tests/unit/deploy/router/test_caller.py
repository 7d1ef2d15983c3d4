"""What callers may send, and what they get."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from nbmlops.deploy.router import caller, pools
from tests.unit.deploy.router.place import TOKEN, Place, length_of, read_reply, request, saying

Story = Callable[[Place], Awaitable[None]]


def told(tmp_path: Path, story: Story, token: str = TOKEN) -> None:
    async def tell() -> None:
        async with Place(tmp_path, token) as place:
            await story(place)

    asyncio.run(tell())


def test_requests_of_one_connection_are_answered_in_turn(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await place.replica(1, saying("one"))
        place.router.pools.share(1, 0, 0, 0)
        async with place.line() as (reader, writer):
            # The second is there before the first is answered; the third comes byte by byte.
            writer.write(request() + request(b"[1]"))
            for _ in range(2):
                assert (await read_reply(reader))[::2] == (200, b"one")
            for byte in request(b"{}"):
                writer.write(bytes([byte]))
                await asyncio.sleep(0)
            assert (await read_reply(reader))[::2] == (200, b"one")

    told(tmp_path, story)


def test_chunks_arrive_whole_and_what_is_between_caller_and_router_is_not_passed_on(tmp_path: Path) -> None:
    heads: list[bytes] = []
    bodies: list[bytes] = []

    async def echo(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        bodies.append(await reader.readexactly(length_of(head)))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async def story(place: Place) -> None:
        await place.replica(1, echo)
        place.router.pools.share(1, 0, 0, 0)
        async with place.line() as (reader, writer):
            head = (
                f"POST /invocations?a=b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nX-Request-Id: mine\r\n"
                "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nX-Mine: kept\r\n\r\n"
            )
            writer.write(head.encode())
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            assert (await read_reply(reader))[0] == 200

    told(tmp_path, story)
    assert bodies == [b"abcde"]
    lines = heads[0].lower().split(b"\r\n")
    assert lines[0] == b"post /invocations?a=b http/1.1"
    assert {b"x-mine: kept", b"x-request-id: mine", b"content-length: 5"} <= set(lines)
    assert not any(line.startswith((b"authorization", b"transfer-encoding", b"expect")) for line in lines)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400),
        (request(token="guess"), 401),
        (b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 401),
        (request(more="X-Nbmlops-Revision: 7\r\n"), 404),
        (request(more="X-Nbmlops-Revision: x\r\n"), 404),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 70_000, 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
def test_what_is_refused(tmp_path: Path, sent: bytes, status: int) -> None:
    async def story(place: Place) -> None:
        await place.replica(1, saying("one"))
        place.router.pools.share(1, 0, 0, 0)
        reply = await place.send(sent)
        assert reply.startswith(b"HTTP/1.1 %d " % status), reply
        assert b'{"error":"' in reply
        # Others are answered as ever.
        assert (await place.send(request())).endswith(b"one")

    told(tmp_path, story)


def test_an_upgrade_is_not_taken_up(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await place.replica(1, saying("one"))
        place.router.pools.share(1, 0, 0, 0)
        upgrade = request(more="Upgrade: websocket\r\nConnection: Upgrade\r\n")
        async with place.line() as (reader, writer):
            writer.write(upgrade + b"GET / HTTP/1.1\r\n\r\n")
            reply = await reader.read()
        assert reply.startswith(b"HTTP/1.1 200 OK\r\n")
        assert reply.endswith(b"one")

    told(tmp_path, story)


def test_a_body_that_grows_too_long_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "MOST_BODY_BYTES", 1000)

    async def story(place: Place) -> None:
        await place.replica(1, saying("one"))
        place.router.pools.share(1, 0, 0, 0)
        head = f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        head += "Transfer-Encoding: chunked\r\n\r\n"
        reply = await place.send(
            head.encode() + b"258\r\n" + b"a" * 600 + b"\r\n258\r\n" + b"a" * 600 + b"\r\n0\r\n\r\n"
        )
        assert reply.startswith(b"HTTP/1.1 413 ")

    told(tmp_path, story)


def test_whoever_sends_too_slowly_is_told_and_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "REQUEST_SECONDS", 0.2)

    async def story(place: Place) -> None:
        async with place.line() as (reader, writer):
            writer.write(request(b"12345")[:-2])
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        assert place.callers == set()

    told(tmp_path, story)


def test_a_connection_that_nobody_uses_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "IDLE_SECONDS", 0.2)

    async def story(place: Place) -> None:
        async with place.line() as (reader, _):
            assert await reader.read() == b""

    told(tmp_path, story)


def test_probes_need_no_token_and_are_answered_without_a_replica(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        get = "GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert b"200 OK" in await place.send(get.format("/healthz/live").encode())
        assert b"503 Service" in await place.send(get.format("/healthz/ready").encode())
        await place.replica(1, saying("one"))
        place.router.pools.share(1, 0, 0, 0)
        assert (await place.send(get.format("/healthz/ready").encode())).endswith(b'{"ready":true}')
        assert b"401 " in await place.send(get.format("/metrics").encode())

    told(tmp_path, story)


def test_without_a_replica_callers_wait_and_are_sent_away_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "WAIT_SECONDS", 0.3)

    async def story(place: Place) -> None:
        assert b"503 " in await place.send(request())
        place.router.pools.share(1, 0, 0, 0)
        reply = await place.send(request())
        assert b"503 " in reply
        assert b"retry-after: 1" in reply
        waiting = asyncio.ensure_future(place.send(request()))
        await asyncio.sleep(0.05)
        await place.replica(1, saying("one"))
        assert (await waiting).endswith(b"one")

    told(tmp_path, story)
