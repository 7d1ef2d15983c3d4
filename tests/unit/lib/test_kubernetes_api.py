"""Where a cluster is, and who may ask it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.errors import StateError, UsageError
from nbmlops.lib.kubernetes_api import by_address, pod


def test_a_pod_knows_its_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StateError, match="no pod with a service account"):
        pod(tmp_path)
    (tmp_path / "namespace").write_text("models\n")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(StateError, match="KUBERNETES_SERVICE_HOST is not set"):
        pod(tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    found = pod(tmp_path)
    assert (found.address, found.namespace) == ("https://[fd00::1]:6443", "models")


def test_a_token_travels_in_the_open_on_this_machine_only() -> None:
    assert by_address("http://127.0.0.1:8001").is_plain
    assert not by_address("https://10.0.0.1:6443").is_plain
    with pytest.raises(UsageError, match=r"in the open to 10\.0\.0\.1") as caught:
        by_address("http://10.0.0.1:6443")
    assert "kubectl proxy" in caught.value.hint


def test_a_file_that_holds_no_certificate_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("ca.pem", "absent.pem"):
        with pytest.raises(UsageError, match=f"{name} holds no certificate"):
            by_address("https://127.0.0.1:1", str(tmp_path / name)).ask("GET", "/", to="ask")
