"""Who may ask: whoever has the token. Probes need none."""

from __future__ import annotations

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from nbmlops.serve.replies import json_reply

_SCHEME = "bearer "


class Access:
    """An empty token lets everybody in: for those who have a gateway in front."""

    def __init__(self, app: ASGIApp, token: str, free: frozenset[str]) -> None:
        self._app = app
        self._token = token.encode()
        self._free = free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._token or scope["path"] in self._free or self._has_token(scope):
            await self._app(scope, receive, send)
            return
        headers = {"WWW-Authenticate": "Bearer"}
        await json_reply({"error": "This service asks for a token: Authorization: Bearer TOKEN."}, 401, headers)(
            scope, receive, send
        )

    def _has_token(self, scope: Scope) -> bool:
        for name, value in scope["headers"]:
            if name == b"authorization" and value[: len(_SCHEME)].lower() == _SCHEME.encode():
                return hmac.compare_digest(value[len(_SCHEME) :].strip(), self._token)
        return False
