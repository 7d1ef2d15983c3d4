"""Asking a deployment, as its callers do."""

from __future__ import annotations

import http.client
import time

import msgspec

from nbmlops.errors import UnavailableError
from nbmlops.model.deployment import Spec

REVISION = "X-Nbmlops-Revision"
REQUEST_ID = "X-Request-Id"
SECONDS = 90.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    body: bytes
    revision: int
    """That has answered; 0 where nobody says so."""
    seconds: float


def request(
    spec: Spec,
    token: str,
    path: str,
    body: bytes | None = None,
    content_type: str = "application/json",
    *,
    revision: int = 0,
    request_id: str = "",
    seconds: float = SECONDS,
) -> Answer:
    """POST where there is a body. `revision`: that is to answer, in place of the one whose turn it is.

    Raises UnavailableError, also where nothing comes for so many seconds.
    """
    headers = {"Authorization": f"Bearer {token}"}
    if body is not None:
        headers["Content-Type"] = content_type
    if revision:
        headers[REVISION] = str(revision)
    if request_id:
        headers[REQUEST_ID] = request_id
    began = time.perf_counter()
    line = http.client.HTTPConnection(spec.host, spec.port, timeout=seconds)
    try:
        line.request("GET" if body is None else "POST", path, body, headers)
        reply = line.getresponse()
        told = reply.read()
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(
            f"Deployment {spec.name} does not answer: {error}.",
            kind="deployment-silent",
            hint="See nbmlops deployments",
        ) from error
    finally:
        line.close()
    named = reply.getheader(REVISION) or ""
    return Answer(
        status=reply.status,
        body=told,
        revision=int(named) if named.isdigit() else 0,
        seconds=time.perf_counter() - began,
    )
