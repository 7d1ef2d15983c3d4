"""A sweep as an `Experiment` of Katib, Kubeflow's tuner: each trial is a Job that runs the whole pipeline once.

Fields are those of kubeflow.org/v1beta1; `distribution` of a range is known to Katib since 0.18.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbmlops.lib.quoted_yaml import dump
from nbmlops.model.pipeline import Pipeline
from nbmlops.pipeline.compilers.common import kubernetes_name, secret_name
from nbmlops.pipeline.space import Kind, Range
from nbmlops.ports import Target

METRIC_LINE = r'"([\w.-]+)"\s*:\s*([+-]?\d+(?:\.\d+)?(?:[Ee][+-]?\d+)?)'
"""A metric as `run --json` writes it: Katib reads a trial's standard output with it."""
FAILURES = 3


def experiment(
    target: Target,
    space: Mapping[str, Range],
    *,
    name: str,
    trials: int,
    jobs: int,
    metric: str,
    direction: str,
    sampler: str,
    seed: int = 0,
    fixed: Mapping[str, Any] | None = None,
) -> bytes:
    """YAML. `fixed`: values of parameters that are not swept. Raises UsageError where Kubernetes has no such name."""
    settings = [] if sampler == "grid" else [{"name": "random_state", "value": str(seed)}]
    return dump(
        {
            "apiVersion": "kubeflow.org/v1beta1",
            "kind": "Experiment",
            "metadata": {"name": kubernetes_name(name)},
            "spec": {
                "objective": {"type": direction, "objectiveMetricName": metric},
                "algorithm": {"algorithmName": sampler, "algorithmSettings": settings},
                "maxTrialCount": trials,
                "parallelTrialCount": jobs,
                "maxFailedTrialCount": FAILURES,
                "metricsCollectorSpec": {
                    "collector": {"kind": "StdOut"},
                    "source": {"filter": {"metricsFormat": [METRIC_LINE]}},
                },
                "parameters": [_parameter(each, given) for each, given in space.items()],
                "trialTemplate": {
                    "primaryContainerName": "pipeline",
                    "trialParameters": [{"name": each, "reference": each} for each in space],
                    "trialSpec": _job(target, list(space), fixed or {}),
                },
            },
        }
    )


def _parameter(name: str, given: Range) -> dict[str, Any]:
    if given.kind is Kind.CHOICE:
        return {
            "name": name,
            "parameterType": "categorical",
            "feasibleSpace": {"list": [_typed(value) for value in given.values]},
        }
    is_whole = given.kind in (Kind.INT, Kind.LOGINT)
    low, high = (str(int(end)) if is_whole else repr(end) for end in (given.low, given.high))
    room = {"min": low, "max": high}
    if given.kind is Kind.INT:
        room["step"] = str(given.step)
    if given.kind in (Kind.LOGUNIFORM, Kind.LOGINT):
        room["distribution"] = "logUniform"
    return {"name": name, "parameterType": "int" if is_whole else "double", "feasibleSpace": room}


def _job(target: Target, swept: list[str], fixed: Mapping[str, Any]) -> dict[str, Any]:
    pairs = [f"{name}=${{trialParameters.{name}}}" for name in swept]
    pairs += [f"{name}={_typed(value)}" for name, value in fixed.items() if name not in swept]
    container: dict[str, Any] = {
        "name": "pipeline",
        "image": target.image,
        "workingDir": target.project,
        "command": ["nbmlops", "run", target.place, "--json", *(word for pair in pairs for word in ("-p", pair))],
    }
    if secrets := _secrets(target.pipeline):
        container["env"] = secrets
    pod = {"containers": [container], "restartPolicy": "Never"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }


def _secrets(pipeline: Pipeline) -> list[dict[str, Any]]:
    names = dict.fromkeys(name for step in pipeline.steps for name in step.secrets)
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name(pipeline), "key": name}}} for name in names
    ]


def _typed(value: Any) -> str:
    """As it would be typed after `-p name=`."""
    return value if isinstance(value, str) else repr(value)
