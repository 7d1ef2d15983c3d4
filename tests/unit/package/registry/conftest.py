"""A registry that fails on demand, a layout, and nobody's logins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.package.layout import Layout
from nbmlops.package.registry import patience
from nbmlops.package.registry.client import Registry
from tests.unit.package.registry import faulty as server


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "KITOPS_HOME", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setattr(patience, "FIRST_SECONDS", 0.005)


@pytest.fixture
def faulty() -> Iterator[server.Faulty]:
    with server.serving() as made:
        yield made


@pytest.fixture
def registry(faulty: server.Faulty) -> Iterator[Registry]:
    with Registry(faulty.host) as made:
        yield made


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")
