"""One caller's connection: requests within bounds, one answered after the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque

import httptools

from nbmlops.deploy.router.local import Local
from nbmlops.deploy.router.message import Asked, refusal
from nbmlops.deploy.router.router import CALLER_BUSY, Router
from nbmlops.deploy.router.upstream import GoneError, Upstream
from nbmlops.errors import NotFoundError, UnavailableError

logger = logging.getLogger("nbmlops.router")

MOST_HEAD_BYTES = 64 << 10
MOST_BODY_BYTES = 64 << 20
REQUEST_SECONDS = 30.0
"""From the first byte of a request to its last."""
IDLE_SECONDS = 75.0
_MOST_AHEAD = 16
"""Requests that a caller may send before the first is answered."""


class Caller(asyncio.Protocol):
    def __init__(self, router: Router, local: Local, callers: set[Caller]) -> None:
        self._router = router
        self._local = local
        self._callers = callers
        self._waiting: deque[Asked] = deque()
        self._task: asyncio.Task[None] | None = None
        self._held: list[Upstream] = []
        self._clock: asyncio.TimerHandle | None = None
        self._is_ending = False
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()
        self._head_bytes = 0
        self._has_head = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        self._callers.add(self)
        self._time(IDLE_SECONDS, self._close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._callers.discard(self)
        self._stop_clock()
        self._is_ending = True
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        for each in self._held:
            each.hold()

    def resume_writing(self) -> None:
        for each in self._held:
            each.go_on()

    def data_received(self, data: bytes) -> None:
        if self._is_ending:
            return
        if not self._has_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request itself is answered; in whatever other protocol the caller goes on, nobody listens.
            self._is_ending = True
            return
        except httptools.HttpParserError as error:
            if not self._is_ending:
                self._refuse(400, f"This is no HTTP request: {str(error)[:100]}.")
            return
        if not self._has_head and self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(431, "The headers of the request are too long.")

    # httptools

    def on_message_begin(self) -> None:
        if self._task is None:
            self._time(REQUEST_SECONDS, self._too_slow)

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._has_head = True
        for name, value in self._headers:
            if name == b"expect" and value.lower() == b"100-continue":
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if name == b"content-length" and value.isdigit() and int(value) > MOST_BODY_BYTES:
                self._too_large()

    def on_body(self, data: bytes) -> None:
        if self._is_ending:
            return
        self._body += data
        if len(self._body) > MOST_BODY_BYTES:
            self._too_large()

    def on_message_complete(self) -> None:
        if self._is_ending:
            return
        self._waiting.append(
            Asked(
                method=self._parser.get_method(),
                target=self._target,
                headers=self._headers,
                body=bytes(self._body),
                is_kept=self._parser.should_keep_alive(),
            )
        )
        self._target, self._headers, self._body = b"", [], bytearray()
        self._head_bytes, self._has_head = 0, False
        if len(self._waiting) >= _MOST_AHEAD:
            self._transport.pause_reading()
        if self._task is None:
            self._stop_clock()
            self._task = asyncio.get_running_loop().create_task(self._answer_all())

    # Answers

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                asked = self._waiting.popleft()
                if len(self._waiting) < _MOST_AHEAD:
                    with contextlib.suppress(RuntimeError):
                        self._transport.resume_reading()
                is_kept = await self._answer(asked)
                if not is_kept or not asked.is_kept or self._is_ending:
                    self._close()
                    return
        finally:
            self._task = None
        self._time(IDLE_SECONDS, self._close)

    async def _answer(self, asked: Asked) -> bool:
        """Whether the connection can be used on."""
        write = self._transport.write
        has_begun = False

        def passed(data: bytes) -> None:
            nonlocal has_begun
            has_begun = True
            write(data)

        try:
            if not self._router.is_allowed(asked):
                message = "This service asks for a token: Authorization: Bearer TOKEN."
                write(refusal(401, message, is_kept=asked.is_kept, headers=b"www-authenticate: Bearer\r\n"))
            elif (told := await self._local.answer(asked)) is not None:
                write(told)
            else:
                await self._router.answer(asked, passed, self._held, self._address)
        except UnavailableError as error:
            status = 429 if error.kind == CALLER_BUSY else 503
            write(refusal(status, str(error), is_kept=asked.is_kept, retry=True))
        except NotFoundError as error:
            write(refusal(404, str(error), is_kept=asked.is_kept))
        except (TimeoutError, GoneError):
            if has_begun:
                # Half an answer is out already: nothing but its end tells the caller.
                self._transport.abort()
            else:
                write(refusal(504, "The model has not answered in time.", is_kept=False))
            return False
        except Exception:
            logger.exception("A request could not be answered")
            write(refusal(500, "The router has failed: see its log.", is_kept=False))
            return False
        return True

    def _too_slow(self) -> None:
        self._refuse(408, f"The request has not come within {REQUEST_SECONDS:.0f} seconds.")

    def _too_large(self) -> None:
        self._refuse(413, f"The request is longer than {MOST_BODY_BYTES >> 20} MiB.")

    def _refuse(self, status: int, message: str) -> None:
        if self._is_ending:
            return
        self._is_ending = True
        if self._task is None:
            self._transport.write(refusal(status, message, is_kept=False))
            self._close()

    # The end

    def end(self) -> None:
        """After the answer that is under way, if one is."""
        self._is_ending = True
        if self._task is None:
            self._close()

    def _close(self) -> None:
        self._is_ending = True
        self._stop_clock()
        self._transport.close()

    def _time(self, seconds: float, then: object) -> None:
        self._stop_clock()
        assert callable(then)
        self._clock = asyncio.get_running_loop().call_later(seconds, then)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
