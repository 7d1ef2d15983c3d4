"""A router on loopback, in this process, and replicas that do what a test wants of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from nbmlops.deploy.router.backend import Backend
from nbmlops.deploy.router.caller import Caller
from nbmlops.deploy.router.local import Local
from nbmlops.deploy.router.router import Router

TOKEN = "between-us"
Behaviour = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Head of a request -> what is done with its connection."""


class Place:
    def __init__(self, folder: Path, token: str = TOKEN) -> None:
        self.router = Router(token)
        self.callers: set[Caller] = set()
        self.port = 0
        self._folder = folder
        self._stack = contextlib.AsyncExitStack()
        self._count = 0
        self._serving: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Place:
        local = Local(self.router.pools)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Caller(self.router, local, self.callers), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._stack.callback(server.close)
        return self

    async def __aexit__(self, *error: object) -> None:
        for each in list(self.callers):
            each.end()
        await self._stack.aclose()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        # Transports are closed by the loop's next turn.
        await asyncio.sleep(0)

    async def replica(self, revision: int, behaviour: Behaviour) -> Backend:
        """One more of a revision, which is ready at once."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._serving.append(task)
            with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    await behaviour(head, reader, writer)

        self._count += 1
        path = self._folder / f"{self._count}.sock"
        server = await asyncio.start_unix_server(serve, path)
        self._stack.callback(server.close)
        backend = Backend(str(path), self._count)
        self._stack.callback(backend.close)
        self.router.pools.of(revision).add(backend)
        return backend

    async def send(self, data: bytes, source: str = "127.0.0.1") -> bytes:
        """All that comes back until the router closes the connection, as it is asked to."""
        async with asyncio.timeout(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
            writer.write(data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            found = await reader.read()
            writer.close()
            return found

    @contextlib.asynccontextmanager
    async def line(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(20):
                yield reader, writer
        finally:
            writer.close()


def saying(text: str) -> Behaviour:
    """Answers every request with this."""

    async def answer(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(length_of(head))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(text), text.encode()))

    return answer


def length_of(head: bytes) -> int:
    found = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(found[0].partition(b":")[2]) if found else 0


def request(body: bytes = b"{}", path: str = "/invocations", token: str = TOKEN, more: str = "") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


async def read_reply(reader: asyncio.StreamReader) -> tuple[int, bytes, bytes]:
    """Status, head and body of one reply."""
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head.split()[1]), head, await reader.readexactly(length_of(head))
