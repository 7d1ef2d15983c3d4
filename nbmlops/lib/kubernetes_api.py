"""Where a cluster's API server is, and who asks it: a pod by its service account, or somebody with an address.

Source: Kubernetes' "Accessing the API from a pod".
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from nbmlops.errors import StateError, UsageError
from nbmlops.lib.json_api import LOOPBACK, JsonApi

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TOKEN = "NBMLOPS_CLUSTER_TOKEN"
"""The variable with the bearer token, where an address is named."""
WHAT = "The API server"
KIND = "cluster"
MERGE = "application/merge-patch+json"


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    """What a pod knows of its cluster."""

    address: str
    namespace: str


def pod(account: Path | None = None) -> Pod:
    """Raises StateError outside of a pod."""
    account = account or ACCOUNT
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    try:
        namespace = (account / "namespace").read_text().strip()
    except OSError as error:
        raise StateError("This is no pod with a service account.", kind="pod-missing") from error
    if not host:
        raise StateError("KUBERNETES_SERVICE_HOST is not set: this is no pod.", kind="pod-missing")
    shown = f"[{host}]" if ":" in host else host
    return Pod(address=f"https://{shown}:{port}", namespace=namespace)


def by_account(address: str, account: Path | None = None, *, seconds: float = 10.0, hint: str = "") -> JsonApi:
    """As a pod asks: `account` is the folder with token and ca.crt."""
    folder = account or ACCOUNT

    def token() -> str:
        # Read anew each time: Kubernetes changes it every hour.
        try:
            return (folder / "token").read_text().strip()
        except OSError as error:
            raise StateError("The service account has no token here.", kind="pod-missing") from error

    certificate = str(folder / "ca.crt")
    return JsonApi(WHAT, address, kind=KIND, token=token, certificate=certificate, seconds=seconds, hint=hint)


def by_address(address: str, certificate: str = "") -> JsonApi:
    """As somebody outside asks, with the token of the environment, if there is one.

    `certificate`: a file with the authority that the server is known by. Raises UsageError for an address over which a
    token would travel in the open.
    """

    def token() -> str:
        return os.environ.get(TOKEN, "").strip()

    hint = f"Set {TOKEN} to the token of somebody who may; docs/engines.md says what is asked for."
    api = JsonApi(WHAT, address, kind=KIND, token=token, certificate=certificate, hint=hint)
    if api.is_plain and api.host not in LOOPBACK:
        raise UsageError(
            f"A token would travel in the open to {api.host}.",
            kind="address-malformed",
            hint="Write https://, or let `kubectl proxy` ask and name http://127.0.0.1:8001.",
        )
    return api
