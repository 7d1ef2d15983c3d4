"""A Trainer or a Deployer as a ModelSync, the resource of Kubeflow's controller of 2020, and the service that it asks
whether something is to be done.

The controller asks the service, and where the answer is yes starts a run of a Tekton pipeline: for a Trainer that of
the compiled pipeline, for a Deployer one tick of ours. It knows no gate, no pause and no rejected version: what the
service answers does. Source: its API, automl.cloudai.kubeflow.org/v1alpha1, and Tekton's v1beta1 PipelineRunSpec.
"""

from __future__ import annotations

from typing import Any

from nbmlops.errors import UsageError
from nbmlops.hosts.hosted import Hosted, check, object_name
from nbmlops.hosts.needs_documents import documents as needs_documents
from nbmlops.hosts.needs_documents import service_name
from nbmlops.hosts.pods import no_variables
from nbmlops.hosts.tekton import WORKSPACE as OF_TICK
from nbmlops.lib.quoted_yaml import readable
from nbmlops.model.reconciler import Kind, Reconciler
from nbmlops.pipeline.compilers.common import kubernetes_name
from nbmlops.pipeline.compilers.tekton import WORKSPACE as OF_PIPELINE

API = "automl.cloudai.kubeflow.org/v1alpha1"
FOLDER = "modelsync"
_HEAD = "# Written by nbmlops schedule.\n"
_PATHS = {Kind.TRAINER: "/needsTrain", Kind.DEPLOYER: "/needsSync"}


def files(hosted: Hosted, spec: Reconciler) -> dict[str, str]:
    """Raises UsageError without an image or a repository, and for a Trainer without a pipeline."""
    check(hosted, "image", "repository", "reconcilers")
    no_variables(hosted)
    found = {"modelsync.yaml": model_sync(hosted, spec), **needs_documents(hosted)}
    return {f"{FOLDER}/{name}": _HEAD + readable(document) for name, document in found.items()}


def model_sync(hosted: Hosted, spec: Reconciler) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "ModelSync",
        "metadata": {"name": object_name(spec.name), "namespace": hosted.namespace},
        "spec": {
            "needsSyncUrl": f"http://{service_name(hosted)}.{hosted.namespace}{_PATHS[spec.kind]}",
            # The controller gives what it finds no row for to a parameter without a name.
            "parameters": [{"needsSyncName": given, "pipelineName": name} for name, given in asked_for(spec).items()],
            "pipelineRunTemplate": {"spec": _run(hosted, spec)},
            "successfulPipelineRunsHistoryLimit": spec.kept_successful,
            "failedPipelineRunsHistoryLimit": spec.kept_failed,
        },
    }


def asked_for(spec: Reconciler) -> dict[str, str]:
    """Parameters of the pipeline that a need gives -> the names that it gives them under."""
    return {
        name: value["from"]
        for name, value in spec.parameters.items()
        if isinstance(value, dict) and isinstance(value.get("from"), str)
    }


def _run(hosted: Hosted, spec: Reconciler) -> dict[str, Any]:
    if spec.kind is Kind.DEPLOYER:
        return {
            "pipelineRef": {"name": hosted.object_name},
            "workspaces": [{"name": OF_TICK, "persistentVolumeClaim": {"claimName": hosted.object_name}}],
        }
    if not spec.pipeline:
        raise UsageError(
            f"{spec.name} names no pipeline that a ModelSync could start.",
            kind="host-incomplete",
            hint="Name it in the document: spec.action.pipeline",
        )
    taken = asked_for(spec)
    parameters = [
        {"name": name, "value": value if isinstance(value, str) else repr(value)}
        for name, value in spec.parameters.items()
        if name not in taken
    ]
    claim: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": hosted.storage}},
    }
    if hosted.storage_class:
        claim["storageClassName"] = hosted.storage_class
    run: dict[str, Any] = {
        "pipelineRef": {"name": kubernetes_name(spec.pipeline.rstrip("/").rpartition("/")[2])},
        "workspaces": [{"name": OF_PIPELINE, "volumeClaimTemplate": {"spec": claim}}],
    }
    return {**run, "params": parameters} if parameters else run
