"""Engines against the suite of their port."""

from __future__ import annotations

import pytest

from nbmlops import plugins
from nbmlops.ports import Engine
from nbmlops.testing.suites import EngineSuite


class TestLocalEngine(EngineSuite):
    @pytest.fixture
    def engine(self) -> Engine:
        return plugins.load(plugins.ENGINES, "local")()
