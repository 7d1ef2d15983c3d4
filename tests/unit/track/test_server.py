"""A server of MLflow that may be away."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from nbmlops.errors import UnavailableError
from nbmlops.track import server
from nbmlops.track.server import check_server


def test_a_server_that_does_not_listen_is_named_without_its_login() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UnavailableError) as caught:
        check_server(f"http://me:hunter2@127.0.0.1:{port}/path")
    assert caught.value.kind == "mlflow-unreachable"
    assert f"127.0.0.1:{port}" in caught.value.message
    assert "hunter2" not in str(caught.value)


@contextlib.contextmanager
def answering(reply: bytes | None) -> Iterator[int]:
    """A port that accepts, and gives each caller that reply; None: it never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as line:
        kept: list[socket.socket] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    caller = line.accept()[0]
                    kept.append(caller)
                    if reply is not None:
                        caller.recv(4096)
                        caller.sendall(reply)
                        caller.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield line.getsockname()[1]
        line.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for caller in kept:
            caller.close()


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "404 Not Found"])
def test_a_server_that_answers_anything_passes(status: str) -> None:
    with answering(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()) as port:
        check_server(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (None, "nothing came within 0.3 s"),
        (b"", "Remote end closed connection"),
        (b"+OK redis\r\n", "BadStatusLine"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "a gateway says 502"),
    ],
)
def test_a_server_that_accepts_and_is_none_is_told(
    monkeypatch: pytest.MonkeyPatch, reply: bytes | None, reason: str
) -> None:
    monkeypatch.setattr(server, "ANSWER_SECONDS", 0.3)
    with answering(reply) as port, pytest.raises(UnavailableError, match=reason):
        check_server(f"http://127.0.0.1:{port}")
