"""Kubernetes alone: a Deployment, its Service, and a HorizontalPodAutoscaler."""

from __future__ import annotations

from typing import Any

from nbmlops.deploy.manifests.kserve import MOST_TIMES
from nbmlops.deploy.manifests.wanted import PORT, Wanted, container, labels, origin, volumes

_BUSY_PERCENT = 80
_GRACE_SECONDS = 30


def documents(wanted: Wanted) -> dict[str, dict[str, Any]]:
    """By their files' names."""
    metadata = {"name": wanted.name, "labels": labels(wanted), "annotations": origin(wanted)}
    chosen = {"app.kubernetes.io/name": wanted.name}
    return {
        "deployment.yaml": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": wanted.replicas,
                "selector": {"matchLabels": chosen},
                # One more is ready before one that answers is taken away.
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
                "template": {
                    "metadata": {"labels": labels(wanted), "annotations": origin(wanted)},
                    "spec": {
                        "automountServiceAccountToken": False,
                        "terminationGracePeriodSeconds": _GRACE_SECONDS,
                        "containers": [container(wanted, "service")],
                        "volumes": volumes(),
                    },
                },
            },
        },
        "service.yaml": {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "selector": chosen,
                "ports": [{"name": "http", "port": 80, "targetPort": PORT, "protocol": "TCP"}],
            },
        },
        "autoscaler.yaml": {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": metadata,
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": wanted.name},
                "minReplicas": wanted.replicas,
                "maxReplicas": wanted.replicas * MOST_TIMES,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": _BUSY_PERCENT},
                        },
                    }
                ],
            },
        },
    }
