"""A replica as the router sees it: where it listens, and connections to it that are kept."""

from __future__ import annotations

import asyncio

from nbmlops.deploy.router.message import Asked
from nbmlops.deploy.router.upstream import GoneError, Pass, Upstream

_CONNECT_SECONDS = 5.0


class Backend:
    """`address`: the path of a socket, or a port on loopback."""

    def __init__(self, address: str | int, number: int = 0) -> None:
        self._address = address
        self.number = number
        """Of the replica."""
        self._idle: list[Upstream] = []
        self.under_way = 0
        self.is_closed = False

    async def ask(self, asked: Asked, passed: Pass, held: list[Upstream] | None = None) -> int:
        """The status of the answer, which is passed on as it comes. Raises GoneError.

        A connection that the replica has closed meanwhile is found out by asking: then another one is made.
        `held` has the connection while it is used.
        """
        self.under_way += 1
        try:
            data, is_head = asked.passed_on(), asked.method == b"HEAD"
            while self._idle:
                kept = self._idle.pop()
                if not kept.is_open:
                    continue
                try:
                    return await self._through(kept, data, passed, is_head, held)
                except GoneError as error:
                    if error.began:
                        raise
            return await self._through(await self._connected(), data, passed, is_head, held)
        finally:
            self.under_way -= 1

    async def _through(
        self, upstream: Upstream, data: bytes, passed: Pass, is_head: bool, held: list[Upstream] | None
    ) -> int:
        if held is not None:
            held[:] = [upstream]
        try:
            status = await upstream.ask(data, passed, is_head=is_head)
        finally:
            if held is not None:
                held.clear()
        if upstream.is_open and not self.is_closed:
            upstream.go_on()
            self._idle.append(upstream)
        else:
            upstream.close()
        return status

    async def _connected(self) -> Upstream:
        """Raises GoneError."""
        loop = asyncio.get_running_loop()
        connecting = (
            loop.create_unix_connection(Upstream, self._address)
            if isinstance(self._address, str)
            else loop.create_connection(Upstream, "127.0.0.1", self._address)
        )
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, upstream = await connecting
        except OSError as error:
            raise GoneError(began=False) from error
        return upstream

    def close(self) -> None:
        """Connections that are used are closed by who uses them."""
        self.is_closed = True
        for each in self._idle:
            each.close()
        self._idle.clear()
