"""What KServe's API reference (v1beta1) allows where we write something: closed, so that a misspelt field is found."""

from __future__ import annotations

from typing import Any

NAME = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "maxLength": 63}
VARIABLE = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
TEXT = {"type": "string", "minLength": 1}
LABEL = {"type": "string", "pattern": "^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"}
KEY = {"type": "string", "pattern": r"^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"}
QUANTITY = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi)?$"}
COUNT = {"type": "integer", "minimum": 0}


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


RESOURCES = closed(
    {
        "requests": mapping({"enum": ["cpu", "memory"]}, QUANTITY),
        "limits": mapping({"enum": ["cpu", "memory"]}, QUANTITY),
    }
)
PROBE = closed({"httpGet": closed({"path": TEXT, "port": COUNT})}, periodSeconds=COUNT)
CONTAINER = closed(
    {
        "name": {"const": "kserve-container"},
        "image": TEXT,
        "ports": {**many(closed({"containerPort": COUNT, "protocol": {"const": "TCP"}})), "maxItems": 1},
    },
    env=many(
        {
            "oneOf": [
                closed({"name": VARIABLE, "value": TEXT}),
                closed({"name": VARIABLE, "valueFrom": closed({"secretKeyRef": closed({"name": NAME, "key": NAME})})}),
            ]
        }
    ),
    resources=RESOURCES,
    readinessProbe=PROBE,
    livenessProbe=PROBE,
    securityContext=closed(
        {
            "allowPrivilegeEscalation": {"const": False},
            "readOnlyRootFilesystem": {"const": True},
            "runAsNonRoot": {"const": True},
            "runAsUser": {"type": "integer", "minimum": 1},
            "capabilities": closed({"drop": {"const": ["ALL"]}}),
        }
    ),
    volumeMounts=many(closed({"name": NAME, "mountPath": TEXT})),
)
SCALE = {
    "minReplicas": COUNT,
    "maxReplicas": COUNT,
    "canaryTrafficPercent": {"type": "integer", "minimum": 0, "maximum": 100},
}
OF_STORAGE = closed(
    {
        "model": closed(
            {
                "modelFormat": closed({"name": {"const": "mlflow"}}),
                "protocolVersion": {"const": "v2"},
                "storageUri": {"type": "string", "pattern": "^[a-z+]+://.+"},
                "resources": RESOURCES,
            }
        )
    },
    **SCALE,
)
OF_IMAGE = closed(
    {"containers": {**many(CONTAINER), "maxItems": 1}, "volumes": many(closed({"name": NAME, "emptyDir": closed({})}))},
    **SCALE,
)
INFERENCE_SERVICE = closed(
    {
        "apiVersion": {"const": "serving.kserve.io/v1beta1"},
        "kind": {"const": "InferenceService"},
        "metadata": closed({"name": NAME}, labels=mapping(KEY, LABEL), annotations=mapping(KEY, TEXT)),
        "spec": closed({"predictor": {"oneOf": [OF_STORAGE, OF_IMAGE]}}),
    }
)
KUSTOMIZATION = closed(
    {
        "apiVersion": {"const": "kustomize.config.k8s.io/v1beta1"},
        "kind": {"const": "Kustomization"},
        "resources": many(TEXT),
    },
    namespace=NAME,
)
