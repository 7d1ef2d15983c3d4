"""A document as bytes, with the mark by which a client tells that it has it already."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from blake3 import blake3

_NEVER = datetime.fromtimestamp(0, UTC)


class Answer(NamedTuple):
    body: bytes
    etag: str
    """Weak: the time at which an answer was given (`now`) makes it no other."""


def answer(value: Any) -> Answer:
    body = msgspec.json.encode(value)
    timeless = body
    if isinstance(value, msgspec.Struct) and isinstance(getattr(value, "now", None), datetime):
        timeless = msgspec.json.encode(msgspec.structs.replace(value, now=_NEVER))
    return Answer(body, f'W/"{blake3(timeless).hexdigest(16)}"')
