"""Bars of small charts: the same places before and after, and shares that add up."""

from __future__ import annotations

import numpy as np
import pytest

from nbmlops.snapshot.histograms import NUMBER_BARS, REST, VALUE_BARS, bars_of_numbers, bars_of_values


def test_numbers_are_counted_in_the_same_ranges() -> None:
    before, after = np.array([0.0, 1.0, 2.0, 16.0]), np.array([8.0, 8.5])
    bars = bars_of_numbers(before, after)
    assert len(bars) == NUMBER_BARS
    assert [bar.share_before for bar in bars if bar.share_before] == [0.25, 0.25, 0.25, 0.25]
    assert [(bar.label, bar.share_after) for bar in bars if bar.share_after] == [("8 to 9", 1.0)]


def test_infinite_values_are_in_no_bar() -> None:
    bars = bars_of_numbers(np.array([0.0, 1.0, np.inf]), np.array([-np.inf, 1.0]))
    assert sum(bar.share_before for bar in bars) == pytest.approx(1.0)
    assert sum(bar.share_after for bar in bars) == pytest.approx(1.0)


@pytest.mark.parametrize("values", [[], [3.0, 3.0], [np.inf], [-1.7e308, 1.7e308]])
def test_what_has_no_width_has_no_bars(values: list[float]) -> None:
    assert bars_of_numbers(np.array(values), np.array(values)) == ()


def test_values_show_the_most_frequent_and_the_rest_in_one() -> None:
    old = {f"v{n}": 0.05 for n in range(20)}
    new = {"v3": 0.5, None: 0.5}
    bars = bars_of_values(old, new)
    assert bars[0].label == "v3"
    assert (bars[0].share_before, bars[0].share_after) == (0.05, 0.5)
    assert len(bars) == VALUE_BARS + 1
    assert bars[-1].label == REST
    assert sum(bar.share_before for bar in bars) == pytest.approx(1.0)


def test_long_values_are_cut() -> None:
    assert len(bars_of_values({"x" * 500: 1.0}, {})[0].label) == 40
