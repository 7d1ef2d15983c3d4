"""What the API references of Argo CD, Flux, Tekton and ModelSync allow where we write something: closed objects, so
that a misspelt field is found. GitHub's, GitLab's and Kubernetes' schemas are the published ones.
"""

from __future__ import annotations

from typing import Any

NAME = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "maxLength": 63}
VARIABLE = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
TEXT = {"type": "string", "minLength": 1}
LABEL = {"type": "string", "pattern": "^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"}
KEY = {"type": "string", "pattern": r"^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"}
QUANTITY = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi|Ti)?$"}
DURATION = {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"}
COUNT = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
TRUE = {"const": True}


def closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def many(of: dict[str, Any], least: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": least}


def mapping(keys: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "propertyNames": keys, "additionalProperties": values}


def resource(version: str, kind: str, metadata: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    return closed({"apiVersion": {"const": version}, "kind": {"const": kind}, "metadata": metadata, "spec": spec})


NAMED = closed({"name": NAME}, namespace=NAME, labels=mapping(KEY, LABEL))

APPLICATION = resource(
    "argoproj.io/v1alpha1",
    "Application",
    NAMED,
    closed(
        {
            "project": {"const": "default"},
            "source": closed({"repoURL": TEXT, "targetRevision": TEXT, "path": TEXT}),
            "destination": closed({"server": {"const": "https://kubernetes.default.svc"}, "namespace": NAME}),
            "syncPolicy": closed(
                {
                    "automated": closed({"prune": TRUE, "selfHeal": TRUE}),
                    "syncOptions": many({"enum": ["CreateNamespace=true"]}),
                    "retry": closed(
                        {
                            "limit": COUNT,
                            "backoff": closed({"duration": DURATION, "factor": COUNT, "maxDuration": DURATION}),
                        }
                    ),
                }
            ),
        }
    ),
)

GIT_REPOSITORY = resource(
    "source.toolkit.fluxcd.io/v1",
    "GitRepository",
    NAMED,
    closed(
        {
            "interval": DURATION,
            "url": {"type": "string", "pattern": "^(http|https|ssh)://.*$"},
            "ref": closed({"branch": TEXT}),
        },
        secretRef=closed({"name": NAME}),
    ),
)
FLUX_KUSTOMIZATION = resource(
    "kustomize.toolkit.fluxcd.io/v1",
    "Kustomization",
    NAMED,
    closed(
        {
            "interval": DURATION,
            "retryInterval": DURATION,
            "timeout": DURATION,
            "path": {"type": "string", "pattern": r"^\./"},
            "prune": TRUE,
            "wait": TRUE,
            "targetNamespace": NAME,
            "sourceRef": closed({"kind": {"const": "GitRepository"}, "name": NAME}),
        }
    ),
)

KUSTOMIZATION = closed(
    {
        "apiVersion": {"const": "kustomize.config.k8s.io/v1beta1"},
        "kind": {"const": "Kustomization"},
        "namespace": NAME,
        "resources": many(TEXT),
    }
)

SECRET_KEY = closed({"name": NAME, "key": TEXT}, optional=TRUE)
ENVIRONMENT = many(
    {
        "oneOf": [
            closed({"name": VARIABLE, "value": {"type": "string"}}),
            closed({"name": VARIABLE, "valueFrom": closed({"secretKeyRef": SECRET_KEY})}),
        ]
    }
)
AMOUNTS = closed({"cpu": QUANTITY, "memory": QUANTITY})
OF_CONTAINER = closed(
    {
        "allowPrivilegeEscalation": {"const": False},
        "readOnlyRootFilesystem": TRUE,
        "runAsNonRoot": TRUE,
        "capabilities": closed({"drop": {"const": ["ALL"]}}),
    }
)
OF_POD = closed(
    {
        "runAsNonRoot": TRUE,
        "runAsUser": {"type": "integer", "minimum": 1},
        "runAsGroup": {"type": "integer", "minimum": 1},
        "fsGroup": {"type": "integer", "minimum": 1},
        "seccompProfile": closed({"type": {"const": "RuntimeDefault"}}),
    }
)
STEP = closed(
    {
        "name": NAME,
        "image": TEXT,
        "script": {"type": "string", "pattern": "^#!/bin/sh\n"},
        "env": ENVIRONMENT,
        "computeResources": closed({"requests": AMOUNTS, "limits": AMOUNTS}),
        "securityContext": OF_CONTAINER,
        "volumeMounts": many(closed({"name": NAME, "mountPath": TEXT})),
    },
    args=many(TEXT),
)
TASK = resource(
    "tekton.dev/v1",
    "Task",
    NAMED,
    closed(
        {
            "description": TEXT,
            "workspaces": many(closed({"name": NAME}, description=TEXT)),
            "volumes": many(closed({"name": NAME, "emptyDir": closed({})})),
            "steps": many(STEP),
        }
    ),
)
PIPELINE = resource(
    "tekton.dev/v1",
    "Pipeline",
    NAMED,
    closed(
        {
            "description": TEXT,
            "workspaces": many(closed({"name": NAME})),
            "tasks": many(
                closed(
                    {
                        "name": NAME,
                        "taskRef": closed({"name": NAME}),
                        "timeout": DURATION,
                        "workspaces": many(closed({"name": NAME, "workspace": NAME})),
                    }
                )
            ),
        }
    ),
)
CLAIMED = closed({"name": NAME, "persistentVolumeClaim": closed({"claimName": NAME})})
CLAIM = closed(
    {
        "accessModes": many({"enum": ["ReadWriteOnce"]}),
        "resources": closed({"requests": closed({"storage": QUANTITY})}),
    },
    storageClassName=TEXT,
)
PIPELINE_RUN = resource(
    "tekton.dev/v1",
    "PipelineRun",
    closed({"generateName": {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*)-$"}}),
    closed(
        {
            "pipelineRef": closed({"name": NAME}),
            "timeouts": closed({"pipeline": DURATION}),
            "taskRunTemplate": closed({"podTemplate": closed({"securityContext": OF_POD})}),
            "workspaces": many(CLAIMED),
        }
    ),
)

PARAMETER = {"type": "string", "pattern": "^[a-zA-Z_][a-zA-Z0-9_.-]*$"}
MODEL_SYNC = resource(
    "automl.cloudai.kubeflow.org/v1alpha1",
    "ModelSync",
    closed({"name": NAME, "namespace": NAME}),
    closed(
        {
            "needsSyncUrl": {"type": "string", "pattern": "^http://[a-z0-9.-]+/needs(Sync|Train)$"},
            "parameters": many(closed({"needsSyncName": TEXT, "pipelineName": PARAMETER}), 0),
            # Its webhook lets neither a name nor a namespace stand in the template.
            "pipelineRunTemplate": closed(
                {
                    "spec": closed(
                        {
                            "pipelineRef": closed({"name": NAME}),
                            "workspaces": many(
                                {
                                    "oneOf": [
                                        CLAIMED,
                                        closed({"name": NAME, "volumeClaimTemplate": closed({"spec": CLAIM})}),
                                    ]
                                }
                            ),
                        },
                        params=many(closed({"name": PARAMETER, "value": {"type": "string"}})),
                    )
                }
            ),
            "successfulPipelineRunsHistoryLimit": COUNT,
            "failedPipelineRunsHistoryLimit": COUNT,
        }
    ),
)
