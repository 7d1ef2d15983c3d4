"""Columns that move together, and what groups of them are called."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, spearmanr

from nbmlops.attribution.groups import called, correlated, grouped, rank_correlation, ranks
from nbmlops.attribution.inputs import Inputs


def test_each_of_a_group_moves_with_each_other() -> None:
    chance = np.random.default_rng(0)
    base = chance.normal(size=400)
    table = pd.DataFrame(
        {
            "base": base,
            "cube": base**3,
            "minus": -base + 0.05 * chance.normal(size=400),
            "other": chance.normal(size=400),
            "word": ["x", "y"] * 200,
            "constant": 1.0,
            "gappy": np.where(np.arange(400) % 50 == 0, np.nan, base),
        }
    )
    assert correlated(Inputs(table)) == (("base", "cube", "minus", "gappy"),)


def test_a_chain_is_no_group() -> None:
    chance = np.random.default_rng(1)
    first = chance.normal(size=1000)
    second = first + 0.35 * chance.normal(size=1000)
    third = second + 0.35 * chance.normal(size=1000)
    table = np.stack([first, second, third], axis=1)
    found = correlated(Inputs(table, ("a", "b", "c")))
    assert len(found) == 1
    assert len(found[0]) == 2


def test_a_group_stands_where_its_first_column_does() -> None:
    groups = grouped(("a", "b", "c", "d"), (("d", "b"),))
    assert [(each.name, each.columns) for each in groups] == [("a", (0,)), ("b + d", (1, 3)), ("c", (2,))]
    assert called(["a", "b", "c", "d", "e"]) == "a + b + 3 more"


def test_ranks_are_those_of_scipy() -> None:
    values = np.array([3.0, 1.0, 3.0, 2.0, -1.0])
    assert ranks(values) == pytest.approx(rankdata(values) - 1)
    other = np.array([1.0, 5.0, 2.0, 2.0, 9.0])
    assert rank_correlation(values, other) == pytest.approx(spearmanr(values, other).statistic)
    assert rank_correlation(values, np.ones(5)) is None
    assert rank_correlation(values[:3], other[:3]) is None
    assert rank_correlation(np.full(6, np.nan), np.arange(6.0)) is None
