"""Asking a Jupyter server that lives in this process, and its answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from nbmlops.doors.server.documents import JobState

Fetch = Callable[..., Awaitable[Any]]

ENDED = {JobState.DONE, JobState.FAILED, JobState.CANCELLED}
PATIENCE_SECONDS = 60
"""For what must come, on a machine with other work."""


async def get(jp_fetch: Fetch, *path: str, **query: str) -> Any:
    return json.loads((await jp_fetch("nbmlops", "api", *path, params=query)).body)


async def post(jp_fetch: Fetch, *path: str, **body: Any) -> Any:
    return json.loads((await jp_fetch("nbmlops", "api", *path, method="POST", body=json.dumps(body))).body)


async def delete(jp_fetch: Fetch, *path: str) -> Any:
    return json.loads((await jp_fetch("nbmlops", "api", *path, method="DELETE")).body)


async def refused(jp_fetch: Fetch, *path: str, **options: Any) -> tuple[int, Any]:
    """Status and body of a refusal."""
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("nbmlops", "api", *path, **options)
    body = caught.value.response.body if caught.value.response else b""
    try:
        return caught.value.code, json.loads(body)
    except ValueError:
        return caught.value.code, body.decode()


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """The first answer that is something."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (found := await look()):
            await asyncio.sleep(0.05)
    return found


async def ended(jp_fetch: Fetch, id: str) -> Any:
    """A job's detail once it has ended."""

    async def look() -> Any:
        detail = await get(jp_fetch, "jobs", id)
        return detail if detail["job"]["state"] in ENDED else None

    return await until(look)
