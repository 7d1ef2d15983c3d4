"""Asked whether something is needed: whatever it answers the tick goes on, and only a good answer counts."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from nbmlops.hosts.needs_server import NeedsServer
from nbmlops.model.needs_answer import NeedsAnswer, decode, encode
from nbmlops.reconcile.needs_client import MOST_BYTES, ask

GOOD: dict[str, Any] = {"kind": "NeedsSync", "apiVersion": "v1alpha1", "metadata": {"creationTimestamp": None},
                        "needsSync": True, "parameters": {"name": "7"}}  # fmt: skip


@contextmanager
def ours(answer: Callable[[str], NeedsAnswer], **more: Any) -> Iterator[str]:
    with NeedsServer(answer, port=0, **more) as server:
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.stop()
            thread.join(10)


@contextmanager
def theirs(*replies: bytes | float, seen: list[bytes] | None = None) -> Iterator[str]:
    """A server that sends just these bytes, and waits where there is a number (of seconds)."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    line, _ = listening.accept()
                except OSError:
                    return
                with line:
                    try:
                        asked = line.recv(65536)
                        if seen is not None:
                            seen.append(asked)
                        for each in replies:
                            if isinstance(each, bytes):
                                line.sendall(each)
                            else:
                                ended.wait(each)
                    except OSError:
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            ended.set()
            listening.shutdown(socket.SHUT_RDWR)


def http(status: int, body: bytes, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def said(**more: Any) -> bytes:
    return json.dumps({**GOOD, **more}).encode()


def test_our_server_is_understood() -> None:
    yes, no = NeedsAnswer(needs_sync=True, parameters={"b": "2", "a": "été"}), NeedsAnswer(needs_sync=False)
    with ours(lambda which: yes if which == "needsTrain" else no) as address:
        found = ask(f"{address}/needsTrain")
        assert (found.need, found.holds, found.parameters) == ("url", True, {"b": "2", "a": "été"})
        assert found.why == f"{address}/needsTrain says that it is needed: a=été, b=2"
        assert found.key != ""
        other = ask(f"{address}/needsSync")
        assert (other.holds, other.key, other.parameters) == (False, "", {})
        assert ask(address).holds is False


def test_the_key_is_of_what_is_given_and_not_of_its_order() -> None:
    def key(**parameters: str) -> str:
        with theirs(http(200, said(parameters=parameters))) as address:
            return ask(address).key

    assert key(a="1", b="2") == key(b="2", a="1") != key(a="1", b="3")


def test_errors_mean_that_it_cannot_be_told() -> None:
    with ours(lambda which: NeedsAnswer(needs_sync=True, errors=("no model\nyet", "and more"))) as address:
        found = ask(f"{address}/needsTrain")
        assert found.holds is None
        assert found.why == f"{address}/needsTrain cannot tell: no model yet; and more"
        assert found.parameters == {}


def test_the_form_goes_round() -> None:
    for each in (NeedsAnswer(needs_sync=True, parameters={"a": "b"}), NeedsAnswer(needs_sync=False, errors=("x",))):
        assert decode(encode(each)) == each
    # As the reference writes it: no errors, and null where nothing was put.
    assert decode(said(parameters=None, needsSync=False)) == NeedsAnswer(needs_sync=False)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (http(500, b""), "answers 500, and not why"),
        (http(500, said()), "answers 500, and not why"),
        (http(503, b"busy"), "answers 503 Service Unavailable"),
        (http(404, said()), "answers 404"),
        (http(204, b""), "answers 204"),
        (http(200, b""), "something else than was asked"),
        (http(200, b"<html>"), "something else than was asked"),
        (http(200, b"\xff\xfe{}"), "something else than was asked"),
        (http(200, b"[" * 100_000), "something else than was asked"),
        (http(200, b"null"), "something else than was asked"),
        (http(200, said(needsSync="true")), "something else than was asked"),
        (http(200, said(needsSync=1)), "something else than was asked"),
        (http(200, said(needsSync=None)), "something else than was asked"),
        (http(200, said(parameters={"a": 1})), "something else than was asked"),
        (http(200, said(parameters=["a"])), "something else than was asked"),
        (http(200, said(errors="no")), "something else than was asked"),
        (http(200, said(kind="Sync")), "it is 'Sync' of 'v1alpha1'"),
        (http(200, said(apiVersion="v2")), "it is 'NeedsSync' of 'v2'"),
        (http(200, json.dumps({"needsSync": True}).encode()), "something else than was asked"),
        (http(200, said(parameters={"": "x"})), "a parameter without a name"),
        (http(200, said(parameters={str(number): "x" for number in range(101)})), "gives 101 parameters"),
        (http(200, said(parameters={"a": "x" * 10_001})), "more than 10000 letters"),
        (http(200, said())[:-5], "stops in the middle"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nabc", "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b" " * (MOST_BYTES + 10), "more than 1 MiB"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (MOST_BYTES + 10), "more than 1 MiB"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n", "cannot be reached"),
        (b"garbage\r\n\r\n", "cannot be reached"),
        (b"", "cannot be reached"),
        (http(302, b""), "not where to"),
        (http(302, b"", "Location: http://other.example/x"), "another host"),
        (http(302, b"", "Location: http://127.0.0.1:1/x"), "another host"),
        (http(302, b"", "Location: //[broken"), "no address"),
        (http(302, b"", "Location: file:///etc/passwd"), "no address of http"),
        (http(307, b"", "Location: /again"), "more than 3 times"),
    ],
)
def test_whatever_is_no_good_answer_cannot_be_told(reply: bytes, told: str) -> None:
    with theirs(reply) as address:
        found = ask(f"{address}/needsTrain", timeout=5.0)
    assert found.holds is None
    assert told in found.why
    assert found.why.startswith(address)
    assert (found.key, found.parameters, len(found.why) <= 300) == ("", {}, True)


