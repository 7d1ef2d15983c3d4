"""Requests to one service that speaks JSON. Each answer is bounded in size and in time, redirects are not followed, and
no message has the token.

    api = JsonApi("The API server", "https://10.0.0.1", kind="cluster", token=lambda: "...")
    api.ask("GET", "/version", to="tell its version")
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from nbmlops.errors import (
    ConflictError,
    DeniedError,
    ExternalError,
    NbmlopsError,
    NotFoundError,
    UnavailableError,
    UsageError,
)
from nbmlops.lib.redact import redact
from nbmlops.lib.said import in_a_line

SECONDS = 30.0
MOST_BYTES = 8 << 20
LOOPBACK = ("127.0.0.1", "localhost", "::1")
JSON = "application/json"
_PASSING = (408, 425, 429)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever the service has answered, also a refusal."""

    status: int
    body: bytes
    date: datetime | None = None
    """By its own clock."""

    def document(self) -> dict[str, Any]:
        """Raises ValueError for what is no JSON object."""
        if not self.body:
            return {}
        try:
            found = json.loads(self.body)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        if not isinstance(found, dict):
            raise ValueError("it is no object")
        return found


class JsonApi:
    def __init__(
        self,
        what: str,
        address: str,
        *,
        kind: str,
        token: Callable[[], str] = str,
        certificate: str = "",
        seconds: float = SECONDS,
        hint: str = "",
    ) -> None:
        """`what`: as errors call it; `kind`: how the kinds of errors begin. `token` is asked for each request, and is
        empty where there is none. `certificate`: a file with the authority that the service is known by, where it is
        none that everybody knows. `seconds`: for a whole answer. `hint`: to whom is refused.

        Raises UsageError for what is no address.
        """
        try:
            place = urlsplit(address.rstrip("/"))
            self._port = place.port or {"http": 80, "https": 443}.get(place.scheme, 0)
        except ValueError:
            place, self._port = urlsplit(""), 0
        if not place.hostname or not self._port or "@" in place.netloc or place.query or place.fragment:
            raise UsageError(
                f"{redact(address)!r} is no address.", kind="address-malformed", hint="Write it as https://HOST:PORT"
            )
        self.host = place.hostname
        self.is_plain = place.scheme == "http"
        self._base = place.path
        self._what = what
        self._kind = kind
        self._token = token
        self._certificate = certificate
        self._seconds = seconds
        self._hint = hint

    def ask(
        self,
        method: str,
        path: str,
        *,
        to: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        media: str = JSON,
    ) -> dict[str, Any]:
        """The object that is answered. `to` is what for, as in "create a run"; it stands in errors.

        Raises DeniedError, NotFoundError, ConflictError, UnavailableError and ExternalError.
        """
        return self.read(self.send(method, path, query=query, body=body, media=media), to)

    def read(self, reply: Reply, to: str) -> dict[str, Any]:
        """Raises what `ask` raises for an answer that is a refusal, or no object."""
        if not 200 <= reply.status < 300:
            raise self.refusal(reply, to)
        try:
            return reply.document()
        except ValueError as error:
            raise ExternalError(
                f"{self._what} does not answer in JSON to {to}.", kind=f"{self._kind}-malformed"
            ) from error

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        media: str = JSON,
    ) -> Reply:
        """Raises UnavailableError where nothing answers in time, and ExternalError for an answer that is too large."""
        token = self._token()
        headers = {"Accept": JSON, "User-Agent": "nbmlops"}
        if token:
            if not (token.isascii() and token.isprintable() and " " not in token):
                raise DeniedError(f"{self._what}: what is to be its token is none.", kind=f"{self._kind}-denied")
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else msgspec.json.encode(body)
        if data is not None:
            headers["Content-Type"] = media
        address = f"{self._base}{path}" + (f"?{urlencode(query)}" if query else "")
        is_late = threading.Event()
        line = self._line()
        # A limit for each read alone would let a service that trickles hold us for ever.
        limit = threading.Timer(self._seconds, _cut, (line, is_late))
        limit.daemon = True
        limit.start()
        try:
            line.request(method, address, body=data, headers=headers)
            with line.getresponse() as answer:
                found = answer.read(MOST_BYTES + 1)
                if is_late.is_set():
                    raise TimeoutError
                if len(found) <= MOST_BYTES and answer.length:
                    raise http.client.IncompleteRead(b"", answer.length)
                date = _moment(answer.headers.get("Date", ""))
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = f"it takes more than {self._seconds:g} s"
            why = late if is_late.is_set() or isinstance(error, TimeoutError) else _reason(error, token)
            raise UnavailableError(
                f"{self._what} does not answer: {why}.", kind=f"{self._kind}-unavailable", hint="Try again later."
            ) from None
        finally:
            limit.cancel()
            line.close()
        if len(found) > MOST_BYTES:
            raise ExternalError(
                f"{self._what} answers with more than {MOST_BYTES >> 20} MiB.", kind=f"{self._kind}-malformed"
            )
        return Reply(status=answer.status, body=found, date=date)

    def refusal(self, reply: Reply, to: str) -> NbmlopsError:
        said = in_a_line(_words(reply), self._token())
        tail = f": {said}." if said else "."
        status = reply.status
        if status in (401, 403):
            return DeniedError(
                f"{self._what} does not let us {to}{tail}", kind=f"{self._kind}-denied", hint=self._hint, status=status
            )
        if status == 404:
            return NotFoundError(
                f"{self._what} did not find what it takes to {to}{tail}", kind=f"{self._kind}-missing", status=status
            )
        if status == 409:
            return ConflictError(
                f"{self._what} does not {to} as things are{tail}", kind=f"{self._kind}-conflict", status=status
            )
        if status >= 500 or status in _PASSING:
            return UnavailableError(
                f"{self._what} could not {to} now (HTTP {status}){tail}",
                kind=f"{self._kind}-unavailable",
                hint="Try again later.",
                status=status,
            )
        return ExternalError(
            f"{self._what} did not {to} (HTTP {status}){tail}", kind=f"{self._kind}-refused", status=status
        )

    def _line(self) -> http.client.HTTPConnection:
        if self.is_plain:
            return http.client.HTTPConnection(self.host, self._port, timeout=self._seconds)
        try:
            trust = ssl.create_default_context(cafile=self._certificate or None)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"{self._certificate} holds no certificate: {error}.",
                kind="certificate-malformed",
                hint="Name a PEM file.",
            ) from error
        return http.client.HTTPSConnection(self.host, self._port, timeout=self._seconds, context=trust)


def _reason(error: Exception, token: str) -> str:
    return in_a_line(str(error), token) or type(error).__name__


def _cut(line: http.client.HTTPConnection, is_late: threading.Event) -> None:
    # Before the line is cut: who reads there asks at once why it ended.
    is_late.set()
    with contextlib.suppress(OSError, AttributeError):
        line.sock.shutdown(socket.SHUT_RDWR)


def _moment(date: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo is not None else None


def _words(reply: Reply) -> str:
    """What a refusal says: Kubernetes and Kubeflow call it `message`, or `error`."""
    try:
        document = reply.document()
    except ValueError:
        return ""
    return next((said for key in ("message", "error") if isinstance(said := document.get(key), str) and said), "")
