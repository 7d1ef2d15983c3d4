"""What every drift check has to do. A check proves itself by inheriting this suite:

class TestEnergy(DriftCheckSuite):
    make = EnergyDistance
    kind = "number"
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from typing import Any, ClassVar, get_args

import numpy as np
import pandas as pd
import pytest

from nbmlops.drift.compare import compare_tables
from nbmlops.model.drift import Verdict
from nbmlops.model.profile import Kind
from nbmlops.ports import DriftCheck

ROWS = 400


class DriftCheckSuite(ABC):
    make: ClassVar[Callable[[], DriftCheck]]
    kind: ClassVar[Kind]
    """Of columns that it takes: number, datetime, category or text."""

    @pytest.fixture
    def check(self) -> DriftCheck:
        return type(self).make()

    def values(self, seed: int, *, has_moved: bool = False) -> Any:
        """As the check is given them."""
        chance = np.random.default_rng(seed)
        if self.kind in ("number", "datetime"):
            return chance.normal(3.0 if has_moved else 0.0, 1.0, ROWS) * (86_400 if self.kind == "datetime" else 1)
        names = [f"name{number}" for number in range(6)]
        weights = np.arange(1, 7) ** (-2.0 if has_moved else 2.0)
        drawn = chance.choice(names, (ROWS, 5), p=weights / weights.sum())
        return [" ".join(row) if self.kind == "text" else str(row[0]) for row in drawn]

    def test_it_has_a_name_and_takes_a_kind(self, check: DriftCheck) -> None:
        assert check.name.isidentifier()
        assert check.takes(self.kind)
        assert all(isinstance(check.takes(kind), bool) for kind in get_args(Kind))

    def test_what_has_moved_measures_more_than_what_has_not(self, check: DriftCheck) -> None:
        alike = check.measure(self.values(0), self.values(1))
        moved = check.measure(self.values(0), self.values(1, has_moved=True))
        assert alike is not None
        assert moved is not None
        assert moved.value > alike.value
        if alike.limit is not None:
            assert alike.value < alike.limit
        if moved.limit is not None:
            assert moved.value >= moved.limit

    def test_it_changes_nothing_and_says_the_same_again(self, check: DriftCheck) -> None:
        before, now = self.values(0), self.values(1)
        first = check.measure(before, now)
        assert check.measure(before, now) == first
        assert list(before) == list(self.values(0))
        assert list(now) == list(self.values(1))

    def test_one_value_and_one_value_only_are_measured_too(self, check: DriftCheck) -> None:
        for each in (self.values(0)[:1], self.values(0)[:1].repeat(50) if self.kind == "number" else ["a"] * 50):
            found = check.measure(each, each)
            assert found is None or np.isfinite(found.value)

    def test_a_column_drifts_by_it(self, check: DriftCheck) -> None:
        moved = check.measure(self.values(0), self.values(1, has_moved=True))
        if moved is None or moved.limit is None or self.kind == "datetime":
            pytest.skip("it decides nothing")
        before, now = pd.DataFrame({"a": self.values(0)}), pd.DataFrame({"a": self.values(1, has_moved=True)})
        (column,) = compare_tables(before, now, checks=[check]).columns
        assert column.verdict is Verdict.DRIFTED
        assert check.name in {each.name for each in column.measures}
