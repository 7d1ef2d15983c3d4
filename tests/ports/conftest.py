"""Fixtures for the suites of the ports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import isolation
from tests.dask_cluster import DaskCluster
from tests.ports.torture import SECRET


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    isolation.apply(monkeypatch, isolation.environment(home, isolation.shared_cache(tmp_path_factory)))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def dask_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Two workers with two threads each."""
    variables = isolation.environment(tmp_path_factory.mktemp("home"), isolation.shared_cache(tmp_path_factory))
    variables[SECRET] = "swordfish"
    with DaskCluster(tmp_path_factory.mktemp("dask"), variables, resources="CPU=2") as cluster:
        yield cluster