@pytest.mark.parametrize("replies", [(30.0,), (b"HTTP/1.1 200 OK\r\n", 30.0), (http(200, said())[:-3], 30.0)])
def test_who_hangs_is_not_waited_for(replies: tuple[bytes | float, ...]) -> None:
    with theirs(*replies) as address:
        found = ask(address, timeout=0.3)
    assert found.holds is None
    assert "does not answer within 0.3 s" in found.why


def test_who_trickles_is_not_waited_for_either() -> None:
    pieces: list[bytes | float] = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"]
    for _ in range(200):
        pieces += [b" ", 0.1]
    with theirs(*pieces) as address:
        began = time.monotonic()
        found = ask(address, timeout=0.5)
        # Each byte comes in time, the whole would take 20 seconds.
        assert time.monotonic() - began < 10
    assert found.holds is None
    assert "does not answer within 0.5 s" in found.why


def test_on_its_own_host_it_may_send_elsewhere() -> None:
    with ours(lambda which: NeedsAnswer(needs_sync=which == "needsTrain")) as address:
        port = address.rpartition(":")[2]
        seen: list[bytes] = []
        with theirs(http(301, b"", f"Location: http://127.0.0.1:{port}/needsTrain"), seen=seen) as first:
            assert ask(first, token="s3cret").holds is None
        assert b"Authorization: Bearer s3cret" in seen[0]


@pytest.mark.parametrize(
    "address",
    ["", "wine", "file:///etc/passwd", "ftp://host/x", "http://", "http://host:99999/", "http://ho st/", "http://[x",
     "http://host/\r\nX: y", "javascript:alert(1)", "http://\u2028/", "http://xn--\uffff.example/"],
)  # fmt: skip
def test_what_is_no_address_is_not_asked(address: str) -> None:
    found = ask(address, timeout=1.0)
    assert found.holds is None
    assert "\n" not in found.why


def test_nobody_there_cannot_be_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "cannot be reached" in ask(f"http://127.0.0.1:{port}/", timeout=2.0).why


def test_secrets_are_sent_and_never_told() -> None:
    seen: list[bytes] = []
    with theirs(http(200, said(errors=[{"message": "who is Bearer t0psecret?"}])), seen=seen) as address:
        found = ask(f"{address}/x?token=hunter3&y=1", token="t0psecret")
        assert b"GET /x?token=hunter3&y=1 " in seen[0]
        assert b"Bearer t0psecret" in seen[0]
        login = address.replace("http://", "http://me:p%40ss@")
        other = ask(login)
        assert b"Basic " + base64.b64encode(b"me:p@ss") in seen[1]
    assert "hunter3" not in found.why
    assert "t0psecret" not in found.why
    assert "p%40ss" not in other.why


def test_a_servers_token_is_given() -> None:
    with ours(lambda which: NeedsAnswer(needs_sync=True), token="s3cret") as address:
        assert ask(address).why.endswith("answers 401 Unauthorized")
        assert ask(address, token="s3cret").holds is True
