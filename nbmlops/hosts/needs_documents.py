"""The service that answers whether something is to be done, for a cluster: a Deployment beside which git is looked at
every half a minute, its Service, and a NetworkPolicy, since a ModelSync brings no token.
"""

from __future__ import annotations

from typing import Any

from nbmlops.hosts.hosted import Hosted
from nbmlops.hosts.pods import (
    SCRIPTS,
    arguments,
    container_security,
    environment,
    labels,
    mounts,
    pod_security,
    resources,
)
from nbmlops.hosts.scripts import CHECKOUT
from nbmlops.lib.quoted_yaml import Block

PORT = 8080
HEALTH = "/healthz"
_EVERY_SECONDS = 30
_EXECUTABLE = 0o555
# The script may fail for a while: the checkout that is there goes on being answered from.
_AGAIN = f"""\
while true; do
  sleep {_EVERY_SECONDS}
  sh {SCRIPTS}/checkout.sh || echo "nbmlops: git does not answer" >&2
done
"""
_SERVE = """\
cd "$PROJECT" && exec "$@"
"""


def service_name(hosted: Hosted) -> str:
    return f"{hosted.object_name}-needs"


def documents(hosted: Hosted) -> dict[str, dict[str, Any]]:
    name = service_name(hosted)
    marks = {**labels(hosted), "app.kubernetes.io/name": name}
    chosen = {"app.kubernetes.io/name": name}
    meta = {"name": name, "labels": marks}
    return {
        "deployment.yaml": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": meta,
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": chosen},
                "template": {"metadata": {"labels": marks}, "spec": _pod(hosted)},
            },
        },
        "service.yaml": {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {
                "selector": chosen,
                "ports": [{"name": "http", "port": 80, "targetPort": PORT, "protocol": "TCP"}],
            },
        },
        "network-policy.yaml": {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": meta,
            "spec": {
                "podSelector": {"matchLabels": chosen},
                "policyTypes": ["Ingress"],
                # Of this namespace, and those that a person has marked so: the controller's.
                "ingress": [
                    {
                        "from": [
                            {"podSelector": {}},
                            {"namespaceSelector": {"matchLabels": {"nbmlops.dev/asks-for-needs": "true"}}},
                        ],
                        "ports": [{"port": PORT, "protocol": "TCP"}],
                    }
                ],
            },
        },
        "scripts.yaml": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": meta,
            "data": {"checkout.sh": Block(CHECKOUT), "again.sh": Block(_AGAIN), "serve.sh": Block(_SERVE)},
        },
    }


def _pod(hosted: Hosted) -> dict[str, Any]:
    shared = {
        "image": hosted.image,
        "env": environment(hosted),
        "resources": resources(hosted),
        "securityContext": container_security(),
        "volumeMounts": mounts(("scripts", SCRIPTS)),
    }
    command = [*hosted.command, "serve-needs", *hosted.reconcilers]
    served = [*command, "--host", "0.0.0.0", "--port", str(PORT), "--open"]
    probe = {"httpGet": {"path": HEALTH, "port": PORT}, "periodSeconds": 10}
    return {
        "automountServiceAccountToken": False,
        "securityContext": pod_security(),
        "initContainers": [{"name": "checkout", **shared, "command": ["sh", f"{SCRIPTS}/checkout.sh"]}],
        "containers": [
            {
                "name": "needs",
                **shared,
                "command": ["sh", f"{SCRIPTS}/serve.sh"],
                "args": arguments(served),
                "ports": [{"containerPort": PORT, "protocol": "TCP"}],
                "readinessProbe": probe,
                "livenessProbe": probe,
            },
            {"name": "git", **shared, "command": ["sh", f"{SCRIPTS}/again.sh"]},
        ],
        "volumes": [
            {"name": "tmp", "emptyDir": {}},
            {"name": "workspace", "emptyDir": {}},
            {"name": "scripts", "configMap": {"name": service_name(hosted), "defaultMode": _EXECUTABLE}},
        ],
    }
