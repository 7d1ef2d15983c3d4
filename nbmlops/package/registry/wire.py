"""Requests to one registry: who we are goes along, redirects are followed, failures become errors of ours.

What says who we are goes to the registry and to the token server that it names, and to nobody that they redirect to.
"""

from __future__ import annotations

import contextlib
import http.cookiejar
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from nbmlops.errors import DeniedError, ExternalError, IntegrityError, NbmlopsError, UnavailableError, UsageError
from nbmlops.lib.stop import Stop
from nbmlops.package.registry.auth import Authorizer, is_loopback
from nbmlops.package.registry.credentials import Found
from nbmlops.package.registry.failures import refusal
from nbmlops.package.registry.patience import Patience
from nbmlops.package.registry.replies import json_of, number_of

T = TypeVar("T")

CONNECT_SECONDS = 20.0
SILENT_SECONDS = 60.0
"""How long a server may send nothing at all."""
BUSY_SECONDS = 300.0
"""The same while it may be putting together what it was sent."""
PIECE_BYTES = 1 << 17
_BLOCK_BYTES = 1 << 17
_MOST_REDIRECTS = 8
_MOST_ERROR_BYTES = 1 << 16
_MOST_TOKEN_BYTES = 1 << 20
_MOST_AUTHORIZATIONS = 3
_REDIRECTS = (301, 302, 303, 307, 308)


class Readable(Protocol):
    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def read(self, size: int = -1) -> bytes: ...


Body = Callable[[], bytes | Readable]
"""Gives what is to be sent, from its beginning each time."""


