"""Requests in JSON to a service that may answer anything, at any pace, or not at all."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from nbmlops.errors import (
    ConflictError,
    DeniedError,
    ExternalError,
    NbmlopsError,
    NotFoundError,
    UnavailableError,
    UsageError,
)
from nbmlops.lib.json_api import MOST_BYTES, JsonApi

TOKEN = "a-t0ken-that-nobody-may-see"
Talk = Callable[[socket.socket], None]


class Service:
    """Takes one line after the other, and lets `talk` say whatever it wants."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.talk: Talk = lambda line: None
        self.heard: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def says(self, status: str, body: bytes = b"", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
        self.talk = lambda line: line.sendall("\r\n".join(lines).encode() + body)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._socket.accept()
                with contextlib.suppress(OSError), line:
                    self.heard.append(heard(line))
                    self.talk(line)


def heard(line: socket.socket) -> bytes:
    """One request."""
    found = b""
    while b"\r\n\r\n" not in found:
        found += line.recv(1 << 16)
    head, _, body = found.partition(b"\r\n\r\n")
    length = next((int(each.split(b":")[1]) for each in head.split(b"\r\n") if each.startswith(b"Content-Length")), 0)
    while len(body) < length:
        body += line.recv(1 << 16)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.close()


def api(service: Service, *, seconds: float = 20.0, token: str = TOKEN) -> JsonApi:
    address = f"http://127.0.0.1:{service.port}/base/"
    return JsonApi("The service", address, kind="service", token=lambda: token, seconds=seconds, hint="Ask somebody.")


def asked(service: Service, *, seconds: float = 20.0) -> NbmlopsError:
    with pytest.raises(NbmlopsError) as caught:
        api(service, seconds=seconds).ask("GET", "/thing", to="get the thing")
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(caught.value.message) < 500
    return caught.value


def test_what_is_asked_and_answered(service: Service) -> None:
    service.says("200 OK", b'{"n": 1}', "Date: Thu, 01 May 2031 00:00:00 GMT")
    reply = api(service).send("POST", "/thing", query={"a": "b c"}, body={"x": "ü"})
    assert reply.document() == {"n": 1}
    assert reply.date is not None
    assert reply.date.year == 2031
    heard = service.heard[0].decode()
    assert heard.startswith("POST /base/thing?a=b+c HTTP/1.1\r\n")
    assert f"Authorization: Bearer {TOKEN}\r\n" in heard
    assert heard.endswith('{"x":"ü"}')


def test_without_a_token_none_is_sent_and_an_empty_answer_is_an_empty_object(service: Service) -> None:
    service.says("200 OK")
    assert api(service, token="").ask("POST", "/thing", to="post") == {}
    assert b"Authorization" not in service.heard[0]


@pytest.mark.parametrize(
    ("status", "family", "kind"),
    [
        ("401 Unauthorized", DeniedError, "service-denied"),
        ("403 Forbidden", DeniedError, "service-denied"),
        ("404 Not Found", NotFoundError, "service-missing"),
        ("409 Conflict", ConflictError, "service-conflict"),
        ("429 Too Many Requests", UnavailableError, "service-unavailable"),
        ("503 Service Unavailable", UnavailableError, "service-unavailable"),
        ("418 Teapot", ExternalError, "service-refused"),
        ("302 Found", ExternalError, "service-refused"),
    ],
)
def test_a_refusal_is_told_in_its_own_words_and_without_the_token(
    status: str, family: type[Exception], kind: str, service: Service
) -> None:
    body = b'{"message": "no \\u001b[31m such\\nthing for ' + TOKEN.encode() + b" " + b"x" * 1000 + b'"}'
    service.says(status, body, "Location: http://elsewhere.example.org/")
    error = asked(service)
    assert type(error) is family
    assert error.kind == kind
    assert "no [31m such thing for [redacted] xxx" in error.message
    assert len(service.heard) == 1, "redirects are not followed"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"message": 3}', b""])
def test_a_refusal_may_say_nothing_that_can_be_read(body: bytes, service: Service) -> None:
    service.says("403 Forbidden", body)
    assert asked(service).message == "The service does not let us get the thing."


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"x"', b"\xff\xfe", b'{"a":' * 100_000, b"NaN"])
def test_what_is_no_object_is_told(body: bytes, service: Service) -> None:
    service.says("200 OK", body)
    assert asked(service).message == "The service does not answer in JSON to get the thing."


def test_an_answer_that_does_not_end_is_cut(service: Service) -> None:
    def talk(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(MOST_BYTES // (1 << 20) + 2):
            line.sendall(b"x" * (1 << 20))

    service.talk = talk
    assert asked(service).message == "The service answers with more than 8 MiB."


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_service_that_trickles_is_late(begin: bytes, service: Service) -> None:
    def talk(line: socket.socket) -> None:
        line.sendall(begin)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            line.sendall(b"x")
            time.sleep(0.05)

    service.talk = talk
    assert asked(service, seconds=0.5).message == "The service does not answer: it takes more than 0.5 s."


@pytest.mark.parametrize("said", [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{}"])
def test_who_hangs_up_does_not_answer(said: bytes, service: Service) -> None:
    service.talk = lambda line: line.sendall(said)
    error = asked(service)
    assert isinstance(error, UnavailableError)
    assert error.message.startswith("The service does not answer: ")


def test_where_nobody_listens_nothing_answers(service: Service) -> None:
    service.close()
    assert isinstance(asked(service), UnavailableError)


@pytest.mark.parametrize(
    "address", ["", "host", "ftp://host", "https://", "https://me:pass@host", "https://host:99999", "https://h?a=b"]
)
def test_what_is_no_address_is_refused_without_its_login(address: str) -> None:
    with pytest.raises(UsageError, match="is no address") as caught:
        JsonApi("The service", address, kind="service")
    assert "me:pass" not in str(caught.value)


def test_what_is_no_token_is_not_sent(service: Service) -> None:
    with pytest.raises(DeniedError) as caught:
        api(service, token="two lines\nX-Header: 1").ask("GET", "/", to="get")
    assert "X-Header" not in str(caught.value)
    assert service.heard == []
