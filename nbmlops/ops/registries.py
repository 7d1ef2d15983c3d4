"""How verbs reach a registry, and how they tell of what moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from nbmlops.errors import UsageError
from nbmlops.ops.call import Call, Progress
from nbmlops.package.reference import Reference
from nbmlops.package.registry.client import Registry

PLAIN_HTTP = "Without TLS. It is so by itself for 127.0.0.1 and localhost with a port."
CA = "Certificate of the authority that signed the registry's."
INSECURE = "Take whatever certificate the registry has."
_TOLD_EVERY = 4 << 20


class Connection(Protocol):
    @property
    def plain_http(self) -> bool: ...
    @property
    def ca(self) -> str: ...
    @property
    def insecure(self) -> bool: ...


def connect(call: Call, reference: Reference, request: Connection) -> Registry:
    """Raises UsageError for a package that names no registry."""
    if reference.is_local:
        raise UsageError(
            f"{reference} names no registry.",
            kind="registry-missing",
            hint=f"As in ghcr.io/team/{reference.repository}:{reference.tag or 'v1'}.",
        )
    if request.insecure and request.ca:
        raise UsageError("--ca and --insecure contradict each other.", kind="options-contradict", hint="Choose one.")
    verify = str(call.path(request.ca)) if request.ca else not request.insecure
    return Registry(reference.registry, plain_http=request.plain_http or None, verify=verify)


class Told:
    """Progress of each blob, by the path of its layer where that is known."""

    def __init__(self, call: Call, names: Mapping[str, str] | None = None) -> None:
        self._call = call
        self._names = names or {}
        self._said: dict[str, int] = {}

    def __call__(self, digest: str, done: int, size: int) -> None:
        if done - self._said.get(digest, 0) >= _TOLD_EVERY:
            self._said[digest] = done
            self._call.progress(Progress(task=self._name(digest), done=done, total=size))

    def end(self) -> None:
        for digest in self._said:
            self._call.progress(Progress(task=self._name(digest), state="done"))

    def _name(self, digest: str) -> str:
        return self._names.get(digest) or digest[7:19]
