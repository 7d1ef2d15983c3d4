"""What is not deployed, and what others on the machine cannot reach."""

from __future__ import annotations

import contextlib
import pickle
import socket
import subprocess
from pathlib import Path

import pytest

from nbmlops import api
from nbmlops.errors import (
    IntegrityError,
    MissingDependencyError,
    NotFoundError,
    StateError,
    UsageError,
)
from nbmlops.ops.deployment_view import State
from tests.services.deploy.deployed import (
    KITFILE,
    deploy,
    folder_of,
    seen,
)

# MLflow warns of its own type hints when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


def test_a_policy_and_trust_are_asked_first(place: Path, tmp_path: Path) -> None:
    (place / "nbmlops-policy.yaml").write_text("signed: true\n")
    with pytest.raises(IntegrityError, match="sums:v1 is not deployed"):
        deploy(place, "sums:v1")
    (place / "nbmlops-policy.yaml").unlink()
    foreign = tmp_path / "foreign"
    (foreign / "model").mkdir(parents=True)
    (foreign / "Kitfile").write_text(KITFILE)
    (foreign / "model" / "MLmodel").write_text("flavors: {python_function: {loader_module: mlflow.sklearn}}\n")
    (foreign / "model" / "model.pkl").write_bytes(pickle.dumps(subprocess.Popen))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBMLOPS_HOME", str(tmp_path / "somebody-else"))
        api.pack(source=str(foreign), tag="sums:foreign")
    with pytest.raises(StateError, match="nobody has signed it"):
        deploy(place, "sums:foreign")
    assert api.deployments(folder=place).deployments == ()
    with pytest.raises(NotFoundError, match="neither a package nor a run"):
        deploy(place, "no-such-thing")


def test_what_cannot_be_asked_for(place: Path) -> None:
    for words, message in (
        ({}, "What is to be deployed"),
        ({"package": "sums:v1", "canary": 101}, "no percentage"),
        ({"package": "sums:v1", "canary": 5, "shadow": True}, "contradict"),
        ({"package": "sums:v1", "port": 70_000}, "no port"),
        ({"package": "sums:v1", "target": "container"}, "needs an --image"),
        ({"package": "sums:v1", "name": "Wine Model"}, "no name of a deployment"),
        ({"restore": True, "name": "sums"}, "takes no name"),
        ({"name": "sums", "monitor": True}, "changes with a new revision"),
        ({"package": "sums:v1", "share": 1.5}, "no share"),
        ({"package": "sums:v1", "max_difference": -1}, "a number from 0 on"),
        ({"name": "sums", "max_difference": 1}, "for a new revision"),
        ({"package": "sums:v1", "memory": "plenty"}, "is no size"),
        ({"name": "sums", "memory": "2GiB"}, "for a new revision here"),
        ({"package": "sums:v1", "storage": "s3://x/y"}, "are for --target kserve"),
        ({"package": "sums:v1", "target": "kserve"}, "either the image"),
        ({"package": "sums:v1", "target": "kserve", "image": "x", "port": 1}, "nor --port"),
        ({"package": "sums:v1", "target": "kubernetes", "storage": "s3://x/y"}, "fetches no models"),
        ({"package": "sums:v1", "target": "kubernetes", "image": "x", "canary": 5}, "no shares"),
    ):
        with pytest.raises(UsageError, match=message):
            api.deploy(**words, folder=place)
    for call in (api.deployments, api.predict, api.rollback, api.undeploy, api.logs):
        with pytest.raises(NotFoundError, match="There is no deployment nobody"):
            call(name="nobody", folder=place)


def test_documents_for_a_cluster_are_written_and_nothing_runs_here(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = api.deploy(package="sums:v1", target="kserve", image="ghcr.io/team/sums:v1", canary=20, folder=place)
    assert made.deployments == ()
    assert made.manifests.is_unpinned
    assert made.manifests.secret == "sums-token"
    folder = place / "deployments" / "sums"
    assert set(made.manifests.files) == {str(each.relative_to(folder)) for each in folder.rglob("*.yaml")}
    assert 'canaryTrafficPercent": 20' in (folder / "base" / "inferenceservice.yaml").read_text()
    assert api.deployments(folder=place).deployments == ()
    (place / "nbmlops-policy.yaml").write_text("signed: true\n")
    with pytest.raises(IntegrityError, match="is not deployed"):
        api.deploy(package="sums:v1", target="kserve", image="ghcr.io/team/sums:v1", folder=place)
    (place / "nbmlops-policy.yaml").unlink()
    monkeypatch.setenv("PATH", str(place))
    with pytest.raises(MissingDependencyError, match="kubectl is not here"):
        api.deploy(package="sums:v1", target="kubernetes", image=f"x@sha256:{'0' * 64}", apply=True, folder=place)
    assert (folder / "base" / "deployment.yaml").is_file()


def test_sockets_are_the_users_own(place: Path) -> None:
    deploy(place, "sums:v1")
    folder = folder_of(place).sockets()
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder_of(place).path / "token").stat().st_mode & 0o077 == 0
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as line:
        line.connect(str(folder / "control.sock"))
        line.sendall(b"no json\n")
        assert b"problem" in line.recv(4096)
    assert seen(place).state is State.HEALTHY
