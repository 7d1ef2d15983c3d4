"""Fixtures for the suites of the ports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import isolation


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    isolation.apply(monkeypatch, isolation.environment(home, isolation.shared_cache(tmp_path_factory)))
    monkeypatch.chdir(tmp_path)
