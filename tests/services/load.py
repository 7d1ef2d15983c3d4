"""Many requests over a few connections that are kept, on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec


class Reply(msgspec.Struct, frozen=True):
    status: int
    revision: int
    body: bytes


async def load(
    port: int,
    token: str,
    path: str,
    body: bytes,
    *,
    count: int,
    connections: int,
    midway: Callable[[], Awaitable[object]] | None = None,
) -> list[Reply]:
    """`midway` is awaited once half of the requests are sent, while the others go on. A connection that breaks counts
    as a reply of status 0, and another one is made.
    """
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body
    replies: list[Reply] = []
    left = count
    half = asyncio.Event()

    async def one() -> None:
        nonlocal left
        line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while left > 0:
            left -= 1
            if left <= count // 2:
                half.set()
            try:
                line = line or await asyncio.open_connection("127.0.0.1", port)
                line[1].write(request)
                replies.append(await _reply(line[0]))
            except (OSError, asyncio.IncompleteReadError):
                replies.append(Reply(0, 0, b""))
                line = None
        if line is not None:
            line[1].close()

    async def once() -> None:
        await half.wait()
        if midway is not None:
            await midway()

    await asyncio.gather(once(), *(one() for _ in range(connections)))
    return replies


async def _reply(reader: asyncio.StreamReader) -> Reply:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Reply(int(first.split()[1]), int(headers.get("x-nbmlops-revision", 0)), body)
