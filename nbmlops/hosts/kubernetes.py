"""Kubernetes without an operator: a CronJob that ticks under a Lease, in a checkout of its own.

Source: Kubernetes' API reference: batch/v1, coordination.k8s.io/v1, rbac.authorization.k8s.io/v1.
"""

from __future__ import annotations

from typing import Any

from nbmlops.hosts.hosted import Hosted, check, tick
from nbmlops.hosts.pods import (
    SCRIPTS,
    arguments,
    container_security,
    environment,
    labels,
    metadata,
    mounts,
    pod_security,
    resources,
)
from nbmlops.hosts.scripts import CHECKOUT, TICK_IN_PROJECT
from nbmlops.hosts.times import cron_every, parse_cron
from nbmlops.lib.quoted_yaml import Block, readable

FOLDER = "kubernetes"
_HEAD = "# Written by nbmlops schedule. What is to stay goes into an overlay.\n"
_LATE_SECONDS = 200
"""After which a tick that could not begin is left out; under 10 seconds the controller may miss it altogether."""
_HISTORY = 3
_LEASE_SECONDS = 60
_GRACE_SECONDS = 60
_EXECUTABLE = 0o555
_APPLY = ["get", "list", "watch", "create", "patch"]
"""What `kubectl apply` does. Nothing is taken away."""


def files(hosted: Hosted) -> dict[str, str]:
    """Raises UsageError without an image or a repository."""
    check(hosted, "image", "repository", "reconcilers")
    found = {
        "cronjob.yaml": _cron_job(hosted),
        "lease.yaml": _lease(hosted),
        "scripts.yaml": _scripts(hosted),
        "service-account.yaml": _service_account(hosted),
        "role.yaml": _role(hosted),
        "role-binding.yaml": _role_binding(hosted),
        "workspace.yaml": workspace(hosted),
    }
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": hosted.namespace,
        "resources": list(found),
    }
    return {
        f"{FOLDER}/{name}": _HEAD + readable(document)
        for name, document in {**found, "kustomization.yaml": kustomization}.items()
    }


def workspace(hosted: Hosted) -> dict[str, Any]:
    """What stays from tick to tick: the checkout, and in it what reconcilers remember."""
    claim: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": hosted.storage}},
    }
    if hosted.storage_class:
        claim["storageClassName"] = hosted.storage_class
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata(hosted), "spec": claim}


def _cron_job(hosted: Hosted) -> dict[str, Any]:
    schedule = hosted.schedule or cron_every(hosted.interval, hosted.name)
    parse_cron(schedule)
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata(hosted),
        "spec": {
            "schedule": schedule,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": _LATE_SECONDS,
            "successfulJobsHistoryLimit": _HISTORY,
            "failedJobsHistoryLimit": _HISTORY,
            "jobTemplate": {
                "metadata": {"labels": labels(hosted)},
                "spec": {
                    # The next tick tries again, after the pause that it decides upon.
                    "backoffLimit": 0,
                    "activeDeadlineSeconds": round(hosted.timeout),
                    "template": {"metadata": {"labels": labels(hosted)}, "spec": _pod(hosted)},
                },
            },
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
    under_lease = ["python", "-m", "nbmlops.hosts.under_lease", "--lease", hosted.object_name, "--"]
    return {
        "serviceAccountName": hosted.object_name,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "securityContext": pod_security(),
        # Both under the lease: a checkout is never changed below a tick.
        "initContainers": [
            {
                "name": "checkout",
                **shared,
                "command": [*under_lease, "sh", f"{SCRIPTS}/checkout.sh"],
            }
        ],
        "containers": [
            {
                "name": "reconcile",
                **shared,
                "command": [*under_lease, "sh", f"{SCRIPTS}/tick.sh"],
                "args": arguments(tick(hosted)),
            }
        ],
        "volumes": [
            {"name": "tmp", "emptyDir": {}},
            {"name": "workspace", "persistentVolumeClaim": {"claimName": hosted.object_name}},
            {"name": "scripts", "configMap": {"name": hosted.object_name, "defaultMode": _EXECUTABLE}},
        ],
    }


def _scripts(hosted: Hosted) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(hosted),
        "data": {"checkout.sh": Block(CHECKOUT), "tick.sh": Block(TICK_IN_PROJECT)},
    }


def _lease(hosted: Hosted) -> dict[str, Any]:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": metadata(hosted),
        # Who holds it, and since when, is written by ticks alone.
        "spec": {"leaseDurationSeconds": _LEASE_SECONDS},
    }


def _service_account(hosted: Hosted) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(hosted)}


def _role(hosted: Hosted) -> dict[str, Any]:
    rules = [
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": [hosted.object_name],
            "verbs": ["get", "update"],
        }
    ]
    if hosted.deployers:
        # What `deploy --target kubernetes` and `--target kserve` apply.
        rules += [
            {"apiGroups": [group], "resources": kinds, "verbs": _APPLY}
            for group, kinds in (
                ("apps", ["deployments"]),
                ("", ["services"]),
                ("autoscaling", ["horizontalpodautoscalers"]),
                ("serving.kserve.io", ["inferenceservices"]),
            )
        ]
    if "tekton" in hosted.engines:
        # A Trainer's pipeline is one PipelineRun; how far it is, its TaskRuns say.
        rules += [
            {"apiGroups": ["tekton.dev"], "resources": ["pipelineruns"], "verbs": ["create", "get", "patch"]},
            {"apiGroups": ["tekton.dev"], "resources": ["taskruns"], "verbs": ["list"]},
        ]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": metadata(hosted),
        "rules": rules,
    }


def _role_binding(hosted: Hosted) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": metadata(hosted),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": hosted.object_name},
        "subjects": [{"kind": "ServiceAccount", "name": hosted.object_name, "namespace": hosted.namespace}],
    }
