"""Requests of all callers, passed on to the revision whose turn it is."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections import Counter

import httptools

from nbmlops.deploy.router.backend import Backend
from nbmlops.deploy.router.message import REVISION, Asked
from nbmlops.deploy.router.pools import Pool, Pools
from nbmlops.deploy.router.upstream import GoneError, Pass, Upstream
from nbmlops.errors import NotFoundError, UnavailableError

logger = logging.getLogger("nbmlops.router")

ANSWER_SECONDS = 60.0
MOST_UNDER_WAY = 1024
"""Requests; further ones are sent away."""
MOST_OF_ONE = 512
"""Of one caller, so that others find a place."""
CALLER_BUSY = "caller-busy"
_TRIES = 2
"""Of a request whose replica has died. One that kills each replica it meets shall not kill them all."""
_MOST_SHADOWED = 64
_CALLER_LEFT = 499
"""Counted for a caller who has closed the line, be it after the last byte of the answer: the model has not failed."""
_PROBES = (b"/healthz/live", b"/healthz/ready", b"/v2/health/live", b"/v2/health/ready", b"/ping", b"/health")
_FREE = frozenset({b"/", b"/version", *_PROBES})
"""What probes ask, and the page, without a token: as in the service. Replicas have no token of their own."""


class Router:
    def __init__(self, token: str) -> None:
        self.pools = Pools()
        self._token = token.encode()
        self._under_way = 0
        self._of: Counter[str] = Counter()
        """Requests under way by caller."""
        self._shadowed: set[asyncio.Task[None]] = set()

    def is_allowed(self, asked: Asked) -> bool:
        if not self._token or asked.path in _FREE:
            return True
        scheme, _, token = asked.header(b"authorization").partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token)

    async def answer(self, asked: Asked, passed: Pass, held: list[Upstream], caller: str = "") -> None:
        """The answer, passed on as it comes; `caller` is an address.

        Raises UnavailableError, NotFoundError, TimeoutError, and GoneError where a part of an answer was passed on and
        no more will come.
        """
        if self._under_way >= MOST_UNDER_WAY:
            raise UnavailableError("Too many requests are under way.", kind="queue-full", hint="Ask again in a moment.")
        if self._of[caller] >= MOST_OF_ONE:
            raise UnavailableError(
                "Too many requests of yours are under way.", kind=CALLER_BUSY, hint="Ask again when some are answered."
            )
        pool = self._asked_for(asked) or self.pools.choose()
        shadow = self._shadow_of(pool, asked)
        copy = bytearray()

        def both(data: bytes) -> None:
            copy.extend(data)
            passed(data)

        self._under_way += 1
        self._of[caller] += 1
        began = time.perf_counter()
        status = 504
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status = await self._asked_twice(pool, asked, both if shadow is not None else passed, held)
        except GoneError:
            status = 502
            raise
        except asyncio.CancelledError:
            status = _CALLER_LEFT
            raise
        finally:
            self._under_way -= 1
            self._of[caller] -= 1
            if not self._of[caller]:
                del self._of[caller]
            pool.note(status, time.perf_counter() - began)
        if shadow is not None:
            self._ask_shadow(shadow, asked, bytes(copy))

    async def _asked_twice(self, pool: Pool, asked: Asked, passed: Pass, held: list[Upstream]) -> int:
        for tries in range(1, _TRIES + 1):
            backend = await pool.pick()
            try:
                return await backend.ask(asked, passed, held)
            except GoneError as error:
                if error.began:
                    raise
                pool.suspend(backend)
                if tries == _TRIES:
                    raise UnavailableError(
                        "The replica that was asked is gone.", kind="replica-gone", hint="Ask again in a moment."
                    ) from error
        raise AssertionError

    def _asked_for(self, asked: Asked) -> Pool | None:
        """The revision that the caller names, if any. Raises NotFoundError."""
        named = asked.header(REVISION)
        if not named:
            return None
        pool = self.pools.known(int(named)) if named.isdigit() and len(named) < 9 else None
        if pool is None:
            raise NotFoundError(f"Revision {named[:20].decode('latin-1')} does not run.", kind="revision-missing")
        return pool

    # Shadow

    def _shadow_of(self, pool: Pool, asked: Asked) -> Pool | None:
        if not self.pools.shadow or asked.method != b"POST" or pool.revision == self.pools.shadow:
            return None
        found = self.pools.known(self.pools.shadow)
        return found if found is not None and found.is_ready and len(self._shadowed) < _MOST_SHADOWED else None

    def _ask_shadow(self, pool: Pool, asked: Asked, given: bytes) -> None:
        task = asyncio.get_running_loop().create_task(self._shadow(pool, asked, given))
        self._shadowed.add(task)
        task.add_done_callback(self._shadowed.discard)

    async def _shadow(self, pool: Pool, asked: Asked, given: bytes) -> None:
        """Its answer is compared, and goes nowhere."""
        answer = bytearray()
        began = time.perf_counter()
        status = 504
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                backend: Backend = await pool.pick()
                status = await backend.ask(asked, answer.extend)
        except (TimeoutError, UnavailableError, GoneError) as error:
            logger.info("The shadow, revision %d, gave no answer: %s", pool.revision, error)
        pool.note(status, time.perf_counter() - began)
        pool.differing += _content(bytes(answer)) != _content(given)


def _content(answer: bytes) -> tuple[int, bytes]:
    """Status and body."""

    class Read:
        body = b""

        def on_body(self, data: bytes) -> None:
            self.body += data

    read = Read()
    parser = httptools.HttpResponseParser(read)
    try:
        parser.feed_data(answer)
    except httptools.HttpParserError:
        return 0, b""
    return parser.get_status_code(), read.body
