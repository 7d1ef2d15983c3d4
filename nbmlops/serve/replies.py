"""Answers as JSON, and errors in the words of each protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from nbmlops.errors import NbmlopsError, NotFoundError, UnavailableError, UsageError
from nbmlops.serve.logs import note_failure

JSON = "application/json"
_STATUSES = {"body-slow": 408, "body-too-large": 413, "content-type-unknown": 415, "model-slow": 504,
             "contract-broken": 422}  # fmt: skip
_GONE = 499
"""Nobody reads it; it is what proxies write of callers who have left."""


def json_reply(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """NaN and infinities become null: JSON has none."""
    return Response(msgspec.json.encode(document), status, headers, JSON)


def status_of(error: NbmlopsError) -> int:
    if error.kind in _STATUSES:
        return _STATUSES[error.kind]
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
            except ClientDisconnect:
                return Response(status_code=_GONE)
            except NbmlopsError as error:
                if status_of(error) in (500, 504):
                    note_failure(error)
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
