"""A Lease of Kubernetes, over its REST API as a pod reaches it.

Two that write at once are told apart by the version that each has read: the API server takes one of them.
Source: Kubernetes' API reference, coordination.k8s.io/v1.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import ConflictError, DeniedError, ExternalError, NotFoundError, UnavailableError
from nbmlops.lib.kubernetes_api import by_account, pod

DEFAULT_SECONDS = 60


class LeaseSpec(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: datetime | None = None
    renew_time: datetime | None = None
    lease_transitions: int | None = None


class _Metadata(msgspec.Struct, kw_only=True, rename="camel"):
    name: str
    namespace: str = ""
    resource_version: str = ""


class _Lease(msgspec.Struct, kw_only=True, rename="camel"):
    metadata: _Metadata
    spec: LeaseSpec = msgspec.field(default_factory=LeaseSpec)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    document: dict[str, Any]
    """As the API server gave it last: what others wrote there is given back unchanged."""
    holder: str
    seconds: int


class Leases:
    """One Lease. `address`: of the API server; `account`: the folder with token and ca.crt."""

    def __init__(self, name: str, *, address: str, namespace: str, account: Path | None = None) -> None:
        self._api = by_account(address, account)
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}"
        self._name = name
        self._offset = timedelta()

    @classmethod
    def of_pod(cls, name: str) -> Leases:
        """Raises StateError outside of a pod."""
        here = pod()
        return cls(name, address=here.address, namespace=here.namespace)

    def take(self, holder: str) -> Held:
        """Raises ConflictError where somebody else holds it."""
        document = self._asked("GET")
        spec = self._read(document).spec
        seconds = spec.lease_duration_seconds or DEFAULT_SECONDS
        now = self._now()
        if spec.holder_identity and spec.holder_identity != holder and spec.renew_time is not None:
            left = spec.renew_time + timedelta(seconds=seconds) - now
            if left > timedelta():
                raise ConflictError(
                    f"{spec.holder_identity} holds the lease {self._name} for another {left.total_seconds():.0f} s.",
                    kind="lease-held",
                    holder=spec.holder_identity,
                )
        transitions = (spec.lease_transitions or 0) + (spec.holder_identity != holder)
        wanted = LeaseSpec(
            holder_identity=holder,
            lease_duration_seconds=seconds,
            acquire_time=now,
            renew_time=now,
            lease_transitions=transitions,
        )
        return Held(document=self._put(document, wanted), holder=holder, seconds=seconds)

    def renew(self, held: Held) -> Held:
        """Raises ConflictError where somebody has taken it meanwhile."""
        spec = self._read(held.document).spec
        wanted = msgspec.structs.replace(spec, renew_time=self._now())
        return msgspec.structs.replace(held, document=self._put(held.document, wanted))

    def give_back(self, held: Held) -> None:
        spec = self._read(held.document).spec
        # An empty holder: Kubernetes' own leader election reads it so, too.
        self._put(held.document, msgspec.structs.replace(spec, holder_identity="", renew_time=self._now()))

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def _put(self, document: dict[str, Any], spec: LeaseSpec) -> dict[str, Any]:
        body = {**document, "spec": {**document.get("spec", {}), **_plain(spec)}}
        return self._asked("PUT", body)

    def _read(self, document: dict[str, Any]) -> _Lease:
        try:
            return msgspec.convert(document, _Lease)
        except msgspec.ValidationError as error:
            raise ExternalError(f"The lease {self._name} is no Lease: {error}", kind="lease-malformed") from error

    def _asked(self, method: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        reply = self._api.send(method, self._path, body=body)
        if reply.status != 200:
            raise self._refused(reply.status)
        if reply.date is not None:
            self._offset = reply.date - datetime.now(UTC)
        try:
            return reply.document()
        except ValueError as error:
            raise ExternalError("The API server answers no JSON.", kind="lease-malformed") from error

    def _refused(self, code: int) -> ExternalError | ConflictError | NotFoundError:
        if code == 409:
            return ConflictError(f"Somebody else has just taken the lease {self._name}.", kind="lease-held")
        if code == 404:
            return NotFoundError(
                f"There is no Lease {self._name}.", kind="lease-missing", hint="Apply it: kubectl apply -k kubernetes"
            )
        if code in (401, 403):
            return DeniedError(
                f"The service account may not get and update the Lease {self._name}.", kind="cluster-denied"
            )
        family = UnavailableError if code >= 500 or code == 429 else ExternalError
        return family(f"The API server answers {code} for the Lease {self._name}.", kind="cluster-failed")


def _plain(spec: LeaseSpec) -> dict[str, Any]:
    """With times as Kubernetes' MicroTime reads them."""
    found = {
        "holderIdentity": spec.holder_identity,
        "leaseDurationSeconds": spec.lease_duration_seconds,
        "acquireTime": _time(spec.acquire_time),
        "renewTime": _time(spec.renew_time),
        "leaseTransitions": spec.lease_transitions,
    }
    return {name: value for name, value in found.items() if value is not None}


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment is not None else None
