"""A tag of a registry moves, and what it means now is deployed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops import api
from nbmlops.ops.reconcile import Result
from tests.services import servers
from tests.services.deploy.deployed import seen

pytestmark = [
    pytest.mark.skipif(
        shutil.which("docker-registry") is None,
        reason="docker-registry is not installed. On Debian, as root: apt-get install docker-registry",
    ),
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning"),
]
DEPLOYER = """\
apiVersion: nbmlops.dev/v1
kind: Deployer
metadata: {{name: sums-deploy}}
spec:
  model: sums
  desired: {{tag: "{host}/team/sums:staging"}}
  deployment: sums
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[servers.Server, str]]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    found, host = servers.registry(tmp_path / "registry")
    found.start()
    try:
        yield found, host
    finally:
        found.stop()


def test_what_a_tag_means_is_deployed(place: Path, server: tuple[servers.Server, str]) -> None:
    registry, host = server
    (place / "reconcilers").mkdir()
    (place / "reconcilers" / "sums.yaml").write_text(DEPLOYER.format(host=host))

    def reconciled(code: int) -> Result:
        found: Result = api.reconcile(folder=place)
        assert found.exit_code == code, found.ran
        return found

    nothing = reconciled(20).ran[0]
    assert (nothing.action, nothing.state) == ("none", "Unknown")
    for version in (1, 2):
        pushed = api.push(package=f"sums:v{version}", to=f"{host}/team/sums:staging", folder=place)
        assert reconciled(10).ran[0].state == "InSync"
        assert seen(place).stable.digest == pushed.digest
        assert reconciled(0).ran[0].state == "InSync"
    registry.stop()
    away = reconciled(20).ran[0]
    assert (away.action, away.state) == ("none", "Unknown")
    assert seen(place).stable.number == 2
