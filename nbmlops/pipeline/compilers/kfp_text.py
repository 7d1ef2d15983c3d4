"""A pipeline as Python for Kubeflow's SDK. People may read it, and run it again without us."""

from __future__ import annotations

import keyword
from collections.abc import Sequence

from nbmlops.model.pipeline import Parameter, ParameterType, Pipeline, Step
from nbmlops.pipeline.attempts import LONGEST_WAIT
from nbmlops.pipeline.compilers.common import GPU, container_memory, cores, kubernetes_name, secret_name
from nbmlops.pipeline.order import in_order, needs_of
from nbmlops.ports import Target

IR, MANIFESTS = "pipeline.yaml", "manifests.yaml"
PYTHON = "NBMLOPS_PYTHON"
"""In the image: a Python that has nbmlops, where it is not the one that has kfp."""
_TYPES = {
    ParameterType.INT: "int",
    ParameterType.FLOAT: "float",
    ParameterType.BOOL: "bool",
    ParameterType.STR: "str",
}
"""Lists and dicts are texts: to Kubeflow every number in them is a float, and None is nothing at all."""

_HEAD = '''\
"""The pipeline {name} for Kubeflow Pipelines, written by nbmlops: `nbmlops compile --to kfp`.

Each component executes one step, in a copy of the project that all steps of a run share.
"""

import os

from kfp import compiler, dsl{kubernetes}
from kfp.compiler.compiler_utils import KubernetesManifestOptions

IMAGE = {image!r}
'''

_COMPONENT = """

@dsl.component(base_image=IMAGE, packages_to_install=[], install_kfp_package=False)
def {function}({arguments}):
    import os
    import subprocess
    import sys

    command = [os.environ.get({python!r}, sys.executable), "-m", "nbmlops.pipeline.standalone"]
    command += ["--project", {project!r}, "--pipeline", {place!r}]
    command += ["--workspace", nbmlops_workspace, "--run", nbmlops_run, "--step", {step!r}]
    command += ["--keep-notebook", nbmlops_notebook.path, "--keep-page", nbmlops_page.path]
    for name, value in {values}.items():
        command += ["--param", f"{{name}}={{value if isinstance(value, str) else repr(value)}}"]
    if subprocess.run(command).returncode:
        sys.exit({failure!r})
"""

_PIPELINE = """

@dsl.pipeline(
    name={name!r},
    pipeline_config=dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size={storage!r})),
)
def pipeline({arguments}):
"""

_MAIN = """

if __name__ == "__main__":
    os.makedirs("components", exist_ok=True)
    for name, component in {components}.items():
        compiler.Compiler().compile(component, f"components/{{name}}.yaml")
    compiler.Compiler().compile(pipeline, {ir!r})
    compiler.Compiler().compile(
        pipeline,
        {manifests!r},
        kubernetes_manifest_format=True,
        kubernetes_manifest_options=KubernetesManifestOptions(
            pipeline_name={name!r}, pipeline_version_name={version!r}, include_pipeline_manifest=True
        ),
    )
"""


def text(target: Target, storage: str, version: str) -> str:
    """`version`: name of the PipelineVersion."""
    pipeline = target.pipeline
    steps = in_order(pipeline)
    name = kubernetes_name(pipeline.name)
    has_secrets = any(step.secrets for step in steps)
    parts = [
        _HEAD.format(name=pipeline.name, kubernetes=", kubernetes" if has_secrets else "", image=target.image),
        *(_component(target, step) for step in steps),
        _PIPELINE.format(name=name, storage=storage, arguments=", ".join(_defaults(pipeline.parameters))),
        *(_task(pipeline, step) for step in steps),
        _MAIN.format(
            components="{" + ", ".join(f"{kubernetes_name(step.name)!r}: {_function(step)}" for step in steps) + "}",
            ir=IR,
            manifests=MANIFESTS,
            name=name,
            version=version,
        ),
    ]
    return "".join(parts)


