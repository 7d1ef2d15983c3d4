"""What the documents are made of, and what both kinds of them share."""

from __future__ import annotations

from typing import Any

import msgspec

PORT = 8080
TOKEN = "token"
"""Key of the secret."""
LIVE, READY = "/healthz/live", "/healthz/ready"
USER = 10001


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    package: str
    digest: str
    replicas: int = 1
    percent: int | None = None
    """Of the requests, that this version answers; the one before answers the others."""
    image: str = ""
    """Of the service, as `nbmlops image` makes it."""
    storage: str = ""
    """Where KServe finds the model, in place of an image."""


def labels(wanted: Wanted) -> dict[str, str]:
    return {"app.kubernetes.io/name": wanted.name, "app.kubernetes.io/managed-by": "nbmlops"}


def origin(wanted: Wanted) -> dict[str, str]:
    return {"nbmlops/package": wanted.package, "nbmlops/digest": wanted.digest}


def secret_name(wanted: Wanted) -> str:
    return f"{wanted.name}-token"


def resources() -> dict[str, Any]:
    return {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "2Gi"}}


def container(wanted: Wanted, name: str) -> dict[str, Any]:
    """The service, with no more rights than it needs."""
    return {
        "name": name,
        "image": wanted.image,
        "ports": [{"containerPort": PORT, "protocol": "TCP"}],
        "env": [
            {"name": "NBMLOPS_NAME", "value": wanted.name},
            {"name": "NBMLOPS_HOST", "value": "0.0.0.0"},
            {"name": "NBMLOPS_PORT", "value": str(PORT)},
            {
                "name": "NBMLOPS_TOKEN",
                "valueFrom": {"secretKeyRef": {"name": secret_name(wanted), "key": TOKEN}},
            },
        ],
        "resources": resources(),
        "readinessProbe": {**_probe(READY), "periodSeconds": 5},
        "livenessProbe": {**_probe(LIVE), "periodSeconds": 10},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def volumes() -> list[dict[str, Any]]:
    return [{"name": "tmp", "emptyDir": {}}]


def _probe(path: str) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": PORT}}
