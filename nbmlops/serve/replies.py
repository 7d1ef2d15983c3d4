"""Answers as JSON, and errors in the words of each protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from nbmlops.errors import NbmlopsError, NotFoundError, UnavailableError, UsageError

JSON = "application/json"


def json_reply(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """NaN and infinities become null: JSON has none."""
    return Response(msgspec.json.encode(document), status, headers, JSON)


def status_of(error: NbmlopsError) -> int:
    if error.kind == "body-too-large":
        return 413
    if error.kind == "content-type-unknown":
        return 415
    if isinstance(error, UsageError):
        return 400
    if isinstance(error, NotFoundError):
        return 404
    return 503 if isinstance(error, UnavailableError) else 500


def failing_as(shape: Callable[[str, str], Any]) -> Callable[[Callable[[Request], Awaitable[Response]]], Any]:
    """An endpoint's errors in a protocol's shape: `shape(message, kind)` is the body."""

    def wrap(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request)
            except NbmlopsError as error:
                headers = {"Retry-After": "1"} if isinstance(error, UnavailableError) else None
                return json_reply(shape(str(error), error.kind), status_of(error), headers)

        return answer

    return wrap


def decoded(body: bytes, kind: Any = Any) -> Any:
    """Raises UsageError for what is no JSON, or another one."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"The request is not as it should be: {error}.", kind="request-malformed") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError("The request is no JSON.", kind="request-malformed") from error
