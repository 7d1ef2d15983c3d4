"""What Kubeflow's own compiler makes of a pipeline."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from nbmlops.pipeline.compilers.kfp import KfpCompiler
from tests.kfp_python import kfp_python
from tests.unit.pipeline.test_compilers import FULL, MEMORY, NAMES, documents, target

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return KfpCompiler(python=kfp_python(), storage="20Gi").compile(target(**FULL))


def test_there_is_a_file_for_each_use(files: dict[str, bytes]) -> None:
    assert set(files) == {
        "pipeline.py", "pipeline.yaml", "manifests.yaml", "components/load.yaml", "components/train-all.yaml",
    }  # fmt: skip


def test_each_need_of_a_step_is_in_the_compiled_pipeline(files: dict[str, bytes]) -> None:
    made, platform = documents(files["pipeline.yaml"])
    task = made["root"]["dag"]["tasks"]["train-all"]
    assert task["dependentTasks"] == ["load"]
    assert task["retryPolicy"] == {
        "maxRetryCount": 2, "backoffDuration": "5s", "backoffFactor": 2.0, "backoffMaxDuration": "300s",
    }  # fmt: skip
    assert not task["cachingOptions"].get("enableCache")
    container = made["deploymentSpec"]["executors"]["exec-train-all"]["container"]
    assert container["image"] == "registry.example.org/wine:1"
    assert container["env"] == [{"name": "GREETING", "value": "$(HOME) on"}]
    resources = container["resources"]
    assert (resources["resourceCpuLimit"], resources["resourceCpuRequest"]) == ("0.5", "0.5")
    assert resources["resourceMemoryLimit"] == MEMORY
    assert resources["accelerator"]["resourceType"] == "nvidia.com/gpu"
    kubernetes = platform["platforms"]["kubernetes"]
    assert kubernetes["pipelineConfig"]["workspace"]["size"] == "20Gi"
    (secret,) = kubernetes["deploymentSpec"]["executors"]["exec-train-all"]["secretAsEnv"]
    assert secret["secretName"] == "wine-secrets"
    assert secret["keyToEnv"] == [{"envVar": "TOKEN", "secretKey": "TOKEN"}]


def test_parameters_are_typed(files: dict[str, bytes]) -> None:
    made, _ = documents(files["pipeline.yaml"])
    inputs = made["root"]["inputDefinitions"]["parameters"]
    assert {name: each["parameterType"] for name, each in inputs.items()} == {
        **dict.fromkeys(NAMES, "STRING"),
        "n": "NUMBER_INTEGER",
        "rate": "NUMBER_DOUBLE",
        "no": "BOOLEAN",
    }
    assert {name: inputs[name]["defaultValue"] for name in ("n", "y", "rate", "no", "pair", "depth")} == {
        "n": 3, "y": "on", "rate": 1.0, "no": False, "pair": "[1, '0o7']", "depth": "None",
    }  # fmt: skip


def test_the_manifests_are_those_that_are_kept_in_git(files: dict[str, bytes]) -> None:
    found = {each["kind"]: each for each in documents(files["manifests.yaml"])}
    assert set(found) == {"Pipeline", "PipelineVersion"}
    assert {each["apiVersion"] for each in found.values()} == {"pipelines.kubeflow.org/v2beta1"}
    assert found["Pipeline"]["metadata"]["name"] == "wine"
    assert found["PipelineVersion"]["spec"]["pipelineName"] == "wine"
    assert found["PipelineVersion"]["spec"]["pipelineSpec"]["pipelineInfo"]["name"] == "wine"


def test_the_same_pipeline_makes_the_same_files_and_another_one_another_version(files: dict[str, bytes]) -> None:
    compiler = KfpCompiler(python=kfp_python(), storage="20Gi")
    assert compiler.compile(target(**FULL)) == files

    def version(made: dict[str, bytes]) -> str:
        found: list[dict[str, Any]] = documents(made["manifests.yaml"])
        name: str = next(each["metadata"]["name"] for each in found if each["kind"] == "PipelineVersion")
        return name

    assert version(compiler.compile(target(retries=1))) != version(files)


def test_every_text_is_in_quotes(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        if name.endswith(".yaml"):
            for token in yaml.scan(data.decode()):
                if isinstance(token, yaml.ScalarToken) and token.plain:
                    assert not isinstance(yaml.safe_load(token.value), str), token
