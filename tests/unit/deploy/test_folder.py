"""What is kept of a deployment."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import pytest

from nbmlops.deploy.folder import DeploymentFolder


def test_the_folder_of_sockets_is_the_users_own_from_the_first_time_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = DeploymentFolder(tmp_path / "wine").sockets()
    assert [stat.S_IMODE(each.stat().st_mode) for each in (found.parent, found)] == [0o700, 0o700]
    assert DeploymentFolder(tmp_path / "wine").sockets() == found
