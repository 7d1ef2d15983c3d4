"""`schedule`: what a host is told comes from the documents and from git, and nothing of a person's is overwritten."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from nbmlops import api
from nbmlops.errors import ConflictError, NotFoundError, UsageError
from nbmlops.ops.schedule import HOSTS, Result
from nbmlops.project import Project
from tests.unit.hosts.examples import loaded
from tests.unit.reconcile.documents import DEPLOYER, TRAINER


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "labels"
    Project.init(root)
    (root / "reconcilers").mkdir()
    trainer = TRAINER.replace("  dependsOn: [tokenizer-train]\n", "").replace(", branch: main}", "}")
    (root / "reconcilers" / "train.yaml").write_text(trainer)
    (root / "reconcilers" / "deploy.yaml").write_text(DEPLOYER)
    subprocess.run(["git", "init", "-q", "-b", "trunk", str(root)], check=True)
    address = "https://me:hunter2@git.example/team/labels.git"
    subprocess.run(["git", "-C", str(root), "remote", "add", "origin", address], check=True)
    return root


def scheduled(project: Path, **values: Any) -> Result:
    found: Result = api.schedule(folder=project, **values)
    return found


@pytest.mark.parametrize("host", [each for each in HOSTS if each != "modelsync"])
def test_every_host_is_told_of_all_reconcilers(host: str, project: Path) -> None:
    found = scheduled(project, as_=host, image="a:1")
    assert found.reconcilers == ("labels-deploy", "labels-train")
    assert found.folder == ""
    text = "".join(each.text for each in found.files)
    assert "hunter2" not in text
    if host in ("argocd", "flux", "kubernetes", "tekton"):
        assert "https://git.example/team/labels.git" in text
    assert sorted(path.name for path in project.iterdir()) == [".git", ".nbmlops", "nbmlops.toml", "reconcilers"]


def test_where_pipelines_run_decides_what_a_pod_may_do(project: Path) -> None:
    def role() -> str:
        files = {each.name: each.text for each in scheduled(project, as_="kubernetes", image="a:1").files}
        return files["kubernetes/role.yaml"]

    document = project / "reconcilers" / "train.yaml"
    text = document.read_text()
    assert "pipelineruns" not in role()
    document.write_text(text.replace("engine: dask", "engine: tekton"))
    assert "pipelineruns" in role()
    document.write_text(text.replace("  engine: dask\n", ""))
    assert "pipelineruns" not in role()
    (project / "nbmlops.toml").write_text('[pipeline]\nengine = "tekton"\n')
    assert "pipelineruns" in role()


def test_documents_and_git_say_what_nobody_was_asked(project: Path) -> None:
    (project / "requirements.txt").write_text("nbmlops\n")
    found = {each.name.rpartition("/")[2]: each.text for each in scheduled(project, as_="github").files}
    cd = loaded(found["nbmlops-cd.yml"])
    assert cd["on"]["push"] == {"branches": ["trunk"], "paths": ["deploy/prod.yaml"]}
    assert "-r requirements.txt" in found["nbmlops-ci.yml"]
    assert "nbmlops run pipelines/labels" in found["nbmlops-ci.yml"]
    assert "nbmlops reconcile --once labels-train 2>&1" in found["nbmlops-ct.yml"]


def test_a_host_here_calls_this_program_in_this_folder(project: Path) -> None:
    service, timer = scheduled(project, as_="systemd", every="90s").files
    assert f"WorkingDirectory={project}\n" in service.text
    (command,) = [line for line in service.text.splitlines() if line.startswith("ExecStart=")]
    assert command.startswith('ExecStart=:"/')
    assert "OnUnitInactiveSec=90\n" in timer.text


def test_a_model_sync_is_of_one(project: Path) -> None:
    with pytest.raises(UsageError, match="of one reconciler, and here are 2"):
        scheduled(project, as_="modelsync", image="a:1")
    found = scheduled(project, names=("labels-train",), as_="modelsync", image="a:1")
    assert loaded(found.files[0].text)["spec"]["parameters"] == [
        {"needsSyncName": "max_age_days", "pipelineName": "max_age_days"}
    ]


def test_files_of_a_persons_stay_unless_forced(project: Path) -> None:
    found = scheduled(project, as_="gitlab", output=".")
    path = project / ".gitlab-ci.yml"
    assert found.folder == str(project)
    assert path.read_text() == found.files[0].text
    # The same again is no conflict.
    scheduled(project, as_="gitlab", output=".")
    path.write_text("mine: {script: [make]}\n")
    with pytest.raises(ConflictError, match="is there already"):
        scheduled(project, as_="gitlab", output=".")
    assert path.read_text() == "mine: {script: [make]}\n"
    scheduled(project, as_="gitlab", output=".", force=True)
    assert path.read_text() == found.files[0].text


@pytest.mark.parametrize(
    ("values", "family", "told"),
    [
        ({"as_": "cron", "names": ("nobody",)}, NotFoundError, "There is no reconciler 'nobody'"),
        ({"as_": "cron", "every": "soon"}, UsageError, "is no duration"),
        ({"as_": "cron", "at": "soon"}, UsageError, "is no schedule"),
        ({"as_": "cron", "variable": ("x",)}, UsageError, "is no NAME=VALUE"),
        ({"as_": "kubernetes"}, UsageError, "needs to know: image"),
        ({"as_": "flux", "repository": "/srv/a.git"}, UsageError, "Flux fetches from no address"),
    ],
)
def test_mistakes_are_told_and_write_nothing(
    values: dict[str, Any], family: type[Exception], told: str, project: Path
) -> None:
    with pytest.raises(family, match=told):
        scheduled(project, output="out", **values)
    assert not (project / "out").exists()


def test_a_project_without_reconcilers_has_nothing_to_schedule(tmp_path: Path) -> None:
    Project.init(tmp_path)
    with pytest.raises(NotFoundError, match="has no reconcilers"):
        scheduled(tmp_path, as_="cron")
