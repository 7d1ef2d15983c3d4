"""Pipelines as documents of other engines: every field is known there, every text stays one, nothing is passed over."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from nbmlops.errors import ExternalError, MissingDependencyError, NbmlopsError, StateError, UsageError
from nbmlops.model.pipeline import Parameter, ParameterType, Pipeline, Step
from nbmlops.pipeline.compilers.common import DESCRIPTIVE, HEADROOM_BYTES, HONOURED, OF_PIPELINE
from nbmlops.pipeline.compilers.kfp import KfpCompiler
from nbmlops.pipeline.compilers.kfp_text import text
from nbmlops.pipeline.compilers.tekton import TektonCompiler
from nbmlops.ports import Target
from tests.unit.pipeline import tekton_schema

PARAMETERS = (
    Parameter(name="n", type=ParameterType.INT, default=3, help="how many: a # number"),
    Parameter(name="y", type=ParameterType.STR, default="on"),
    Parameter(name="rate", type=ParameterType.FLOAT, default=1),
    Parameter(name="no", type=ParameterType.BOOL, default=False),
    Parameter(name="sizes", type=ParameterType.LIST, default=[1, {"a": "1e3"}]),
    Parameter(name="pair", type=ParameterType.TUPLE, default=[1, "0o7"]),
    Parameter(name="depth", type=ParameterType.INT, default=None, optional=True),
    Parameter(name="holes", type=ParameterType.LIST, default=[1, None]),
)
NAMES = tuple(each.name for each in PARAMETERS)


def pipeline(**asks: Any) -> Pipeline:
    steps = (
        Step(name="load", notebook="steps/01-load.ipynb", parameters=NAMES, title="Load 'it'"),
        Step(name="train-all", notebook="steps/02-train-all.ipynb", needs=("load",), parameters=("n",), **asks),
    )
    return Pipeline(name="Wine", notebook="../../wine.ipynb", folder="../..", parameters=PARAMETERS, steps=steps)


def target(**asks: Any) -> Target:
    return Target(pipeline=pipeline(**asks), place="pipelines/wine", image="registry.example.org/wine:1")


FULL: dict[str, Any] = {
    "retries": 2,
    "backoff": 5.0,
    "timeout": 60.0,
    "cpu": 0.5,
    "gpu": 1,
    "memory": "2GiB",
    "env": {"GREETING": "$(HOME) on"},
    "secrets": ("TOKEN",),
}


MEMORY = str(2 * 1024**3 + HEADROOM_BYTES)


def documents(data: bytes) -> list[Any]:
    return list(yaml.safe_load_all(data))


@pytest.mark.parametrize("asks", [{}, FULL], ids=["plain", "full"])
def test_what_is_written_for_tekton_is_what_tekton_knows(asks: dict[str, Any]) -> None:
    files = TektonCompiler(storage_class="fast").compile(target(**asks))
    tasks, (made,), (run,) = (documents(files[name]) for name in ("tasks.yaml", "pipeline.yaml", "run.yaml"))
    for task in tasks:
        jsonschema.validate(task, tekton_schema.TASK)
    jsonschema.validate(made, tekton_schema.PIPELINE)
    jsonschema.validate(run, tekton_schema.RUN)
    assert [task["metadata"]["name"] for task in tasks] == ["wine-load", "wine-train-all"]
    assert made["spec"]["tasks"][1]["runAfter"] == ["load"]
    assert run["spec"]["pipelineRef"]["name"] == made["metadata"]["name"]
    declared = {each["name"] for each in made["spec"]["params"]}
    assert declared == set(NAMES) == {each["name"] for each in run["spec"]["params"]}
    for task, referring in zip(tasks, made["spec"]["tasks"], strict=True):
        assert {each["name"] for each in referring["params"]} == {each["name"] for each in task["spec"]["params"]}


def test_each_need_of_a_step_is_written_for_tekton() -> None:
    files = TektonCompiler().compile(target(**FULL))
    task = documents(files["tasks.yaml"])[1]["spec"]["steps"][0]
    assert task["computeResources"] == {
        "requests": {"cpu": "0.5", "nvidia.com/gpu": "1", "memory": MEMORY},
        "limits": {"cpu": "0.5", "nvidia.com/gpu": "1", "memory": MEMORY},
    }
    assert task["env"] == [
        {"name": "GREETING", "value": "$$(HOME) on"},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "wine-secrets", "key": "TOKEN"}}},
    ]
    assert task["args"][task["args"].index("--again") + 1] == "$(context.task.retry-count)"
    assert documents(files["pipeline.yaml"])[0]["spec"]["tasks"][1]["retries"] == 2


def test_a_misspelt_field_is_found_by_the_schema() -> None:
    task = documents(TektonCompiler().compile(target())["tasks.yaml"])[0]
    task["spec"]["steps"][0]["arguments"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(task, tekton_schema.TASK)


def test_every_text_is_in_quotes() -> None:
    """To a reader of YAML 1.1, `n`, `y`, `on`, `1e3` and `0o7` are something else."""
    for data in TektonCompiler().compile(target(**FULL)).values():
        for token in yaml.scan(data.decode()):
            if isinstance(token, yaml.ScalarToken):
                is_number = token.value.isdigit() and token.plain
                assert is_number or token.style == '"', token


@pytest.mark.parametrize("compiler", [TektonCompiler(), KfpCompiler(python="never-asked")], ids=["tekton", "kfp"])
@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"parameters": (Parameter(name="größe", type=ParameterType.INT, default=1),)}, "engine-cannot", "größe"),
        ({"name": "訓練"}, "name-unfit", "no name for Kubernetes"),
    ],
)
def test_what_an_engine_cannot_have_is_refused(compiler: Any, change: dict[str, Any], kind: str, words: str) -> None:
    import msgspec

    steps = (Step(name="load", notebook="steps/01-load.ipynb"),)
    changed = msgspec.structs.replace(pipeline(), steps=steps, parameters=())
    changed = msgspec.structs.replace(changed, **change)
    with pytest.raises(NbmlopsError) as caught:
        compiler.compile(Target(pipeline=changed, place="p", image="i"))
    assert caught.value.kind == kind
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("compiler", "default", "words"),
    [
        (TektonCompiler(), "a $(x)", "which Tekton takes for a variable"),
        (KfpCompiler(python="never-asked"), "a {{$.x}}", "has {{$ in it, which Kubeflow takes for a variable"),
        (KfpCompiler(python="never-asked"), float("nan"), "which JSON does not have"),
    ],
)
def test_a_default_that_would_become_something_else_is_refused(compiler: Any, default: Any, words: str) -> None:
    kind = ParameterType.STR if isinstance(default, str) else ParameterType.FLOAT
    parameters = (Parameter(name="x", type=kind, default=default),)
    steps = (Step(name="load", notebook="steps/01-load.ipynb", parameters=("x",)),)
    made = Pipeline(name="wine", notebook="wine.ipynb", parameters=parameters, steps=steps)
    with pytest.raises(StateError, match="cannot give step load its parameters") as caught:
        compiler.compile(Target(pipeline=made, place="p", image="i"))
    assert words in str(caught.value)


@pytest.mark.parametrize("compiler", [TektonCompiler(), KfpCompiler(python="never-asked")], ids=["tekton", "kfp"])
@pytest.mark.parametrize(("field", "value"), [("when", "n > 2"), ("foreach", "n in [1, 2]"), ("exit", True)])
def test_what_a_target_would_pass_over_is_refused_by_name(compiler: Any, field: str, value: Any) -> None:
    with pytest.raises(StateError) as caught:
        compiler.compile(target(**{field: value}))
    assert f"cannot give step train-all its {field}: it has nothing like it" in str(caught.value)
    assert caught.value.hint == f"Take {field} out of pipeline.yaml, or run it with nbmlops run."


def test_each_field_of_a_step_and_of_a_pipeline_has_been_thought_of() -> None:
    """A new field is refused by compilers until somebody says what they make of it: here, too."""
    assert DESCRIPTIVE | HONOURED | {"when", "foreach", "exit"} == set(Step.__struct_fields__)
    assert set(Pipeline.__struct_fields__) == OF_PIPELINE


def test_the_python_for_kubeflow_is_python_with_typed_parameters() -> None:
    tree = ast.parse(text(target(**FULL), "10Gi", "v-1"))
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    assert list(functions) == ["load", "train_all", "pipeline"]
    arguments = functions["pipeline"].args
    types = {each.arg: ast.unparse(each.annotation) for each in arguments.args if each.annotation}
    assert types == {
        "n": "int", "y": "str", "rate": "float", "no": "bool", "sizes": "str", "pair": "str", "depth": "str",
        "holes": "str",
    }  # fmt: skip
    assert [ast.literal_eval(each) for each in arguments.defaults] == [
        3, "on", 1.0, False, "[1, {'a': '1e3'}]", "[1, '0o7']", "None", "[1, None]",
    ]  # fmt: skip
    body = ast.unparse(functions["pipeline"])
    for line in (
        "nbmlops_train_all.after(nbmlops_load)",
        "nbmlops_train_all.set_retry(2, backoff_duration='5s', backoff_factor=2.0, backoff_max_duration='300s')",
        "nbmlops_train_all.set_cpu_limit('0.5')",
        f"nbmlops_train_all.set_memory_limit('{MEMORY}')",
        "nbmlops_train_all.set_accelerator_limit(1)",
        "nbmlops_train_all.set_env_variable('GREETING', '$(HOME) on')",
        "kubernetes.use_secret_as_env(nbmlops_train_all, 'wine-secrets', {'TOKEN': 'TOKEN'})",
        "nbmlops_load.set_caching_options(False)",
    ):
        assert line in body


def test_a_missing_sdk_is_one_line_that_helps(tmp_path: Path) -> None:
    for python in (str(tmp_path / "absent"), "/bin/false"):
        with pytest.raises((MissingDependencyError, ExternalError)) as caught:
            KfpCompiler(python=python).compile(target())
        assert "\n" not in str(caught.value)
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'kfp'\" >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(MissingDependencyError) as missing:
        KfpCompiler(python=str(broken)).compile(target())
    assert "pip install kfp kfp-kubernetes" in missing.value.hint


def test_a_name_that_is_too_long_for_kubernetes_is_refused() -> None:
    steps = (Step(name="a" * 48, notebook="steps/01.ipynb"),)
    made = Pipeline(name="wine", notebook="wine.ipynb", steps=steps)
    with pytest.raises(UsageError, match="no name for Kubernetes"):
        TektonCompiler().compile(Target(pipeline=made, place="p", image="i"))
