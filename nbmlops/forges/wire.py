"""Requests to the API of one forge. The token goes to its host and to no other, and into no error."""

from __future__ import annotations

import contextlib
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from email.message import Message
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from nbmlops.errors import (
    ConflictError,
    DeniedError,
    ExternalError,
    NbmlopsError,
    NotFoundError,
    UnavailableError,
)
from nbmlops.lib.json_api import LOOPBACK
from nbmlops.lib.said import in_a_line

OWN_VARIABLE = "NBMLOPS_FORGE_TOKEN"
SECONDS = 30.0
_MOST_BYTES = 8 << 20
_MOST_REDIRECTS = 3
_PASSING = (408, 425, 429, 500, 502, 503, 504)


class Wire:
    def __init__(
        self,
        what: str,
        address: str,
        *,
        variable: str,
        headers: Callable[[str], Mapping[str, str]],
    ) -> None:
        self.what = what
        self.address = address
        self._variables = (OWN_VARIABLE, variable)
        self._headers = headers
        is_here = urlsplit(address).hostname in LOOPBACK
        proxies = [urllib.request.ProxyHandler({})] if is_here else []
        self._opener = urllib.request.build_opener(_Stay, *proxies)

    def ask(
        self,
        method: str,
        path: str,
        *,
        to: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """The JSON of the answer. `to` is what for, as in "open a pull request"; it stands in errors.

        Raises DeniedError, NotFoundError, ConflictError, UnavailableError and ExternalError.
        """
        token = self._token()
        url = f"{self.address}{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        for _ in range(_MOST_REDIRECTS + 1):
            status, headers, answer = self._send(method, url, data, token, to)
            if status not in (301, 302, 303, 307, 308):
                break
            url = self._elsewhere(method, url, status, headers, to)
        else:
            raise self._external(f"leads in circles to {to}")
        if not 200 <= status < 300:
            raise self._refusal(status, headers, answer, token, to)
        if not answer:
            return None
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise self._external(f"does not answer in JSON to {to}") from error

    def list(self, path: str, *, to: str, query: Mapping[str, str]) -> Sequence[Any]:
        found = self.ask("GET", path, to=to, query=query)
        if not isinstance(found, Sequence) or isinstance(found, str):
            raise self._external(f"does not answer with a list to {to}")
        return found

    def _token(self) -> str:
        for variable in self._variables:
            if token := os.environ.get(variable, "").strip():
                if token.isascii() and token.isprintable() and " " not in token:
                    return token
                raise DeniedError(
                    f"What {variable} holds is no token.", kind="forge-denied", hint="Set it to the token alone."
                )
        raise DeniedError(
            f"{self.what} needs a token.",
            kind="forge-denied",
            hint=f"Set {OWN_VARIABLE}, or {self._variables[1]}, to one that may write to the repository.",
        )

    def _send(
        self, method: str, url: str, data: bytes | None, token: str, to: str
    ) -> tuple[int, Message[str, str], bytes]:
        headers = {"User-Agent": "nbmlops", **self._headers(token)}
        if data is not None:
            headers["Content-Type"] = "application/json"
        asked = urllib.request.Request(url, data, headers, method=method)
        try:
            with self._opener.open(asked, timeout=SECONDS) as reply:
                answer = reply.read(_MOST_BYTES + 1)
                if len(answer) > _MOST_BYTES:
                    raise self._external(f"answers with more than {_MOST_BYTES >> 20} MiB to {to}")
                return reply.status, reply.headers, answer
        except urllib.error.HTTPError as error:
            with error, contextlib.suppress(OSError):
                return error.code, error.headers, error.read(1 << 16)
            return error.code, error.headers, b""
        except (OSError, ValueError) as error:
            why = in_a_line(str(getattr(error, "reason", None) or error) or type(error).__name__, token)
            raise UnavailableError(
                f"{self._host()} cannot be reached to {to}: {why}.",
                kind="forge-unavailable",
                hint="Try again later.",
                retry_after=0.0,
            ) from None

    def _elsewhere(self, method: str, url: str, status: int, headers: Message[str, str], to: str) -> str:
        """Where a redirect leads. Only within the same origin, and never so that a change would be left out."""
        target = urljoin(url, headers.get("Location", ""))
        if _origin(target) != _origin(self.address):
            raise self._external(f"leads to another host to {to}", "The token goes there only if it is the address.")
        if method != "GET" and status not in (307, 308):
            raise self._external(f"has moved the repository, and cannot {to}", "Correct the address of the remote.")
        return target

    def _refusal(self, status: int, headers: Message[str, str], answer: bytes, token: str, to: str) -> NbmlopsError:
        said = in_a_line(_words(answer), token)
        tail = f": {said}" if said else ""
        seconds = _seconds_to_wait(headers)
        is_rate = status == 429 or (
            status == 403
            and (headers.get("X-RateLimit-Remaining") == "0" or seconds > 0 or "rate limit" in said.lower())
        )
        if is_rate or status in _PASSING:
            return UnavailableError(
                f"{self._host()} could not {to} now (HTTP {status}){tail}.",
                kind="forge-busy" if is_rate else "forge-unavailable",
                hint=f"Try again in {seconds:.0f} s." if seconds else "Try again in a minute.",
                retry_after=seconds or (60.0 if is_rate else 0.0),
                status=status,
            )
        if status in (401, 403):
            return DeniedError(
                f"{self._host()} does not let us {to}{tail}.",
                kind="forge-denied",
                hint=f"Set {OWN_VARIABLE} to a token that may write to the repository and to its requests.",
                status=status,
            )
        if status == 404:
            return NotFoundError(
                f"{self._host()} did not find what it takes to {to}{tail}.",
                kind="forge-missing",
                hint="Check the repository's name; one that the token may not see is hidden, too.",
                status=status,
            )
        if status in (405, 406, 409, 422):
            return ConflictError(
                f"{self._host()} does not {to} as things are{tail}.",
                kind="forge-conflict",
                hint="Look at it there: checks or reviews may be missing.",
                status=status,
            )
        return ExternalError(f"{self._host()} did not {to} (HTTP {status}){tail}.", kind="forge-refused", status=status)

    def _external(self, what: str, hint: str = "Check its address.") -> ExternalError:
        return ExternalError(f"{self._host()} {what}.", kind="forge-refused", hint=hint)

    def _host(self) -> str:
        return f"{self.what} ({urlsplit(self.address).hostname})"


class _Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are answers here: we decide who is followed."""

    def redirect_request(self, *args: object, **more: object) -> None:
        return None


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
        return parts.scheme, parts.hostname or "", port
    except ValueError:
        return "", "", None


def _seconds_to_wait(headers: Message[str, str]) -> float:
    """0 where it does not say."""
    after = headers.get("Retry-After", "").strip()
    if after.isdecimal() and len(after) < 9:
        return float(after)
    reset = (headers.get("X-RateLimit-Reset") or headers.get("RateLimit-Reset") or "").strip()
    left = headers.get("X-RateLimit-Remaining") or headers.get("RateLimit-Remaining") or ""
    if left.strip() == "0" and reset.isdecimal() and len(reset) < 12:
        return max(1.0, float(reset) - time.time())
    return 0.0


def _words(answer: bytes) -> str:
    """Of an error: both forges say `message`, and what is wrong in detail beside or inside it."""
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    return "; ".join(part for part in (_flat(said.get(key)) for key in ("message", "errors", "error")) if part)


def _flat(said: Any, depth: int = 0) -> str:
    if isinstance(said, str):
        return said
    if depth > 3:
        return ""
    parts: Sequence[Any] = ()
    if isinstance(said, dict):
        parts = [said["message"]] if isinstance(said.get("message"), str) else list(said.values())
    elif isinstance(said, list):
        parts = said
    return ", ".join(part for part in (_flat(each, depth + 1) for each in parts[:5]) if part)
