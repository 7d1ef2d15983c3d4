"""`needs: url:` asks a service whether something is to be done, in the form of Kubeflow's ModelSync.

    needs: {url: {address: http://labelbot-diff.label-bot/needsTrain, timeout: 10s}}

What it answers is not believed: its size, its time and its form are bounded, and it sends nobody to another host. An
answer that is none of these means that it cannot be told, and then nothing is done.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import threading
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import msgspec

from nbmlops.lib.digest import digest_bytes, short
from nbmlops.lib.redact import redact_address
from nbmlops.lib.said import in_a_line
from nbmlops.model.needs_answer import NeedsAnswer, decode
from nbmlops.model.reconciler import Reason

NEED = "url"
TIMEOUT_SECONDS = 10.0
MOST_BYTES = 1 << 20
MOST_REDIRECTS = 3
MOST_PARAMETERS = 100
LONGEST_VALUE = 10_000
_MOVED = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}


class _NoAnswer(Exception):
    """Why it cannot be told, in a line."""


def ask(address: str, *, token: str = "", timeout: float = TIMEOUT_SECONDS) -> Reason:
    """`timeout`: seconds for the whole answer. Whatever goes wrong is a Reason that cannot be told; nothing is raised.

    `token`: sent as bearer, to this address only.
    """
    shown = in_a_line(redact_address(address))
    try:
        answer = _answer(address, token, timeout)
        _check(answer)
    except _NoAnswer as error:
        return Reason(need=NEED, holds=None, why=in_a_line(f"{shown} {error}", token))
    except Exception as error:  # noqa: BLE001 - what a stranger sends must not end a tick
        return Reason(need=NEED, holds=None, why=in_a_line(f"{shown} gave a {type(error).__name__}: {error}", token))
    if answer.errors:
        return Reason(need=NEED, holds=None, why=in_a_line(f"{shown} cannot tell: {'; '.join(answer.errors)}", token))
    given = ", ".join(f"{name}={value}" for name, value in sorted(answer.parameters.items()))
    said = f"{shown} says that it {'is' if answer.needs_sync else 'is not'} needed"
    return Reason(
        need=NEED,
        holds=answer.needs_sync,
        why=in_a_line(f"{said}: {given}" if given else said, token),
        # What it gives is what is wanted: another model's name is another need.
        key=short(digest_bytes(msgspec.json.encode(answer.parameters, order="sorted"))) if answer.needs_sync else "",
        parameters=answer.parameters,
    )


def _answer(address: str, token: str, timeout: float) -> NeedsAnswer:
    place = _parsed(address)
    first = place
    for _ in range(MOST_REDIRECTS + 1):
        status, location, body = _fetched(place, token, timeout)
        if status not in _MOVED:
            return _read(status, body)
        if not location:
            raise _NoAnswer(f"answers {status}, and not where to")
        place = _moved(place, location)
        if (place.hostname, _port(place)) != (first.hostname, _port(first)) or place.scheme != first.scheme:
            raise _NoAnswer("sends on to another host, which is not followed")
        # The login of the first address is kept; one that the answer brings is not taken.
        place = place._replace(netloc=first.netloc)
    raise _NoAnswer(f"sends on more than {MOST_REDIRECTS} times")


def _moved(place: SplitResult, location: str) -> SplitResult:
    try:
        return _parsed(urljoin(place.geturl(), location))
    except ValueError as error:
        raise _NoAnswer("sends on to what is no address") from error


def _read(status: int, body: bytes) -> NeedsAnswer:
    if status not in (200, 500):
        raise _NoAnswer(f"answers {status} {http.client.responses.get(status, '')}".rstrip())
    try:
        answer = decode(body)
    except ValueError as error:
        if status == 500:
            raise _NoAnswer("answers 500, and not why") from error
        raise _NoAnswer(f"answers something else than was asked: {error}") from error
    if status == 500 and not answer.errors:
        raise _NoAnswer("answers 500, and not why")
    return answer


def _check(answer: NeedsAnswer) -> None:
    if len(answer.parameters) > MOST_PARAMETERS:
        raise _NoAnswer(f"gives {len(answer.parameters)} parameters, over {MOST_PARAMETERS}")
    for name, value in answer.parameters.items():
        if not name:
            raise _NoAnswer("gives a parameter without a name")
        if len(name) > LONGEST_VALUE or len(value) > LONGEST_VALUE:
            raise _NoAnswer(f"gives a parameter of more than {LONGEST_VALUE} letters")


def _parsed(address: str) -> SplitResult:
    if any(char.isspace() or ord(char) < 32 for char in address):
        raise _NoAnswer("is no address: it has a blank or a control character in it")
    try:
        place = urlsplit(address)
        _port(place)
    except ValueError as error:
        raise _NoAnswer(f"is no address: {error}") from error
    if place.scheme not in _PORTS or not place.hostname:
        raise _NoAnswer("is no address of http or https")
    return place


def _port(place: SplitResult) -> int:
    return place.port or _PORTS.get(place.scheme, 0)


def _fetched(place: SplitResult, token: str, timeout: float) -> tuple[int, str, bytes]:
    host = place.hostname or ""
    if place.scheme == "https":
        context = ssl.create_default_context()
        line: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, _port(place), timeout=timeout, context=context
        )
    else:
        line = http.client.HTTPConnection(host, _port(place), timeout=timeout)
    # A limit for each read alone would let a service that trickles hold a tick for ever.
    is_late = threading.Event()
    limit = threading.Timer(timeout, _cut, (line, is_late))
    limit.daemon = True
    limit.start()
    path = f"{place.path or '/'}?{place.query}" if place.query else place.path or "/"
    try:
        line.request("GET", path, headers={"Accept": "application/json", **_login(place, token)})
        answer = line.getresponse()
        body = answer.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise _NoAnswer(f"answers with more than {MOST_BYTES >> 20} MiB")
        if is_late.is_set():
            raise TimeoutError
        if answer.length:
            raise _NoAnswer("stops in the middle of its answer")
        return answer.status, answer.headers.get("Location", ""), body
    except (OSError, http.client.HTTPException, ValueError) as error:
        if is_late.is_set() or isinstance(error, TimeoutError):
            raise _NoAnswer(f"does not answer within {timeout:g} s") from error
        raise _NoAnswer(f"cannot be reached: {error or type(error).__name__}") from error
    finally:
        limit.cancel()
        line.close()


def _login(place: SplitResult, token: str) -> dict[str, str]:
    if token:
        return {"Authorization": f"Bearer {token}"}
    if place.username is None:
        return {}
    pair = f"{unquote(place.username)}:{unquote(place.password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _cut(line: http.client.HTTPConnection, is_late: threading.Event) -> None:
    # Before the line is cut: who reads there asks at once why it ended.
    is_late.set()
    with contextlib.suppress(OSError, AttributeError):
        line.sock.shutdown(socket.SHUT_RDWR)
