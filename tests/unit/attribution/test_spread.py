"""Intervals of importances hold what is true about as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as students

from nbmlops.attribution.groups import grouped
from nbmlops.attribution.importance import Target, importances
from nbmlops.attribution.spread import interval, student
from tests.unit.attribution import models


@pytest.mark.parametrize(("metric", "rows"), [("mae", 100), ("accuracy", 100), ("r2", 100), ("change", 60)])
def test_about_95_of_100_intervals_hold_the_true_importance(metric: str, rows: int) -> None:
    groups = grouped(models.NAMES, ())

    def found(count: int, seed: int, repeats: int) -> dict[str, tuple[float, float | None, float | None]]:
        table = models.rows(count, seed)
        true = models.truth(table, seed)
        ask, target = models.value, Target(truth=true, metric=metric)
        if metric == "accuracy":
            ask = models.classes
            target = Target(truth=(true > 0).astype(int), metric=metric, classes=2, has_probabilities=True)
        every = importances(
            ask,
            models.inputs(table),
            groups,
            None if metric == "change" else target,
            repeats=repeats,
            seed=seed,
        )
        return {each.name: (each.importance or 0.0, each.low, each.high) for each in every}

    true = {name: each[0] for name, each in found(100_000, 1, 1).items()}
    tries = [found(rows, seed, 10) for seed in range(150)]
    for name in models.NAMES:
        held = [low <= true[name] <= high for each in tries for _, low, high in [each[name]] if low is not None]
        assert len(held) > 140
        assert 0.88 <= np.mean(held) <= 1.0, name
    assert np.mean([each["a"][2] - each["a"][1] for each in tries]) < 2 * true["a"]  # type: ignore[operator]


def test_quantiles_are_those_of_student() -> None:
    for freedom in (3, 5, 9, 24, 99):
        for share in (0.75, 0.95, 0.975):
            assert student(share, freedom) == pytest.approx(students.ppf(share, freedom), rel=0.02)


def test_without_enough_rows_or_figures_there_is_no_interval() -> None:
    assert interval(np.ones((7, 3)), 0.95) is None
    figures = np.ones((26, 3))
    assert interval(figures, 0.95) == (1.0, 1.0)
    figures[4, 1] = np.nan
    assert interval(figures, 0.95) is None


def test_one_repeat_is_enough_for_one() -> None:
    figures = np.random.default_rng(0).normal(size=(26, 1))
    low, high = interval(figures, 0.9) or (0.0, 0.0)
    assert low < figures[0, 0] < high
