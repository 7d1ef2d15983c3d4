"""A request as it came, whole; and as it is passed on."""

from __future__ import annotations

import secrets
from http import HTTPStatus

import msgspec

REQUEST_ID = b"x-request-id"
REVISION = b"x-nbmlops-revision"
_OWN = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding",
                  b"upgrade", b"expect", b"content-length", b"authorization", REQUEST_ID, REVISION})  # fmt: skip
"""Headers that are between the caller and the router."""
_LONGEST_ID = 128


class Asked(msgspec.Struct, kw_only=True):
    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    """Names in small letters."""
    body: bytes
    is_kept: bool
    """Whether the caller wants to go on with this connection."""

    @property
    def path(self) -> bytes:
        return self.target.partition(b"?")[0]

    def header(self, name: bytes) -> bytes:
        return next((value for key, value in self.headers if key == name), b"")

    def passed_on(self) -> bytes:
        """For a replica."""
        lines = [self.method + b" " + self.target + b" HTTP/1.1"]
        lines += [name + b": " + value for name, value in self.headers if name not in _OWN]
        if not self.header(b"host"):
            lines.append(b"host: replica")
        lines.append(REQUEST_ID + b": " + (self._id() or secrets.token_hex(8).encode()))
        lines.append(b"content-length: %d" % len(self.body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body

    def _id(self) -> bytes:
        """The caller's, if it can stand in a log."""
        told = self.header(REQUEST_ID)
        return told if len(told) <= _LONGEST_ID and told.isascii() and told.decode("ascii").isprintable() else b""


def refusal(status: int, message: str, *, is_kept: bool, retry: bool = False, headers: bytes = b"") -> bytes:
    """An answer of the router's own."""
    body = msgspec.json.encode({"error": message})
    lines = [
        b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode()),
        b"content-type: application/json",
        b"content-length: %d" % len(body),
        *([b"retry-after: 1"] if retry else []),
        *([] if is_kept else [b"connection: close"]),
    ]
    return b"\r\n".join(lines) + b"\r\n" + headers + b"\r\n" + body
