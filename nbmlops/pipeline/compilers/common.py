"""What compilers share: what they may promise, and names."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from nbmlops.errors import StateError, UsageError
from nbmlops.lib.sizes import bytes_of
from nbmlops.model.names import slug
from nbmlops.model.pipeline import Parameter, Pipeline, Step
from nbmlops.pipeline.needs import refusal

GPU = "nvidia.com/gpu"
DESCRIPTIVE = frozenset(
    {
        "name", "notebook", "title", "needs", "takes", "gives", "outputs", "parameters", "cells", "reads", "writes",
        "cache",
    }
)  # fmt: skip
"""Fields of a step that ask nothing of an engine. Without `cache` it may keep results; it need not."""
HONOURED = frozenset({"retries", "backoff", "timeout", "memory", "cpu", "gpu", "env", "secrets"})
OF_PIPELINE = frozenset(
    {
        "version", "name", "notebook", "folder", "kernel", "parameters", "steps", "outputs", "dropped", "modules",
        "merged", "cuts", "whole",
    }
)  # fmt: skip
LONGEST_NAME = 50
HEADROOM_BYTES = 512 << 20
"""Of a container, beyond what the step's kernel may use: for the process that watches it, and says what happened."""


def check_fields(target: str, pipeline: Pipeline, honoured: frozenset[str] = HONOURED) -> None:
    """Raises StateError for whatever a pipeline says that the target would pass over."""
    for name, value in _said(pipeline, OF_PIPELINE).items():
        raise StateError(
            f"The engine {target} cannot give pipeline {pipeline.name} its {name}: {value!r}.",
            kind="engine-cannot",
            hint=f"Take {name} out of pipeline.yaml, or run it with nbmlops run.",
            field=name,
        )
    for step in pipeline.steps:
        for name in _said(step, DESCRIPTIVE | honoured):
            hint = f"Take {name} out of pipeline.yaml, or run it with nbmlops run."
            raise refusal(target, step, name, "it has nothing like it", hint)


def kubernetes_name(*parts: str) -> str:
    """A name for a thing of Kubernetes. Raises UsageError where there is none in its letters."""
    name = "-".join(slug(part) for part in parts)
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name) or len(name) > LONGEST_NAME:
        raise UsageError(
            f"{name!r} is no name for Kubernetes.",
            kind="name-unfit",
            hint=f"Rename the pipeline or the step: a to z, figures and hyphens, {LONGEST_NAME} at most.",
        )
    return name


def check_parameters(target: str, pipeline: Pipeline) -> None:
    for parameter in pipeline.parameters:
        if not parameter.name.isascii():
            raise StateError(
                f"The engine {target} cannot have a parameter {parameter.name}: it takes ASCII letters only.",
                kind="engine-cannot",
                hint="Rename it in the notebook and export again.",
            )


def parameter_text(parameter: Parameter) -> str:
    """The default as it would be typed after `-p name=`."""
    return parameter.default if isinstance(parameter.default, str) else repr(parameter.default)


def secret_name(pipeline: Pipeline) -> str:
    """Of the Kubernetes Secret whose keys are the names of the pipeline's secrets."""
    return kubernetes_name(pipeline.name, "secrets")


def cores(step: Step) -> str:
    return f"{step.cpu:g}"


def container_memory(step: Step) -> str:
    """Bytes."""
    return str(bytes_of(step.memory) + HEADROOM_BYTES)


def _said(thing: msgspec.Struct, known: frozenset[str]) -> dict[str, Any]:
    """Fields beyond the known ones that have a value of their own."""
    plain = {info.name: info.default for info in msgspec.structs.fields(thing)}
    return {
        name: value
        for name in plain
        if name not in known and (value := getattr(thing, name)) != plain[name] and value not in ((), {}, "", 0)
    }