class Wire:
    def __init__(
        self,
        host: str,
        *,
        plain_http: bool,
        verify: bool | str,
        cert: str | tuple[str, str] | None,
        find: Callable[[str], Found],
        concurrency: int,
    ) -> None:
        self.host = host
        self.root = f"{'http' if plain_http else 'https'}://{host}"
        self.has_answered = False
        for path in (verify, *(cert if isinstance(cert, tuple) else (cert,))):
            if isinstance(path, str) and not Path(path).exists():
                raise UsageError(f"There is no certificate {path}.", kind="certificate-missing", hint="Check its path.")
        self.verify = verify
        self.cert = cert
        self._auth = Authorizer(host, find=find, ask=self._ask_token, may_be_plain=plain_http)
        self._session = requests.Session()
        # Cookies would be the one thing that threads share and change.
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update({"User-Agent": "nbmlops", "Accept-Encoding": "identity"})
        # Proxies are for the world; nobody's stands between this machine and itself.
        self._session.trust_env = not is_loopback(urlsplit(self.root).hostname or "")
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(pool_maxsize=concurrency + 1, pool_connections=concurrency + 1))

    def close(self) -> None:
        self._session.close()

    def retrying(self, work: Callable[[], T], stop: Stop | None = None) -> T:
        """Small work, done again while the registry is unwell."""
        patience = Patience(stop)
        while True:
            try:
                return work()
            except UnavailableError as error:
                patience.wait(error, is_known=self.has_answered)

    @contextlib.contextmanager
    def send(
        self,
        method: str,
        place: str,
        *,
        scope: str,
        what: str,
        headers: dict[str, str] | None = None,
        body: Body | None = None,
        expected: tuple[int, ...] = (200,),
    ) -> Iterator[requests.Response]:
        """One request, and an answer of an expected status. Its bytes are not read yet.

        `place` is a path or an URL; `scope` is `repository:NAME:ACTION,...`; `what` is for errors, as in "push".
        Raises what failures.refusal makes of any other answer.
        """
        url = urljoin(self.root, place)
        authorization = self._auth.header(scope)
        for attempt in range(_MOST_AUTHORIZATIONS):
            response = self._follow(method, url, headers or {}, body, authorization, self.root)
            with response:
                is_ours = _origin(response.url) == _origin(self.root)
                if response.status_code == 401 and is_ours and attempt < _MOST_AUTHORIZATIONS - 1:
                    authorization = self._auth.answer(response.headers, scope, authorization)
                    continue
                if response.status_code not in expected:
                    raise self._refusal(response, what)
                yield response
                return

    def pieces(self, response: requests.Response) -> Iterator[bytes]:
        """The bytes of an answer. Raises UnavailableError where they end too early or do not come."""
        with self._reaching(response.url):
            while piece := response.raw.read(PIECE_BYTES, decode_content=False):
                yield piece

    def read(self, response: requests.Response, most: int, what: str) -> bytes:
        """All bytes of an answer. Raises IntegrityError for more than `most`."""
        data = bytearray()
        if (number_of(response.headers.get("Content-Length")) or 0) <= most:
            for piece in self.pieces(response):
                data += piece
                if len(data) > most:
                    break
            else:
                return bytes(data)
        raise IntegrityError(
            f"{what} at {self.host} is larger than {most} bytes.", kind="manifest-too-large", hint="It is refused."
        )

    def next_place(self, response: requests.Response) -> str:
        """Where the answer's header Location leads, relative to its own address."""
        return self._target(response.url, response.headers.get("Location", ""))

    def _follow(
        self, method: str, url: str, headers: dict[str, str], body: Body | None, authorization: str, origin: str
    ) -> requests.Response:
        for _ in range(_MOST_REDIRECTS):
            given = dict(headers)
            if authorization and _origin(url) == _origin(origin):
                given["Authorization"] = authorization
            response = self._request(method, url, given, body)
            is_asking = method in ("GET", "HEAD")
            if response.status_code not in (_REDIRECTS if is_asking else _REDIRECTS[-2:]):
                return response
            with response:
                url = self._target(url, response.headers.get("Location", ""))
        raise ExternalError(
            f"{self.host} redirects in a circle.", kind="registry-redirect", hint="Check its address and its proxy."
        )

    def _target(self, url: str, location: str) -> str:
        """Raises DeniedError for a redirect that gives up encryption, ExternalError for one that leads nowhere."""
        try:
            target = urlsplit(urljoin(url, location))
            is_usable = bool(location) and target.scheme in ("http", "https") and bool(target.hostname)
            # It is looked at here because it may be no number.
            is_usable = is_usable and target.port != 0
            here = urlsplit(url)
        except ValueError:
            is_usable = False
        if not is_usable:
            raise ExternalError(
                f"{self.host} redirects to no usable address.", kind="registry-redirect", hint="Check its proxy."
            )
        if here.scheme == "https" and target.scheme == "http":
            # A registry behind a proxy that ends encryption often takes itself for a plain one.
            if target.hostname != here.hostname:
                raise DeniedError(
                    f"{self.host} redirects to {target.hostname} without encryption.",
                    kind="registry-redirect",
                    hint="It is not followed. Ask its administrator.",
                )
            target = SplitResult("https", here.netloc, target.path, target.query, "")
        return target.geturl()

    def _request(self, method: str, url: str, headers: dict[str, str], body: Body | None) -> requests.Response:
        is_home = _origin(url) == _origin(self.root)
        with self._reaching(url):
            response = self._session.request(
                method,
                url,
                headers=headers,
                data=body() if body is not None else None,
                stream=True,
                allow_redirects=False,
                timeout=(CONNECT_SECONDS, SILENT_SECONDS if method in ("GET", "HEAD") else BUSY_SECONDS),
                verify=self.verify,
                cert=self.cert if is_home else None,
                # Else requests would send what ~/.netrc knows of the host.
                auth=_as_is,
            )
        self.has_answered = True
        return response

    def _ask_token(self, method: str, url: str, *, authorization: str, form: dict[str, str]) -> dict[str, Any]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        body: Body | None = (lambda: urlencode(form).encode()) if form else None
        with self._follow(method, url, headers, body, authorization, url) as response:
            if response.status_code in (400, 401, 403):
                raise self._auth.denied()
            if response.status_code != 200:
                raise self._refusal(response, "give a token")
            text = self.read(response, _MOST_TOKEN_BYTES, "The token")
        answer = json_of(text)
        if isinstance(answer, dict):
            return answer
        raise DeniedError(
            f"{self.host} gave no token.", kind="registry-denied", hint=f"Log in: nbmlops login {self.host}"
        )

    def _refusal(self, response: requests.Response, what: str) -> NbmlopsError:
        body = b""
        with contextlib.suppress(UnavailableError):
            for piece in self.pieces(response):
                body += piece
                if len(body) > _MOST_ERROR_BYTES:
                    break
        if _origin(response.url) != _origin(self.root):
            what = f"{what} by way of {_netloc(response.url)}"
        return refusal(self.host, what, response.status_code, response.headers, body, self._auth.secrets)

    @contextlib.contextmanager
    def _reaching(self, url: str) -> Iterator[None]:
        """Errors of the network, without the address: it may be signed."""
        host = _netloc(url)
        try:
            yield
        except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
            if "WRONG_VERSION_NUMBER" in str(error):
                raise ExternalError(
                    f"{host} does not speak TLS.", kind="registry-certificate", hint="Allow plain HTTP for it."
                ) from error
            if "EOF" in str(error) or "reset" in str(error):
                raise _cut(host) from error
            raise ExternalError(
                f"The certificate of {host} is not trusted.",
                kind="registry-certificate",
                hint="Name the file of its authority's certificate.",
            ) from error
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise UnavailableError(
                f"{host} does not answer in time.", kind="registry-unreachable", hint="Try again later."
            ) from error
        except (
            requests.exceptions.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
            urllib3.exceptions.ProtocolError,
            ConnectionError,
        ) as error:
            if not self.has_answered:
                raise UnavailableError(
                    f"{host} cannot be reached.",
                    kind="registry-unreachable",
                    hint="Check its address, the network and the proxy.",
                ) from error
            raise _cut(host) from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise ExternalError(
                f"The request to {host} failed ({type(error).__name__}).",
                kind="registry-refused",
                hint="Check its address and the proxy.",
            ) from error


class _Adapter(HTTPAdapter):
    """Sends large bodies in few pieces."""

    def init_poolmanager(self, *words: Any, **named: Any) -> None:
        super().init_poolmanager(*words, blocksize=_BLOCK_BYTES, **named)


def _cut(host: str) -> UnavailableError:
    return UnavailableError(
        f"The connection to {host} was cut.",
        kind="registry-cut",
        hint="Run it again: what has arrived is kept.",
    )


def _as_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _netloc(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)
