"""Threads for what takes long, so that others are answered meanwhile: few, with a bounded queue, and watched.

A thread cannot be stopped. Whoever has asked is told after the limit; what runs on is known to hang, and the service
says that it is not ready, so that whoever watches over it starts it again.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from nbmlops.serve.limits import Limits
from nbmlops.serve.words import queue_full, too_slow

R = TypeVar("R")
P = ParamSpec("P")


class Threads:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="answer")
        self._lock = threading.Lock()
        self._asked = 0
        self._began: dict[object, float] = {}

    async def run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What the call gives or raises. Raises UnavailableError where too many wait, ExternalError after the limit."""
        with self._lock:
            if self._asked >= self._limits.threads + self._limits.most_waiting_for_threads:
                raise queue_full()
            self._asked += 1
        context = contextvars.copy_context()
        future = self._pool.submit(self._watched, lambda: context.run(call, *args, **kwargs))
        future.add_done_callback(self._leave)
        return await within(self._limits.seconds, asyncio.wrap_future(future))

    def longest(self) -> float:
        """Seconds that the one takes which has run longest; 0 where none runs."""
        with self._lock:
            return time.monotonic() - min(self._began.values()) if self._began else 0.0

    def _watched(self, call: Callable[[], R]) -> R:
        key = object()
        with self._lock:
            self._began[key] = time.monotonic()
        try:
            return call()
        finally:
            with self._lock:
                del self._began[key]

    def _leave(self, _: Future[R]) -> None:
        with self._lock:
            self._asked -= 1


async def within(seconds: float, future: asyncio.Future[R]) -> R:
    """Raises ExternalError when it takes longer; the future is cancelled then."""
    try:
        async with asyncio.timeout(seconds) as limit:
            return await future
    except TimeoutError:
        if limit.expired():
            raise too_slow(seconds) from None
        raise
