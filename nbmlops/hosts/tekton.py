"""A Task of Tekton that makes one tick, its Pipeline, and a PipelineRun to start it with.

What starts it again is up to the cluster: a trigger, a CronJob that creates runs, or a ModelSync.
Source: Tekton's documentation, tekton.dev/v1.
"""

from __future__ import annotations

from typing import Any

from nbmlops.hosts.hosted import Hosted, check, tick
from nbmlops.hosts.kubernetes import workspace
from nbmlops.hosts.pods import container_security, environment, metadata, no_variables, pod_security, resources
from nbmlops.hosts.scripts import CHECKOUT, TICK_IN_PROJECT
from nbmlops.hosts.times import go_duration
from nbmlops.lib.quoted_yaml import Block, readable

API = "tekton.dev/v1"
WORKSPACE = "project"
FOLDER = "tekton"
_PROJECT = f"$(workspaces.{WORKSPACE}.path)/project"
_HEAD = "# Written by nbmlops schedule.\n"
_BEGIN = "#!/bin/sh\n"


def files(hosted: Hosted) -> dict[str, str]:
    """Raises UsageError without an image or a repository, and for a text that Tekton cannot carry."""
    check(hosted, "image", "repository", "reconcilers")
    no_variables(hosted)
    documents = {
        "task.yaml": _task(hosted),
        "pipeline.yaml": _pipeline(hosted),
        "run.yaml": _run(hosted),
        "workspace.yaml": workspace(hosted),
    }
    return {f"{FOLDER}/{name}": _HEAD + readable(document) for name, document in documents.items()}


def _task(hosted: Hosted) -> dict[str, Any]:
    shared = {
        "image": hosted.image,
        "env": environment(hosted, _PROJECT),
        "computeResources": resources(hosted),
        "securityContext": container_security(),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    return {
        "apiVersion": API,
        "kind": "Task",
        "metadata": metadata(hosted),
        "spec": {
            "description": f"One tick of {', '.join(hosted.reconcilers)}.",
            "workspaces": [{"name": WORKSPACE, "description": "The checkout, and what reconcilers remember."}],
            "volumes": [{"name": "tmp", "emptyDir": {}}],
            "steps": [
                {"name": "checkout", **shared, "script": Block(_BEGIN + CHECKOUT)},
                {
                    "name": "reconcile",
                    **shared,
                    "script": Block(_BEGIN + TICK_IN_PROJECT),
                    "args": tick(hosted),
                },
            ],
        },
    }


def _pipeline(hosted: Hosted) -> dict[str, Any]:
    name = hosted.object_name
    return {
        "apiVersion": API,
        "kind": "Pipeline",
        "metadata": metadata(hosted),
        "spec": {
            "description": f"The reconcilers of {hosted.name}.",
            "workspaces": [{"name": WORKSPACE}],
            "tasks": [
                {
                    "name": "reconcile",
                    "taskRef": {"name": name},
                    "timeout": go_duration(hosted.timeout),
                    "workspaces": [{"name": WORKSPACE, "workspace": WORKSPACE}],
                }
            ],
        },
    }


def _run(hosted: Hosted) -> dict[str, Any]:
    name = hosted.object_name
    return {
        "apiVersion": API,
        "kind": "PipelineRun",
        "metadata": {"generateName": f"{name}-"},
        "spec": {
            "pipelineRef": {"name": name},
            # Checking out comes on top of the tick.
            "timeouts": {"pipeline": go_duration(hosted.timeout + 600)},
            "taskRunTemplate": {"podTemplate": {"securityContext": pod_security()}},
            "workspaces": [{"name": WORKSPACE, "persistentVolumeClaim": {"claimName": name}}],
        },
    }
