"""What a request brings, within bounds."""

from __future__ import annotations

from starlette.requests import Request

from nbmlops.errors import UsageError

MOST_BYTES = 64 << 20


async def read_body(request: Request, most: int = MOST_BYTES) -> bytes:
    """Not a byte more than `most` is kept, whatever the request says of its length. Raises UsageError."""
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
