"""Telling a registry who we are, in the way that it asks for: Basic, or a token from the server that it names."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import msgspec

from nbmlops.errors import DeniedError
from nbmlops.package.registry.challenge import Challenge, merged, parse
from nbmlops.package.registry.credentials import Found, Login

_CLIENT = "nbmlops"
_TOKEN_SECONDS = 60
"""What the protocol says where a token server does not."""


class AskToken(Protocol):
    """One request to a token server: its JSON. Raises DeniedError where it refuses."""

    def __call__(self, method: str, url: str, *, authorization: str, form: dict[str, str]) -> dict[str, Any]: ...


class _Token(msgspec.Struct, frozen=True, kw_only=True):
    header: str
    scopes: tuple[str, ...]
    until: float


class Authorizer:
    """For one registry, from any thread. Tokens are kept until shortly before they end."""

    def __init__(self, host: str, *, find: Callable[[str], Found], ask: AskToken, may_be_plain: bool) -> None:
        self._host = host
        self._find = find
        self._ask = ask
        self._may_be_plain = may_be_plain
        self._lock = threading.Lock()
        self._found: Found | None = None
        self._basic = ""
        self._tokens: list[_Token] = []
        self.secrets: set[str] = set()
        """What no message may show."""

    def header(self, scope: str) -> str:
        """Authorization for this scope, as far as is known already."""
        return self._basic or self._known(scope)

    def answer(self, headers: Mapping[str, str], scope: str, sent: str) -> str:
        """Another Authorization than the one that was answered with 401. Raises DeniedError where there is none."""
        challenges = parse(headers.get("WWW-Authenticate", ""))
        with self._lock:
            for challenge in challenges:
                if challenge.scheme == "bearer" and "realm" in challenge.parameters:
                    known = self._known(scope)
                    if known and known != sent:
                        return known
                    return self._renew(challenge, scope, sent)
            if any(challenge.scheme == "basic" for challenge in challenges):
                login = self._login()
                if not login.username or sent.startswith("Basic "):
                    raise self.denied()
                self._basic = _basic(login)
                self.secrets.add(self._basic.partition(" ")[2])
                return self._basic
        raise self.denied()

    def denied(self) -> DeniedError:
        found = self._found or Found()
        who = f"refuses the login of {found.login.username or 'a token'}" if found.login else "wants a login"
        problems = f" ({'; '.join(each.rstrip('.') for each in found.problems)})" if found.problems else ""
        return DeniedError(
            f"{self._host} {who}{problems}.",
            kind="registry-denied",
            hint=f"Log in: nbmlops login {self._host}",
        )

    def _login(self) -> Login:
        if self._found is None:
            self._found = self._find(self._host)
            if self._found.login is not None:
                self.secrets.update(self._found.login.secrets)
        return self._found.login or Login()

    def _known(self, scope: str) -> str:
        wanted = _pairs([scope])
        now = time.monotonic()
        fitting = (each for each in self._tokens if each.until > now and wanted <= _pairs(each.scopes))
        return next((each.header for each in fitting), "")

    def _renew(self, challenge: Challenge, scope: str, sent: str) -> str:
        login = self._login()
        if login.registry_token:
            header = f"Bearer {login.registry_token}"
            if header == sent:
                raise self.denied()
            return header
        self._tokens = [each for each in self._tokens if each.header != sent]
        given = challenge.parameters
        realm = given["realm"]
        self._check(realm)
        scopes = merged([scope, given.get("scope", "")])
        begun = time.monotonic()
        try:
            answer = self._request(realm, given.get("service", ""), scopes, login)
        except DeniedError as error:
            raise self.denied() from error
        text = answer.get("token") or answer.get("access_token")
        if not isinstance(text, str) or not text.isascii() or not text.isprintable():
            raise self.denied()
        self.secrets.add(text)
        seconds = _TOKEN_SECONDS
        with contextlib.suppress(TypeError, ValueError):
            seconds = max(_TOKEN_SECONDS, int(answer.get("expires_in") or 0))
        token = _Token(header=f"Bearer {text}", scopes=scopes, until=begun + 0.9 * seconds)
        self._tokens.append(token)
        return token.header

    def _request(self, realm: str, service: str, scopes: tuple[str, ...], login: Login) -> dict[str, Any]:
        if login.identity_token:
            form = {
                "grant_type": "refresh_token",
                "service": service,
                "client_id": _CLIENT,
                "scope": " ".join(scopes),
                "refresh_token": login.identity_token,
            }
            return self._ask("POST", realm, authorization="", form=form)
        asked = [("service", service)] if service else []
        asked += [("scope", each) for each in scopes]
        if login.username:
            asked.append(("account", login.username))
        url = f"{realm}{'&' if urlsplit(realm).query else '?'}{urlencode(asked)}"
        return self._ask("GET", url, authorization=_basic(login) if login.username else "", form={})

    def _check(self, realm: str) -> None:
        """A password goes over plain HTTP only where the registry itself is reached so, or to this machine."""
        try:
            parts = urlsplit(realm)
            host = parts.hostname or ""
            is_fine = bool(host) and parts.port != 0 and parts.username is None
        except ValueError:
            parts, host, is_fine = urlsplit(""), "", False
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and (self._may_be_plain or is_loopback(host)))
        if not (is_fine and is_safe):
            raise DeniedError(
                f"{self._host} sends us to a token server without encryption or address ({host or 'none'}).",
                kind="registry-token-server",
                hint="No login was sent. Ask its administrator, or name the registry with plain HTTP.",
            )


def is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _basic(login: Login) -> str:
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


def _pairs(scopes: Iterable[str]) -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for scope in merged(scopes):
        thing, _, actions = scope.rpartition(":")
        found.update((thing, action) for action in actions.split(","))
    return frozenset(found)