def _component(target: Target, step: Step) -> str:
    parameters = [each for each in target.pipeline.parameters if each.name in step.parameters]
    arguments = ["nbmlops_workspace: str", "nbmlops_run: str", *(f"{each.name}: {_type(each)}" for each in parameters)]
    arguments += ["nbmlops_notebook: dsl.Output[dsl.Artifact]", "nbmlops_page: dsl.Output[dsl.HTML]"]
    return _COMPONENT.format(
        function=_function(step),
        arguments=", ".join(arguments),
        python=PYTHON,
        project=target.project,
        place=target.place,
        step=step.name,
        values="{" + ", ".join(f"{each.name!r}: {each.name}" for each in parameters) + "}",
        failure=f"step {step.name} failed: its log says why",
    )


def _task(pipeline: Pipeline, step: Step) -> str:
    given = ["nbmlops_workspace=dsl.WORKSPACE_PATH_PLACEHOLDER", "nbmlops_run=dsl.PIPELINE_JOB_ID_PLACEHOLDER"]
    given += [f"{name}={name}" for name in (each.name for each in pipeline.parameters) if name in step.parameters]
    task = _variable(step)
    lines = [f"{task} = {_function(step)}({', '.join(given)})", f"{task}.set_display_name({step.title or step.name!r})"]
    # Files that a step reads are no inputs that Kubeflow knows of: it must not take old results for it.
    lines += [f"{task}.set_caching_options(False)"]
    names = {each.name: each for each in pipeline.steps}
    if needs := needs_of(step):
        lines += [f"{task}.after({', '.join(_variable(names[need]) for need in needs)})"]
    if step.retries:
        lines += [
            f"{task}.set_retry({step.retries}, backoff_duration={_seconds(step.backoff)!r}, backoff_factor=2.0, "
            f"backoff_max_duration={_seconds(LONGEST_WAIT)!r})"
        ]
    if step.cpu:
        lines += [f"{task}.set_cpu_request({cores(step)!r})", f"{task}.set_cpu_limit({cores(step)!r})"]
    if step.memory:
        lines += [f"{task}.set_memory_{which}({container_memory(step)!r})" for which in ("request", "limit")]
    if step.gpu:
        lines += [f"{task}.set_accelerator_type({GPU!r})", f"{task}.set_accelerator_limit({step.gpu})"]
    lines += [f"{task}.set_env_variable({name!r}, {value!r})" for name, value in step.env.items()]
    if step.secrets:
        keys = {name: name for name in step.secrets}
        lines += [f"kubernetes.use_secret_as_env({task}, {secret_name(pipeline)!r}, {keys!r})"]
    return "".join(f"    {line}\n" for line in lines)


def _function(step: Step) -> str:
    name = kubernetes_name(step.name).replace("-", "_")
    return f"step_{name}" if name[0].isdigit() or keyword.iskeyword(name) or name in _TAKEN else name


_TAKEN = frozenset({"os", "dsl", "compiler", "kubernetes", "pipeline"})


def _variable(step: Step) -> str:
    """No parameter begins like this."""
    return f"nbmlops_{_function(step)}"


def _defaults(parameters: Sequence[Parameter]) -> list[str]:
    return [f"{each.name}: {_type(each)} = {_default(each)!r}" for each in parameters]


def _type(parameter: Parameter) -> str:
    """What may be None, or is of a type that Kubeflow would change, travels as it would be typed after `-p name=`."""
    return "str" if parameter.optional else _TYPES.get(parameter.type, "str")


def _default(parameter: Parameter) -> object:
    if _type(parameter) == "str" and not isinstance(parameter.default, str):
        return repr(parameter.default)
    return float(parameter.default) if parameter.type is ParameterType.FLOAT else parameter.default


def _seconds(amount: float) -> str:
    return f"{max(0, round(amount))}s"
