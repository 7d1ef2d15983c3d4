"""Whether MLflow's server answers, asked before MLflow itself is: that tries again for minutes, and says nothing."""

from __future__ import annotations

import contextlib
import http.client
import ssl
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from nbmlops.errors import UnavailableError
from nbmlops.track.address import shown

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0


def check_server(uri: str) -> None:
    """Raise UnavailableError when nobody answers HTTP at the address. One try, no retries, some seconds at most.

    Whatever it answers is an answer, save that of a gateway with nobody behind it. A server that accepts and is silent
    would otherwise hold up each of MLflow's own requests.
    """
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return
    try:
        status = _status(parts)
    except (OSError, http.client.HTTPException) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        reason = f"nothing came within {ANSWER_SECONDS:g} s" if isinstance(error, TimeoutError) else reason
        _unreachable(uri, reason or str(error) or "no answer", error)
    if status in (502, 503, 504):
        _unreachable(uri, f"a gateway says {status}", None)


def _status(parts: SplitResult) -> int:
    """What GET /health gives. Certificates are looked at when something is sent, not here."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(parts.hostname or "", port, timeout=CONNECT_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", port, timeout=CONNECT_SECONDS)
    with contextlib.closing(connection):
        connection.connect()
        connection.sock.settimeout(ANSWER_SECONDS)
        connection.request("GET", f"{parts.path.rstrip('/')}/health", headers={"Connection": "close"})
        return connection.getresponse().status


def _unreachable(uri: str, reason: str, cause: BaseException | None) -> NoReturn:
    raise UnavailableError(
        f"The MLflow server {shown(uri)} does not answer: {reason}.",
        kind="mlflow-unreachable",
        hint="Start it, or correct MLFLOW_TRACKING_URI. Work goes on: runs are kept and sent later.",
        uri=shown(uri),
    ) from cause
