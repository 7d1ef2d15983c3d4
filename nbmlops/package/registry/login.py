"""Logging in to a registry and out of it."""

from __future__ import annotations

from nbmlops.package.registry import credentials
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.credentials import Found, Login


def login(host: str, given: Login, *, plain_http: bool | None = None, verify: bool | str = True) -> str:
    """Try a login, then keep it for all of Docker's friends; where, is the answer. Raises DeniedError."""
    with Registry(
        host, plain_http=plain_http, verify=verify, credentials=lambda _: Found(login=given), concurrency=1
    ) as registry:
        registry.check()
    return credentials.store(host, given)


def logout(host: str) -> bool:
    """Whether there was a login to forget."""
    return credentials.erase(host)
