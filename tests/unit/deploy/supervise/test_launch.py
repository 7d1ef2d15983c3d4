"""How replicas are started: what a container may take, and what a process is watched for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.deploy.supervise.launch import launch_of
from nbmlops.model.deployment import Revision, Spec

REVISION = Revision(
    number=3, package="sums:v1", digest="", created=datetime(2026, 3, 1, tzinfo=UTC), model="model", image="sums:v1"
)


@pytest.mark.parametrize("memory", [0, 512 << 20])
def test_memory_is_the_engines_to_hold_in_a_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    folder = DeploymentFolder(tmp_path / "sums")
    container = launch_of(folder, Spec(name="sums", target="container", memory=memory), REVISION, 0)
    assert ("--memory=536870912b" in container.command) == bool(memory)
    assert container.memory == 0
    process = launch_of(folder, Spec(name="sums", memory=memory), REVISION, 0)
    assert process.memory == memory


def test_a_revision_takes_its_contract_along_into_a_process_and_into_a_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    folder = DeploymentFolder(tmp_path / "sums")
    asking = msgspec.structs.replace(REVISION, contract="contract.yaml", on_breach="reject")
    process = launch_of(folder, Spec(name="sums"), asking, 0).environment
    assert process["NBMLOPS_CONTRACT"] == str(folder.path / "revisions" / "3" / "contract.json")
    assert process["NBMLOPS_ON_BREACH"] == "reject"
    command = launch_of(folder, Spec(name="sums", target="container"), asking, 0).command
    assert f"--volume={folder.contract(3)}:/run/contract.json:ro,Z" in command
    assert {"--env=NBMLOPS_CONTRACT=/run/contract.json", "--env=NBMLOPS_ON_BREACH=reject"} <= set(command)
    assert "NBMLOPS_CONTRACT" not in launch_of(folder, Spec(name="sums"), REVISION, 0).environment
