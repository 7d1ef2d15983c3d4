"""No caller takes all places: whoever has half of them under way is sent away, and others are answered.

A caller is an address. Behind a gateway all callers are one; then it shares the places out.
"""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from nbmlops.serve.limits import MOST_OF_ONE
from nbmlops.serve.protocols import protocol_of
from nbmlops.serve.replies import json_reply

STATUS = 429
_MESSAGE = "Too many requests of yours are under way. Ask again when some are answered."


class Shared:
    """Around the application. A router in front asks through a socket, which has no address: it shares out itself."""

    def __init__(self, app: ASGIApp, *, most: int = MOST_OF_ONE) -> None:
        self._app = app
        self._most = most
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol = protocol_of(scope)
        caller = scope["client"][0] if protocol and scope.get("client") else ""
        if not caller:
            await self._app(scope, receive, send)
            return
        if self._under_way[caller] >= self._most:
            told = {"error_code": "CALLER_BUSY", "message": _MESSAGE} if protocol == "mlflow" else {"error": _MESSAGE}
            await json_reply(told, STATUS, {"Retry-After": "1"})(scope, receive, send)
            return
        self._under_way[caller] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way[caller] -= 1
            if not self._under_way[caller]:
                del self._under_way[caller]
