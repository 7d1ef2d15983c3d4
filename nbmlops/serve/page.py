"""The page at `/` on which a model can be tried: one file, which holds nothing of the model but its name."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from nbmlops.serve.slot import Slot

PATH = "/"
_NAME = "$NAME"


def routes(slot: Slot) -> list[Route]:
    text = Path(__file__).with_name("page.html").read_text("utf-8")
    headers = {
        "Content-Security-Policy": _policy(text),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    page = text.replace(_NAME, escape(slot.name))

    async def shown(request: Request) -> Response:
        return HTMLResponse(page, headers=headers)

    return [Route(PATH, shown)]


def _policy(text: str) -> str:
    """It runs its own script, asks this service, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(text, 'script')}",
            f"style-src {_hash(text, 'style')}",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _hash(text: str, tag: str) -> str:
    (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'"
