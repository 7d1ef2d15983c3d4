"""A pipeline for Tekton: a Task per step, the Pipeline, and a PipelineRun to start it with.

All steps of a run share a workspace, in which the first one makes a copy of the project.
"""

from __future__ import annotations

from typing import Any

from nbmlops.lib.quoted_yaml import dump
from nbmlops.model.pipeline import Parameter, Pipeline, Step
from nbmlops.pipeline.compilers.common import (
    GPU,
    check_fields,
    check_parameters,
    container_memory,
    cores,
    kubernetes_name,
    parameter_text,
    secret_name,
)
from nbmlops.pipeline.needs import refusal
from nbmlops.pipeline.order import in_order, needs_of
from nbmlops.ports import Target

API = "tekton.dev/v1"
WORKSPACE = "shared"
RUN = "nbmlops-run"
"""A parameter of ours: no Python name has a hyphen."""


class TektonCompiler:
    """`storage`: size of the workspace of a run; `storage_class`: of what, where the cluster's default will not do."""

    def __init__(self, *, storage: str = "10Gi", storage_class: str = "") -> None:
        self._storage = storage
        self._storage_class = storage_class

    def compile(self, target: Target) -> dict[str, bytes]:
        pipeline = target.pipeline
        check_fields("tekton", pipeline)
        check_parameters("tekton", pipeline)
        for step in pipeline.steps:
            for parameter in _parameters(pipeline, step):
                if "$(" in parameter_text(parameter):
                    why = f"the default of {parameter.name} has $( in it, which Tekton takes for a variable"
                    raise refusal("tekton", step, "parameters", why, "Choose another default.")
        return {
            "tasks.yaml": dump(*(_task(target, step) for step in in_order(pipeline))),
            "pipeline.yaml": dump(_pipeline(pipeline)),
            "run.yaml": dump(self._run(pipeline)),
        }

    def _run(self, pipeline: Pipeline) -> dict[str, Any]:
        name = kubernetes_name(pipeline.name)
        claim: dict[str, Any] = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": self._storage}},
        }
        if self._storage_class:
            claim["storageClassName"] = self._storage_class
        return {
            "apiVersion": API,
            "kind": "PipelineRun",
            "metadata": {"generateName": f"{name}-"},
            "spec": {
                "pipelineRef": {"name": name},
                "params": [{"name": each.name, "value": parameter_text(each)} for each in pipeline.parameters],
                # Steps have time limits of their own; Tekton's would end each after an hour.
                "timeouts": {"pipeline": "0", "tasks": "0", "finally": "0"},
                "workspaces": [{"name": WORKSPACE, "volumeClaimTemplate": {"spec": claim}}],
            },
        }


def _pipeline(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "Pipeline",
        "metadata": {"name": kubernetes_name(pipeline.name)},
        "spec": {
            "description": f"The pipeline {pipeline.name} of nbmlops.",
            "params": [_declared(each) for each in pipeline.parameters],
            "workspaces": [{"name": WORKSPACE}],
            "tasks": [_pipeline_task(pipeline, step) for step in in_order(pipeline)],
        },
    }


def _pipeline_task(pipeline: Pipeline, step: Step) -> dict[str, Any]:
    task: dict[str, Any] = {
        "name": kubernetes_name(step.name),
        "taskRef": {"name": kubernetes_name(pipeline.name, step.name)},
        "params": [
            {"name": RUN, "value": "$(context.pipelineRun.name)"},
            *({"name": each.name, "value": f"$(params.{each.name})"} for each in _parameters(pipeline, step)),
        ],
        "workspaces": [{"name": WORKSPACE, "workspace": WORKSPACE}],
    }
    if needs := needs_of(step):
        task["runAfter"] = [kubernetes_name(need) for need in needs]
    if step.retries:
        task["retries"] = step.retries
    return task


def _task(target: Target, step: Step) -> dict[str, Any]:
    pipeline = target.pipeline
    parameters = _parameters(pipeline, step)
    arguments = ["--project", target.project, "--pipeline", target.place]
    arguments += ["--workspace", f"$(workspaces.{WORKSPACE}.path)/$(params.{RUN})", "--run", f"$(params.{RUN})"]
    arguments += ["--step", step.name]
    arguments += ["--again", "$(context.task.retry-count)"] if step.retries else []
    for parameter in parameters:
        arguments += ["--param", f"{parameter.name}=$(params.{parameter.name})"]
    container: dict[str, Any] = {
        "name": "step",
        "image": target.image,
        "command": ["python", "-m", "nbmlops.pipeline.standalone"],
        "args": arguments,
    }
    if variables := _variables(pipeline, step):
        container["env"] = variables
    if resources := _resources(step):
        container["computeResources"] = {"requests": resources, "limits": resources}
    return {
        "apiVersion": API,
        "kind": "Task",
        "metadata": {"name": kubernetes_name(pipeline.name, step.name)},
        "spec": {
            "description": step.title or step.name,
            "params": [{"name": RUN, "type": "string"}, *map(_declared, parameters)],
            "workspaces": [{"name": WORKSPACE}],
            "steps": [container],
        },
    }


def _parameters(pipeline: Pipeline, step: Step) -> list[Parameter]:
    return [each for each in pipeline.parameters if each.name in step.parameters]


def _declared(parameter: Parameter) -> dict[str, Any]:
    about = {"description": parameter.help} if parameter.help else {}
    return {"name": parameter.name, "type": "string", **about, "default": parameter_text(parameter)}


def _variables(pipeline: Pipeline, step: Step) -> list[dict[str, Any]]:
    """Kubernetes takes $(NAME) in a value for a variable, and $$(NAME) for the text."""
    plain = [{"name": name, "value": value.replace("$(", "$$(")} for name, value in step.env.items()]
    hidden = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name(pipeline), "key": name}}}
        for name in step.secrets
    ]
    return [*plain, *hidden]


def _resources(step: Step) -> dict[str, str]:
    asked = {"cpu": cores(step) if step.cpu else "", GPU: str(step.gpu) if step.gpu else ""}
    asked["memory"] = container_memory(step) if step.memory else ""
    return {name: amount for name, amount in asked.items() if amount}
