"""Drift checks against the suite of their port; and one that another package brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from nbmlops import api, plugins
from nbmlops.drift.energy import EnergyDistance, distance
from nbmlops.errors import ExternalError, NotFoundError, UsageError
from nbmlops.model.drift import Measure
from nbmlops.model.profile import Kind
from nbmlops.testing.drift_check_suite import DriftCheckSuite
from tests.installed import offer


class NewNames:
    """As somebody else may write one."""

    name = "new_names"

    def takes(self, kind: Kind) -> bool:
        return kind == "category"

    def measure(self, before: Any, now: Any) -> Measure:
        known, names = pd.Series(before).value_counts(normalize=True), pd.Series(now).value_counts(normalize=True)
        moved = names.sub(known, fill_value=0).abs().sum() / 2
        return Measure(name=self.name, value=float(moved), limit=0.3)


class Broken(NewNames):
    name = "broken"

    def measure(self, before: Any, now: Any) -> Measure:
        raise RuntimeError("out of order")


class TestEnergy(DriftCheckSuite):
    make = EnergyDistance
    kind: ClassVar[Kind] = "number"


class TestNewNames(DriftCheckSuite):
    make = NewNames
    kind: ClassVar[Kind] = "category"


def test_energy_is_zero_for_the_same_and_one_for_points_apart() -> None:
    values = np.random.default_rng(0).normal(size=500)
    assert distance(values, values) == 0.0
    assert distance(np.zeros(50), np.ones(60)) == pytest.approx(1.0)
    assert 0 < distance(values, values + 0.2) < distance(values, values + 1) < 1


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    api.init()
    chance = np.random.default_rng(0)
    pd.DataFrame({"a": chance.normal(size=300), "b": ["x", "y"] * 150}).to_csv("before.csv", index=False)
    pd.DataFrame({"a": chance.normal(1.2, size=300), "b": ["x", "z"] * 150}).to_csv("now.csv", index=False)
    return tmp_path


def test_one_that_a_package_brings_is_asked_by_its_name(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = f"[{plugins.DRIFT_CHECKS}]\nnew_names = {__name__}:NewNames\nbroken = {__name__}:Broken\n"
    offer(tables / "site", monkeypatch, "checks", points)
    found = {
        each.name: each
        for each in api.drift(reference="before.csv", current="now.csv", also=["new_names", "energy"]).columns
    }
    assert "new_names" in {each.name for each in found["b"].measures}
    assert "energy" in {each.name for each in found["a"].measures}
    with pytest.raises(ExternalError, match="broken fails at column b: RuntimeError: out of order"):
        api.drift(reference="before.csv", current="now.csv", also=["broken"])


def test_a_name_that_is_unknown_and_profiles_are_refused(tables: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no drift check 'enery'"):
        api.drift(reference="before.csv", current="now.csv", also=["enery"])
    api.profile(data="before.csv", output="before.json")
    with pytest.raises(UsageError, match="need all values of two tables"):
        api.drift(reference="before.json", current="now.csv", also=["energy"])
