"""One connection to a replica: a request goes out, an answer comes back and is passed on as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httptools

Pass = Callable[[bytes], None]


class GoneError(Exception):
    """The replica has closed the connection. `began`: a part of its answer was passed on already.

    Between the parts of the router only: callers and users are told in other words.
    """

    def __init__(self, began: bool) -> None:
        super().__init__("the replica is gone")
        self.began = began


class Upstream(asyncio.Protocol):
    """Asks one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._pass: Pass | None = None
        self._done: asyncio.Future[int] | None = None
        self._began = False
        self._is_head = False
        self.is_open = False

    async def ask(self, request: bytes, passed: Pass, *, is_head: bool = False) -> int:
        """The status, once the whole answer is passed on. Raises GoneError."""
        if self._transport is None or not self.is_open:
            raise GoneError(began=False)
        self._parser = httptools.HttpResponseParser(self)
        self._pass = passed
        self._began = False
        self._is_head = is_head
        self._done = asyncio.get_running_loop().create_future()
        try:
            self._transport.write(request)
            return await self._done
        except asyncio.CancelledError:
            # What is still to come belongs to a request that nobody waits for.
            self.close()
            raise
        finally:
            self._done = self._pass = self._parser = None

    def close(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.close()

    def hold(self) -> None:
        """Whoever reads the answer is slower than who writes it."""
        if self._transport is not None and self.is_open:
            self._transport.pause_reading()

    def go_on(self) -> None:
        if self._transport is not None and self.is_open:
            self._transport.resume_reading()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        if self._parser is None or self._pass is None:
            # Nobody has asked anything: it is no replica that can be trusted with the next request.
            self.close()
            return
        self._began = True
        self._pass(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail()
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._fail()

    # httptools

    def on_headers_complete(self) -> None:
        if self._is_head:
            # It says the length of a body that does not follow, which the parser would wait for.
            self._complete()
            self.close()

    def on_message_complete(self) -> None:
        self._complete()
        if self._parser is not None and not self._parser.should_keep_alive():
            self.close()

    def _complete(self) -> None:
        if self._done is not None and not self._done.done() and self._parser is not None:
            self._done.set_result(self._parser.get_status_code())

    def _fail(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(GoneError(self._began))
