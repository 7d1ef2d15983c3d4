"""What Katib is given of a sweep, and what it would find in a trial's output."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from nbmlops.errors import UsageError
from nbmlops.model.pipeline import Parameter, ParameterType, Pipeline, Step
from nbmlops.pipeline.katib import METRIC_LINE, experiment
from nbmlops.pipeline.parameters import values
from nbmlops.pipeline.space import read_space
from nbmlops.ports import Target

PIPELINE = Pipeline(
    name="wine",
    notebook="../wine.ipynb",
    parameters=(
        Parameter(name="lr", type=ParameterType.FLOAT, default=0.1),
        Parameter(name="trees", type=ParameterType.INT, default=10),
        Parameter(name="model", type=ParameterType.STR, default="rf"),
        Parameter(name="depth", type=ParameterType.INT, default=3, optional=True),
        Parameter(name="folder", type=ParameterType.STR, default="data"),
    ),
    steps=(Step(name="fit", notebook="steps/01-fit.ipynb", secrets=("TOKEN",)),),
)
TARGET = Target(pipeline=PIPELINE, place="pipelines/wine", image="example.org/wine:1")
SPACE = ["lr=loguniform(1e-4, 0.1)", "trees=int(10, 200, 10)", "model=choice(rf, 'on')", "depth=choice(3, None)"]


def made(*space: str, **more: Any) -> dict[str, Any]:
    told = {"name": "tune", "trials": 9, "jobs": 3, "metric": "f1", "direction": "maximize", "sampler": "tpe", **more}
    read: dict[str, Any] = yaml.safe_load(experiment(TARGET, read_space(PIPELINE, space or SPACE), **told))
    return read


def test_ranges_become_katibs() -> None:
    assert {each["name"]: (each["parameterType"], each["feasibleSpace"]) for each in made()["spec"]["parameters"]} == {
        "lr": ("double", {"min": "0.0001", "max": "0.1", "distribution": "logUniform"}),
        "trees": ("int", {"min": "10", "max": "200", "step": "10"}),
        "model": ("categorical", {"list": ["rf", "on"]}),
        "depth": ("categorical", {"list": ["3", "None"]}),
    }


def test_a_trial_runs_the_pipeline_with_what_katib_proposes() -> None:
    spec = made(fixed={"folder": "more data"})["spec"]
    (container,) = spec["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"]
    assert container["command"][:4] == ["nbmlops", "run", "pipelines/wine", "--json"]
    pairs = container["command"][5::2]
    assert pairs[-1] == "folder=more data"
    proposed = {"lr": "0.003", "trees": "40", "model": "rf", "depth": "None"}
    for name, value in proposed.items():
        pairs = [pair.replace(f"${{trialParameters.{name}}}", value) for pair in pairs]
    assert values(PIPELINE, pairs) == {"lr": 0.003, "trees": 40, "model": "rf", "depth": None, "folder": "more data"}
    assert spec["trialTemplate"]["trialParameters"] == [{"name": each, "reference": each} for each in proposed]
    assert container["env"] == [
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "wine-secrets", "key": "TOKEN"}}}
    ]
    assert (spec["maxTrialCount"], spec["parallelTrialCount"]) == (9, 3)


@pytest.mark.parametrize("value", [0.93, 1e-7, -4.5e12, 3])
def test_a_metric_is_found_in_what_a_run_prints(value: float) -> None:
    printed = json.dumps({"result": {"seconds": 1.5, "metrics": {"f1": value, "val.loss": 2.0}}}, indent=2)
    found = {name: float(text) for line in printed.splitlines() for name, text in re.findall(METRIC_LINE, line)}
    assert found == {"seconds": 1.5, "f1": value, "val.loss": 2.0}


def test_a_grid_has_no_seed_and_a_name_must_be_one_for_kubernetes() -> None:
    assert made("trees=int(1, 3)", sampler="grid")["spec"]["algorithm"] == {
        "algorithmName": "grid", "algorithmSettings": [],
    }  # fmt: skip
    with pytest.raises(UsageError, match="is no name for Kubernetes"):
        made(name="größe")
