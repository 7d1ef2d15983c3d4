"""What columns add to one answer: Shapley values that add up, exact or sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbmlops.attribution.contributions import background_of, contributions
from nbmlops.attribution.groups import grouped
from nbmlops.attribution.inputs import Given, Inputs
from nbmlops.errors import ExternalError
from tests.unit.attribution import models

WIDE = tuple(f"x{number}" for number in range(15))


def wide(rows: Any) -> Given:
    """Sums, and products of neighbours."""
    found = np.asarray(rows, dtype=float)
    value = found @ np.arange(15.0) + 3 * found[:, 0] * found[:, 1] - 2 * found[:, 3] * found[:, 4] * found[:, 5]
    share = 1 / (1 + np.exp(-value / 20))
    return Given(values=np.stack([1 - share, share], axis=1))


def test_of_a_sum_they_are_known_by_hand() -> None:
    table = models.rows(50)
    background = np.arange(10, 40)
    found = contributions(models.linear, models.inputs(table), grouped(models.NAMES, ()), 3, background)
    away = table[3] - table[background].mean(axis=0)
    assert found.amounts[:, 0] == pytest.approx([2 * away[0], -3 * away[1], 0.0])
    assert found.base[0] == pytest.approx(models.linear(table[background]).values.mean())
    assert found.errors is None


@pytest.mark.parametrize("row", [0, 7])
def test_exact_ones_add_up_to_the_answer(row: int) -> None:
    table = models.rows(40)
    found = contributions(models.classes, models.inputs(table), grouped(models.NAMES, ()), row, np.arange(40))
    answer = models.classes(table[row : row + 1]).values[0]
    assert found.base + found.amounts.sum(axis=0) == pytest.approx(answer, abs=1e-12)
    assert found.answer == pytest.approx(answer)


def test_sampled_ones_add_up_too_and_are_near_the_exact_ones() -> None:
    table = np.random.default_rng(5).normal(size=(60, 15))
    inputs = Inputs(table, WIDE)
    background = np.arange(20, 50)
    found = contributions(wide, inputs, grouped(WIDE, ()), 2, background)
    answer = wide(table[2:3]).values[0]
    assert found.base == pytest.approx(wide(table[background]).values.mean(axis=0))
    assert found.base + found.amounts.sum(axis=0) == pytest.approx(answer, abs=1e-12)
    assert found.errors is not None
    pairs = [(name, other) for name, other in zip(WIDE[9:11], WIDE[11:13], strict=True)]
    exact = contributions(wide, inputs, grouped(WIDE, [*pairs, WIDE[13:]]), 2, background)
    assert exact.errors is None
    alone = exact.amounts[:9, 1]
    assert np.abs(found.amounts[:9, 1] - alone).max() < 5 * found.errors[:9, 1].max() + 0.01


def test_the_same_seed_gives_the_same() -> None:
    inputs = Inputs(np.random.default_rng(5).normal(size=(60, 15)), WIDE)
    one, same, other = (
        contributions(wide, inputs, grouped(WIDE, ()), 2, np.arange(30), seed=seed).amounts for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert (one != other).any()


def test_groups_are_one_player() -> None:
    table = models.rows(30)
    groups = grouped(models.NAMES, (("a", "b"),))
    found = contributions(models.value, models.inputs(table), groups, 1, np.arange(30))
    assert found.amounts.shape == (2, 1)
    assert found.base[0] + found.amounts.sum() == pytest.approx(models.value(table[1:2]).values[0, 0])


def test_text_gaps_and_one_column() -> None:
    table = pd.DataFrame({"word": ["red", None, "blue", "red"]})

    def ask(rows: Any) -> Given:
        return Given(values=(rows["word"] == "red").to_numpy(dtype=float)[:, None])

    found = contributions(ask, Inputs(table), grouped(("word",), ()), 1, np.arange(4))
    assert (found.base[0], found.amounts[0, 0]) == (0.5, -0.5)


def test_a_model_that_refuses_says_so() -> None:
    def ask(rows: Any) -> Given:
        raise ExternalError("The model failed.", kind="model-failed")

    with pytest.raises(ExternalError):
        contributions(ask, models.inputs(models.rows(5)), grouped(models.NAMES, ()), 0, np.arange(5))


def test_the_background_is_a_sample_in_order() -> None:
    assert background_of(5, 100, 0).tolist() == [0, 1, 2, 3, 4]
    chosen = background_of(1000, 100, 0)
    assert len(set(chosen)) == 100
    assert (np.diff(chosen) > 0).all()
    assert chosen.tolist() == background_of(1000, 100, 0).tolist()
