"""The service that a ModelSync asks: its exact form, who may ask, and that nobody can keep others from asking."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from nbmlops.errors import ConflictError, NotFoundError, StateError, UsageError
from nbmlops.hosts.needs_server import MOST_BODY_BYTES, NeedsServer, is_loopback
from nbmlops.model.needs_answer import NeedsAnswer

TRAIN = NeedsAnswer(needs_sync=True, parameters={"days": "3"})
SYNC = NeedsAnswer(needs_sync=False)


def answer(which: str) -> NeedsAnswer:
    return {"needsTrain": TRAIN, "needsSync": SYNC}[which]


@contextmanager
def serving(say: Callable[[str], NeedsAnswer] = answer, **more: Any) -> Iterator[NeedsServer]:
    with NeedsServer(say, port=0, **more) as server:
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stop()
            thread.join(10)
        assert not thread.is_alive()


def asked(server: NeedsServer, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=10)) as line:
        line.request(method, path, headers=headers)
        with line.getresponse() as got:
            return got.status, got.read()


def raw(server: NeedsServer, text: bytes) -> bytes:
    with socket.create_connection((server.host, server.port), timeout=10) as line:
        line.sendall(text)
        found = b""
        while piece := line.recv(65536):
            found += piece
        return found


def test_the_form_is_exactly_that_of_a_model_sync() -> None:
    with serving() as server:
        status, body = asked(server, "/needsTrain")
        assert (status, json.loads(body)) == (
            200,
            {
                "kind": "NeedsSync",
                "apiVersion": "v1alpha1",
                "metadata": {"creationTimestamp": None},
                "needsSync": True,
                "parameters": {"days": "3"},
                "errors": [],
            },
        )
        assert asked(server, "/") == asked(server, "/needsSync") == asked(server, "/needsSync?x=1")
        assert json.loads(asked(server, "/")[1])["needsSync"] is False
        assert asked(server, "/healthz") == (200, b"ok")
        assert asked(server, "/needsTrain", "HEAD") == (200, b"")


@pytest.mark.parametrize("path", ["/needstrain", "/needsTrain/", "/../needsTrain", "/healthz/x"])
def test_other_paths_are_not_found(path: str) -> None:
    with serving() as server:
        assert asked(server, path)[0] == 404


def failing(which: str) -> NeedsAnswer:
    if which == "needsTrain":
        raise NotFoundError("There is no model wine at https://me:hunter2@host.", kind="model-missing")
    raise ZeroDivisionError("a bug")


def test_what_cannot_be_told_is_a_500_with_its_reason_and_without_secrets() -> None:
    with serving(failing) as server:
        status, body = asked(server, "/needsTrain")
        assert status == 500
        found = json.loads(body)
        assert found["needsSync"] is False
        (error,) = found["errors"]
        assert error["message"].startswith("There is no model wine at https://me:")
        assert "hunter2" not in body.decode()
        status, body = asked(server, "/needsSync")
        assert (status, json.loads(body)["errors"]) == (500, [{"message": "ZeroDivisionError: a bug"}])
        assert asked(server, "/healthz")[0] == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org"])
def test_away_from_this_machine_a_token_is_asked_for(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(StateError, match="needs a token"):
        NeedsServer(answer, host=host, port=0)


def test_a_token_or_openness_lets_it_be_reached() -> None:
    with serving(host="0.0.0.0", token="s3cret") as server:
        assert asked(server, "/needsTrain")[0] == 401
        assert asked(server, "/needsTrain", Authorization="Bearer wrong")[0] == 401
        assert asked(server, "/needsTrain", Authorization="Basic s3cret")[0] == 401
        assert asked(server, "/needsTrain", Authorization="Bearer s3cr\xe9t")[0] == 401
        assert asked(server, "/needsTrain", Authorization="bearer  s3cret")[0] == 200
        assert asked(server, "/healthz")[0] == 200
    with serving(host="0.0.0.0", is_open=True) as server:
        assert asked(server, "/needsTrain")[0] == 200


@pytest.mark.parametrize("token", ["a b", "é", "a\n"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="A token is of ASCII letters"):
        NeedsServer(answer, port=0, token=token)


def test_a_port_that_is_taken_is_said() -> None:
    with serving() as server, pytest.raises(ConflictError, match="cannot be listened at"):
        NeedsServer(answer, port=server.port)
    with pytest.raises(ConflictError, match="cannot be listened at"):
        NeedsServer(answer, port=99_999)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"POST /needsTrain HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"501"),
        (b"GET /needsTrain HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"GET /needsTrain HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"GET /needsTrain HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"GET /needsTrain HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MOST_BODY_BYTES + 1), b"413"),
        (b"GET /needsTrain HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", b"413"),
        (b"GET /needsTrain HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", b"200"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
        (b"\x16\x03\x01 garbage\r\n\r\n", b"400"),
    ],
)
def test_odd_requests_are_refused(text: bytes, status: bytes) -> None:
    with serving() as server:
        assert status in raw(server, text).split(b"\r\n")[0]
        assert asked(server, "/healthz")[0] == 200


def test_callers_who_say_nothing_or_little_are_cut_off() -> None:
    with serving(idle_seconds=0.2, whole_seconds=0.6) as server:
        assert raw(server, b"GET / HT") == b""
        with socket.create_connection((server.host, server.port), timeout=10) as line:
            began = time.monotonic()
            line.sendall(b"GET / HTTP/1.1\r\n")
            try:
                while time.monotonic() - began < 8:
                    line.sendall(b"A")
                    time.sleep(0.05)
            except OSError:
                pass
            else:
                raise AssertionError("he was never cut off")


def test_more_callers_than_there_are_places_are_told_to_come_again() -> None:
    with serving(most_connections=2, idle_seconds=5.0) as server:
        silent = [socket.create_connection((server.host, server.port), timeout=10) for _ in range(2)]
        try:
            found = [asked(server, "/healthz")[0] for _ in range(3)]
            assert found == [503, 503, 503]
        finally:
            for line in silent:
                line.close()
        deadline = time.monotonic() + 10
        while asked(server, "/healthz")[0] != 200:
            assert time.monotonic() < deadline


def test_questions_are_answered_one_at_a_time() -> None:
    inside, most = 0, 0

    def slow(which: str) -> NeedsAnswer:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.05)
        inside -= 1
        return SYNC

    with serving(slow) as server:
        threads = [threading.Thread(target=asked, args=(server, "/")) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert most == 1
