"""Whether the service lives, and whether it can be asked."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nbmlops.serve.replies import json_reply
from nbmlops.serve.slot import Slot

PATHS = ("/healthz/live", "/healthz/ready")


def routes(slot: Slot) -> list[Route]:
    async def live(request: Request) -> Response:
        return json_reply({"live": True})

    async def ready(request: Request) -> Response:
        return json_reply({"ready": slot.is_ready}, 200 if slot.is_ready else 503)

    return [Route("/healthz/live", live), Route("/healthz/ready", ready)]
