"""Documents for clusters hold the schemas of those who read them, and give no more rights than are needed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import msgspec
import pytest

from nbmlops.errors import UsageError
from nbmlops.hosts import argocd, flux, kubernetes, modelsync, tekton
from nbmlops.hosts.hosted import Hosted
from nbmlops.model.reconciler import Kind, Reconciler
from tests.unit.hosts import schemas
from tests.unit.hosts.examples import AWKWARD, HOSTED, loaded

ALL = [HOSTED, *AWKWARD]
FOR_TEKTON = [each for each in ALL if "$(" not in each.name]
OLDEST, NEWEST = "1.27", "1.37"
TRAINER = Reconciler(
    name="wine-train",
    kind=Kind.TRAINER,
    pipeline="pipelines/wine/",
    parameters={"rows": 100, "n": "n", "max_age": {"from": "days"}, "on": "1e3"},
    kept_successful=5,
)
DEPLOYER = Reconciler(name="on", kind=Kind.DEPLOYER, deployment="wine")


def holds(document: Any, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema).validate(document)


def test_the_schemas_of_our_own_are_schemas() -> None:
    for name, schema in vars(schemas).items():
        if name.isupper():
            jsonschema.Draft202012Validator.check_schema(schema)


def documents(files: dict[str, str]) -> dict[str, Any]:
    return {path.rpartition("/")[2]: loaded(text) for path, text in files.items()}


# Reading Kubernetes' schemas is what takes its time.
@pytest.mark.parametrize(("version", "some"), [(OLDEST, [HOSTED]), (NEWEST, [FOR_TEKTON[-1], AWKWARD[2]])])
def test_documents_hold_kubernetes_strict_schemas(version: str, some: list[Hosted]) -> None:
    for hosted in some:
        found = documents(kubernetes.files(hosted))
        kustomization = found.pop("kustomization.yaml")
        holds(kustomization, schemas.KUSTOMIZATION)
        assert kustomization["resources"] == list(found)
        for document in found.values():
            kubernetes_validate.validate(document, version, strict=True)
        needs = documents(modelsync.files(hosted, DEPLOYER))
        needs.pop("modelsync.yaml")
        for document in needs.values():
            kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("hosted", ALL)
def test_a_pod_has_few_rights_and_never_runs_twice(hosted: Hosted) -> None:
    job = documents(kubernetes.files(hosted))["cronjob.yaml"]["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    assert job["startingDeadlineSeconds"] >= 10
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    holds(pod["securityContext"], schemas.OF_POD)
    (checkout,), (container,) = pod["initContainers"], pod["containers"]
    for each in (checkout, container):
        holds(each["securityContext"], schemas.OF_CONTAINER)
        holds(each["env"], schemas.ENVIRONMENT)
        assert each["command"][:6] == [
            "python", "-m", "nbmlops.hosts.under_lease", "--lease", hosted.object_name, "--",
        ]  # fmt: skip
    # What Kubernetes hands over: $$( is $(, and nothing else is touched.
    assert [word.replace("$$(", "$(") for word in container["args"]] == [
        *hosted.command,
        "reconcile",
        "--once",
        *hosted.reconcilers,
    ]
    values = {each["name"]: each.get("value", "").replace("$$(", "$(") for each in container["env"]}
    assert values["REPOSITORY"] == hosted.repository
    assert values["BRANCH"] == hosted.branch
    mounted = {each["name"] for each in container["volumeMounts"]}
    assert mounted == {each["name"] for each in pod["volumes"]}


def test_rights_are_those_of_the_lease_and_of_what_a_deployer_applies() -> None:
    def rules(hosted: Hosted) -> list[Any]:
        found: list[Any] = documents(kubernetes.files(hosted))["role.yaml"]["rules"]
        return found

    (lease,) = rules(msgspec.structs.replace(HOSTED, deployers=()))
    assert lease == {
        "apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "resourceNames": ["nbmlops-wine"],
        "verbs": ["get", "update"],
    }  # fmt: skip
    applied = [each for each in rules(HOSTED) if each != lease]
    assert {kind for each in applied for kind in each["resources"]} == {
        "deployments", "services", "horizontalpodautoscalers", "inferenceservices",
    }  # fmt: skip
    for each in applied:
        assert not {"*", "delete", "deletecollection", "update"} & set(each["verbs"])


def test_a_trainer_on_tekton_may_submit_and_end_its_runs_and_nothing_else() -> None:
    plain = documents(kubernetes.files(HOSTED))["role.yaml"]["rules"]
    rules = documents(kubernetes.files(msgspec.structs.replace(HOSTED, engines=("local", "tekton"))))["role.yaml"][
        "rules"
    ]
    assert [each for each in rules if each not in plain] == [
        {"apiGroups": ["tekton.dev"], "resources": ["pipelineruns"], "verbs": ["create", "get", "patch"]},
        {"apiGroups": ["tekton.dev"], "resources": ["taskruns"], "verbs": ["list"]},
    ]


def test_names_within_the_documents_meet() -> None:
    found = documents(kubernetes.files(HOSTED))
    pod = found["cronjob.yaml"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    assert pod["serviceAccountName"] == found["service-account.yaml"]["metadata"]["name"]
    assert volumes["scripts"]["configMap"]["name"] == found["scripts.yaml"]["metadata"]["name"]
    assert volumes["workspace"]["persistentVolumeClaim"]["claimName"] == found["workspace.yaml"]["metadata"]["name"]
    binding = found["role-binding.yaml"]
    assert binding["roleRef"]["name"] == found["role.yaml"]["metadata"]["name"]
    assert binding["subjects"][0]["name"] == pod["serviceAccountName"]
    command = pod["containers"][0]["command"]
    assert command[command.index("--lease") + 1] == found["lease.yaml"]["metadata"]["name"]
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["command"][-1].removeprefix("/scripts/") in found["scripts.yaml"]["data"]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not here to put the documents together")
def test_kubectl_puts_the_documents_together(tmp_path: Path) -> None:
    for path, text in kubernetes.files(HOSTED).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    said = subprocess.run(
        ["kubectl", "kustomize", str(tmp_path / "kubernetes")], capture_output=True, text=True, check=True
    ).stdout
    import yaml

    built = list(yaml.safe_load_all(said))
    assert {each["kind"] for each in built} == {
        "ConfigMap", "CronJob", "Lease", "PersistentVolumeClaim", "Role", "RoleBinding", "ServiceAccount",
    }  # fmt: skip
    for each in built:
        assert each["metadata"]["namespace"] == "models"
        kubernetes_validate.validate(each, NEWEST, strict=True)


@pytest.mark.parametrize("hosted", ALL)
def test_argo_cd_keeps_the_cluster_as_git_says(hosted: Hosted) -> None:
    application = documents(argocd.files(hosted))["application.yaml"]
    holds(application, schemas.APPLICATION)
    assert application["spec"]["source"] == {
        "repoURL": hosted.repository, "targetRevision": hosted.branch, "path": "deploy",
    }  # fmt: skip


@pytest.mark.parametrize("hosted", ALL)
def test_flux_keeps_the_cluster_as_git_says(hosted: Hosted) -> None:
    found = documents(flux.files(hosted))
    holds(found["repository.yaml"], schemas.GIT_REPOSITORY)
    holds(found["kustomization.yaml"], schemas.FLUX_KUSTOMIZATION)
    assert found["kustomization.yaml"]["spec"]["sourceRef"]["name"] == found["repository.yaml"]["metadata"]["name"]
    assert found["repository.yaml"]["spec"]["ref"] == {"branch": hosted.branch}


@pytest.mark.parametrize(
    ("address", "fetched"),
    [
        ("https://git.example/a.git", "https://git.example/a.git"),
        ("git@git.example:team/a.git", "ssh://git@git.example/team/a.git"),
        ("git.example:team/a.git", "ssh://git@git.example/team/a.git"),
        ("ssh://git@git.example/a.git", "ssh://git@git.example/a.git"),
    ],
)
def test_flux_reads_addresses_of_ssh_too(address: str, fetched: str) -> None:
    found = documents(flux.files(msgspec.structs.replace(HOSTED, repository=address)))["repository.yaml"]
    holds(found, schemas.GIT_REPOSITORY)
    assert found["spec"]["url"] == fetched
    assert ("secretRef" in found["spec"]) is fetched.startswith("ssh:")


@pytest.mark.parametrize("address", ["file:///srv/a.git", "/srv/a.git", "git://x/a.git", "C:/a"])
def test_flux_is_given_no_address_that_it_does_not_read(address: str) -> None:
    with pytest.raises(UsageError, match="Flux fetches from no address"):
        flux.files(msgspec.structs.replace(HOSTED, repository=address))


@pytest.mark.parametrize("hosted", FOR_TEKTON)
def test_tekton_makes_one_tick(hosted: Hosted) -> None:
    found = documents(tekton.files(hosted))
    holds(found["task.yaml"], schemas.TASK)
    holds(found["pipeline.yaml"], schemas.PIPELINE)
    holds(found["run.yaml"], schemas.PIPELINE_RUN)
    kubernetes_validate.validate(found["workspace.yaml"], NEWEST, strict=True)
    checkout, tick = found["task.yaml"]["spec"]["steps"]
    assert tick["args"] == [*hosted.command, "reconcile", "--once", *hosted.reconcilers]
    for step in (checkout, tick):
        assert "$(" not in step["script"]


def test_what_tekton_would_take_for_a_variable_is_refused() -> None:
    (awkward,) = [each for each in AWKWARD if "$(" in each.name]
    for make in (tekton.files, lambda hosted: modelsync.files(hosted, DEPLOYER)):
        with pytest.raises(UsageError, match="which Tekton takes for a variable"):
            make(awkward)


@pytest.mark.parametrize("hosted", FOR_TEKTON)
def test_a_model_sync_of_a_trainer_and_of_a_deployer(hosted: Hosted) -> None:
    trainer = documents(modelsync.files(hosted, TRAINER))
    holds(trainer["modelsync.yaml"], schemas.MODEL_SYNC)
    spec = trainer["modelsync.yaml"]["spec"]
    assert spec["needsSyncUrl"] == f"http://{trainer['service.yaml']['metadata']['name']}.models/needsTrain"
    assert spec["parameters"] == [{"needsSyncName": "days", "pipelineName": "max_age"}]
    run = spec["pipelineRunTemplate"]["spec"]
    assert run["pipelineRef"] == {"name": "wine"}
    assert run["params"] == [
        {"name": "rows", "value": "100"}, {"name": "n", "value": "n"}, {"name": "on", "value": "1e3"},
    ]  # fmt: skip
    assert (spec["successfulPipelineRunsHistoryLimit"], spec["failedPipelineRunsHistoryLimit"]) == (5, 10)
    deployer = documents(modelsync.files(hosted, DEPLOYER))["modelsync.yaml"]
    holds(deployer, schemas.MODEL_SYNC)
    assert deployer["spec"]["needsSyncUrl"].endswith("/needsSync")
    made = documents(tekton.files(hosted))
    template = deployer["spec"]["pipelineRunTemplate"]["spec"]
    assert template["pipelineRef"]["name"] == made["pipeline.yaml"]["metadata"]["name"]
    (workspace,) = template["workspaces"]
    assert [each["name"] for each in made["pipeline.yaml"]["spec"]["workspaces"]] == [workspace["name"]]
    assert workspace["persistentVolumeClaim"]["claimName"] == made["workspace.yaml"]["metadata"]["name"]


def test_the_service_that_is_asked_is_reached_by_the_controller_alone() -> None:
    found = documents(modelsync.files(HOSTED, TRAINER))
    policy, deployment = found["network-policy.yaml"]["spec"], found["deployment.yaml"]["spec"]
    marks = deployment["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= marks.items()
    assert found["service.yaml"]["spec"]["selector"].items() <= marks.items()
    pod = deployment["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    for container in (*pod["initContainers"], *pod["containers"]):
        holds(container["securityContext"], schemas.OF_CONTAINER)


def test_a_trainer_without_a_pipeline_is_no_model_sync() -> None:
    with pytest.raises(UsageError, match="names no pipeline"):
        modelsync.files(HOSTED, msgspec.structs.replace(TRAINER, pipeline=""))


@pytest.mark.parametrize("field", ["image", "repository"])
@pytest.mark.parametrize("make", [kubernetes.files, tekton.files])
def test_what_a_cluster_needs_to_know_is_asked_for(field: str, make: Callable[[Hosted], dict[str, str]]) -> None:
    with pytest.raises(UsageError, match=f"needs to know: {field}") as raised:
        make(msgspec.structs.replace(HOSTED, **{field: ""}))
    assert f"--{field}" in raised.value.hint


def test_no_document_has_a_secret_in_it() -> None:
    hosted = msgspec.structs.replace(HOSTED, secrets=("AWS_SECRET_ACCESS_KEY",))
    container = documents(kubernetes.files(hosted))["cronjob.yaml"]["spec"]["jobTemplate"]["spec"]["template"]["spec"][
        "containers"
    ][0]
    (found,) = [each for each in container["env"] if each["name"] == "AWS_SECRET_ACCESS_KEY"]
    assert found["valueFrom"] == {
        "secretKeyRef": {"name": "nbmlops-wine-environment", "key": "AWS_SECRET_ACCESS_KEY"}
    }  # fmt: skip
