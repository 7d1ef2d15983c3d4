"""Engines against the suite of their port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbmlops import plugins
from nbmlops.pipeline.engines.dask import DaskEngine
from nbmlops.pipeline.engines.local import LocalEngine
from nbmlops.pipeline.warm.client import is_possible
from nbmlops.ports import Engine
from nbmlops.testing.suites import EngineSuite
from tests.dask_cluster import DaskCluster


class TestLocalEngine(EngineSuite):
    @pytest.fixture(scope="class")
    def engine(self) -> Iterator[Engine]:
        engine = plugins.load(plugins.ENGINES, "local")()
        yield engine
        engine.close()


@pytest.mark.slow
@pytest.mark.skipif(not is_possible(), reason="this system starts every step cold: TestLocalEngine has seen it")
class TestColdLocalEngine(EngineSuite):
    """As on systems where nothing can be forked warm."""

    @pytest.fixture
    def engine(self) -> Engine:
        return LocalEngine(is_warm=False)


class TestDaskEngine(EngineSuite):
    """The cluster that it starts by itself."""

    @pytest.fixture(scope="class")
    def engine(self) -> Iterator[Engine]:
        engine = plugins.load(plugins.ENGINES, "dask")()
        yield engine
        engine.close()


@pytest.mark.slow
class TestDaskEngineWithWorkersOfTheirOwn(EngineSuite):
    """Scheduler and workers are processes that somebody else has started."""

    @pytest.fixture(scope="class")
    def engine(self, dask_cluster: DaskCluster) -> Iterator[Engine]:
        engine = DaskEngine(address=dask_cluster.address)
        yield engine
        engine.close()
