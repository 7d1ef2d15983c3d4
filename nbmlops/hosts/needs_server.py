"""Answers over HTTP whether something is to be done, in the form that a ModelSync asks for.

    GET /needsTrain    is a model to be trained?
    GET /needsSync     is what runs another than what is wanted?  `/` is the same
    GET /healthz       does it answer at all?

    with NeedsServer(answer, host="127.0.0.1", port=8080) as server:
        server.serve()         # until server.stop(), from another thread or a signal handler

HTTP 500 where it could not be told. Away from this machine a token is asked for, unless the server is open.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import json
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from nbmlops.errors import ConflictError, NbmlopsError, StateError, UsageError
from nbmlops.lib.redact import redact
from nbmlops.model.needs_answer import NeedsAnswer, encode

TRAIN, SYNC = "needsTrain", "needsSync"
ROUTES = {"/needsTrain": TRAIN, "/needsSync": SYNC, "/": SYNC}
HEALTH = "/healthz"
MOST_CONNECTIONS = 32
MOST_BODY_BYTES = 64 << 10
"""That a caller may send along; it is read and means nothing."""
IDLE_SECONDS = 10.0
"""That a caller may fall silent."""
WHOLE_SECONDS = 60.0
"""Until a question has to be there, whole."""
_POLL_SECONDS = 0.2
_REFUSED_SECONDS = 0.05
_LONGEST_ERROR = 1000

Answer = Callable[[str], NeedsAnswer]
"""Of `needsTrain` or `needsSync`. An NbmlopsError of its own is an answer that it could not be told."""


class NeedsServer:
    """Raises UsageError for a token where none can be sent, StateError where one is missing, ConflictError for a port
    that is taken.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        host: str = "127.0.0.1",
        port: int = 8080,
        token: str = "",
        is_open: bool = False,
        idle_seconds: float = IDLE_SECONDS,
        whole_seconds: float = WHOLE_SECONDS,
        most_connections: int = MOST_CONNECTIONS,
    ) -> None:
        if not token and not is_open and not is_loopback(host):
            raise StateError(
                f"Whoever reaches {host} could ask: it needs a token.",
                kind="needs-open",
                hint="Set NBMLOPS_NEEDS_TOKEN, or say that everybody may ask: --open",
            )
        if not token.isascii() or any(char.isspace() or not char.isprintable() for char in token):
            raise UsageError("A token is of ASCII letters without blanks.", kind="token-malformed")
        handler = type(
            "_Bound",
            (_Handler,),
            {
                "answer": staticmethod(answer),
                "token": token,
                "timeout": idle_seconds,
                "whole_seconds": whole_seconds,
                # One at a time: what answers reads files that a tick writes, and need not be safe in threads.
                "turn": threading.Lock(),
            },
        )
        try:
            self._server = _Bounded((host, port), handler, most_connections)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise ConflictError(
                f"{host}:{port} cannot be listened at: {why}.", kind="port-taken", hint="Choose another: --port 0"
            ) from error

    @property
    def host(self) -> str:
        return str(self._server.server_address[0])

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def serve(self) -> None:
        """Returns when it was asked to stop; answers under way are finished."""
        self._server.serve_forever(_POLL_SECONDS)

    def stop(self) -> None:
        """May be called by a signal handler, while `serve` runs in the same thread."""
        threading.Thread(target=self._server.shutdown, daemon=True).start()

    def __enter__(self) -> NeedsServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Bounded(ThreadingHTTPServer):
    daemon_threads = True
    # Asked to end, it does not wait for callers who say nothing.
    block_on_close = False
    # A second server on a port that one listens at would get nothing: it is to be told.
    allow_reuse_port = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], most: int) -> None:
        self._free = threading.BoundedSemaphore(most)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # The base class looks its own name up in DNS, which may take long.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            with contextlib.suppress(OSError):
                # What was asked is read first: a connection that is closed before loses the answer.
                request.settimeout(_REFUSED_SECONDS)
                with contextlib.suppress(TimeoutError):
                    request.recv(1 << 16)
                request.sendall(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n")
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller who hangs up is nothing to tell anybody."""


class _Handler(BaseHTTPRequestHandler):
    answer: Answer
    token: str
    turn: threading.Lock
    whole_seconds: float
    # One request a connection: nobody keeps one of the few places.
    protocol_version = "HTTP/1.0"
    server_version = "nbmlops"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        # A caller who sends a letter every now and then never falls silent: in the end he is cut off.
        self._limit = threading.Timer(self.whole_seconds, _cut, (self.connection,))
        self._limit.daemon = True
        self._limit.start()

    def finish(self) -> None:
        self._limit.cancel()
        super().finish()

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == HEALTH:
            self._send(HTTPStatus.OK, b"ok", "text/plain; charset=utf-8")
            return
        which = ROUTES.get(path)
        if which is None:
            self._refuse(HTTPStatus.NOT_FOUND, f"There is {', '.join(ROUTES)} and {HEALTH}.")
        elif not self._is_known():
            self._refuse(HTTPStatus.UNAUTHORIZED, "A bearer token is asked for.")
        elif self._takes_body():
            self._limit.cancel()
            said = self._answered(which)
            status = HTTPStatus.INTERNAL_SERVER_ERROR if said.errors else HTTPStatus.OK
            self._send(status, encode(said), "application/json; charset=UTF-8")

    do_HEAD = do_GET

    def _answered(self, which: str) -> NeedsAnswer:
        try:
            with self.turn:
                return self.answer(which)
        except NbmlopsError as error:
            return NeedsAnswer(needs_sync=False, errors=(redact(_one_line(str(error))),))
        except Exception as error:  # noqa: BLE001 - one question that cannot be answered does not end the service
            return NeedsAnswer(needs_sync=False, errors=(redact(_one_line(f"{type(error).__name__}: {error}")),))

    def _is_known(self) -> bool:
        if not self.token:
            return True
        scheme, _, given = self.headers.get("Authorization", "").strip().partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode("latin-1", "replace"), self.token.encode("ascii")
        )

    def _takes_body(self) -> bool:
        length = self.headers.get("Content-Length", "0").strip()
        if self.headers.get("Transfer-Encoding") or not (length.isascii() and length.isdigit()):
            self._refuse(HTTPStatus.BAD_REQUEST, "A question has no body.")
            return False
        if len(length) > 9 or int(length) > MOST_BODY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A question has no body.")
            return False
        self.rfile.read(int(length))
        return True

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        body = json.dumps({"error": why}).encode()
        headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else {}
        self._send(status, body, "application/json; charset=UTF-8", headers)

    def _send(self, status: HTTPStatus, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: whoever serves says what was answered."""


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_ERROR]


def _cut(request: socket.socket) -> None:
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)
