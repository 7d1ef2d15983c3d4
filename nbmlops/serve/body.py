"""What a request brings, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from nbmlops.errors import UsageError

MOST_BYTES = 64 << 20
_AT_ONCE_BYTES = 64 << 10
"""Whose reading takes less than a thread's."""
R = TypeVar("R")
P = ParamSpec("P")


async def beside(size: int, read: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Read a body of that size: at once where it is small, else in a thread, so that others are answered meanwhile."""
    return read(*args, **kwargs) if size <= _AT_ONCE_BYTES else await run_in_threadpool(read, *args, **kwargs)


async def read_body(request: Request, seconds: float, most: int = MOST_BYTES) -> bytes:
    """Not a byte more than `most` is kept, whatever the request says of its length, and not a second longer waited for
    it. Raises UsageError.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _whole(request, most)
    except TimeoutError:
        raise UsageError(f"The request has not been sent within {seconds:g} s.", kind="body-slow") from None


async def _whole(request: Request, most: int) -> bytes:
    pieces = []
    left = most
    async for piece in request.stream():
        left -= len(piece)
        if left < 0:
            raise UsageError(
                f"The request is longer than {most >> 20} MiB.", kind="body-too-large", hint="Send it in parts."
            )
        pieces.append(piece)
    return b"".join(pieces)
