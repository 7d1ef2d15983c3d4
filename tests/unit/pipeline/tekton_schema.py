"""What Tekton's documentation allows where we write something: closed objects, so that a misspelt field is found."""

from __future__ import annotations

from typing import Any

NAME = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "maxLength": 63}
PARAMETER = {"type": "string", "pattern": "^[a-zA-Z_][a-zA-Z0-9_.-]*$"}
VARIABLE = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
TEXT = {"type": "string"}
QUANTITY = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$"}


def closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def many(of: dict[str, Any], least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": least}


DECLARED = closed({"name": PARAMETER, "type": {"const": "string"}}, default=TEXT, description=TEXT)
GIVEN = closed({"name": PARAMETER, "value": TEXT})
RESOURCES = {
    "type": "object",
    "properties": {"cpu": QUANTITY, "memory": QUANTITY, "nvidia.com/gpu": QUANTITY},
    "additionalProperties": False,
    "minProperties": 1,
}
PLAIN_VARIABLE = closed({"name": VARIABLE, "value": TEXT})
SECRET_VARIABLE = closed(
    {"name": VARIABLE, "valueFrom": closed({"secretKeyRef": closed({"name": NAME, "key": VARIABLE})})}
)
STEP = closed(
    {"name": NAME, "image": TEXT, "command": many(TEXT, 1), "args": many(TEXT)},
    env=many({"oneOf": [PLAIN_VARIABLE, SECRET_VARIABLE]}, 1),
    computeResources=closed({"requests": RESOURCES, "limits": RESOURCES}),
)
WORKSPACES = many(closed({"name": NAME}), 1)


def resource(kind: str, spec: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    return closed(
        {"apiVersion": {"const": "tekton.dev/v1"}, "kind": {"const": kind}, "metadata": metadata, "spec": spec}
    )


TASK = resource(
    "Task",
    closed({"params": many(DECLARED), "workspaces": WORKSPACES, "steps": many(STEP, 1)}, description=TEXT),
    closed({"name": NAME}),
)
PIPELINE_TASK = closed(
    {
        "name": NAME,
        "taskRef": closed({"name": NAME}),
        "params": many(GIVEN),
        "workspaces": many(closed({"name": NAME, "workspace": NAME}), 1),
    },
    runAfter=many(NAME, 1),
    retries={"type": "integer", "minimum": 1},
)
PIPELINE = resource(
    "Pipeline",
    closed({"params": many(DECLARED), "workspaces": WORKSPACES, "tasks": many(PIPELINE_TASK, 1)}, description=TEXT),
    closed({"name": NAME}),
)
CLAIM = closed(
    {
        "accessModes": many({"enum": ["ReadWriteOnce"]}, 1),
        "resources": closed({"requests": closed({"storage": QUANTITY})}),
    },
    storageClassName=TEXT,
)
RUN_SPEC = {
    "params": many(GIVEN),
    "timeouts": closed({"pipeline": TEXT, "tasks": TEXT, "finally": TEXT}),
    "workspaces": many(closed({"name": NAME, "volumeClaimTemplate": closed({"spec": CLAIM})}), 1),
}
RUN = resource(
    "PipelineRun",
    closed({"pipelineRef": closed({"name": NAME}), **RUN_SPEC}),
    closed({"generateName": {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*)-$"}}),
)
EMBEDDED_TASK = closed(
    {
        **{name: PIPELINE_TASK["properties"][name] for name in ("name", "params", "workspaces")},
        "taskSpec": TASK["properties"]["spec"],
    },
    **{name: PIPELINE_TASK["properties"][name] for name in ("runAfter", "retries")},
)
EMBEDDED_PIPELINE = closed(
    {"params": many(DECLARED), "workspaces": WORKSPACES, "tasks": many(EMBEDDED_TASK, 1)}, description=TEXT
)
SUBMITTED = resource(
    "PipelineRun",
    closed({"pipelineSpec": EMBEDDED_PIPELINE, **RUN_SPEC}, taskRunTemplate=closed({"serviceAccountName": NAME})),
    closed({"name": NAME, "labels": {"type": "object", "additionalProperties": NAME}}),
)
"""With its Pipeline and Tasks inside."""
