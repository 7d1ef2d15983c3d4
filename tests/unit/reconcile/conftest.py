"""A remote of its own for each test, copied from one that is made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.reconcile.remotes import Remote


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Remote(tmp_path_factory.mktemp("remote")).folder


@pytest.fixture
def remote(template: Path, tmp_path: Path) -> Remote:
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return Remote(tmp_path)
