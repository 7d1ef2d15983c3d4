"""An alarm that may be looked at after each value."""

from __future__ import annotations

import numpy as np
import pytest

from nbmlops.model.monitoring import Alarm
from nbmlops.monitor.alarm import begin, see, see_counts

ALPHA = 0.05


def raised_at(values: np.ndarray, limit: float, alpha: float = ALPHA) -> int | None:
    """After how many values, looked at after each."""
    alarm = see(begin(limit), values, alpha=alpha)
    if not alarm.is_raised:
        return None
    low, high = 1, len(values)
    while low < high:
        middle = (low + high) // 2
        if see(begin(limit), values[:middle], alpha=alpha).is_raised:
            high = middle
        else:
            low = middle + 1
    return low


@pytest.mark.parametrize("limit", [0.01, 0.1, 0.5])
def test_of_a_thousand_streams_at_the_limit_no_more_than_alpha_raise_it(limit: float) -> None:
    chance = np.random.default_rng(7)
    false = sum(see(begin(limit), chance.random(800) < limit, alpha=ALPHA).is_raised for _ in range(1000))
    assert false <= 1000 * ALPHA


def test_neither_do_values_between_nought_and_one() -> None:
    chance = np.random.default_rng(8)
    false = sum(see(begin(0.3), chance.beta(3, 7, 500), alpha=ALPHA).is_raised for _ in range(1000))
    assert false <= 1000 * ALPHA


def test_nor_counts_that_come_together() -> None:
    chance = np.random.default_rng(9)
    false = 0
    for _ in range(1000):
        alarm = begin(0.02)
        for count in chance.poisson(50, 40):
            ones = int(chance.binomial(count, 0.02))
            alarm = see_counts(alarm, ones, int(count) - ones, alpha=ALPHA)
        false += alarm.is_raised
    assert false <= 1000 * ALPHA


def test_a_real_shift_is_found_early_and_late() -> None:
    chance = np.random.default_rng(10)
    for quiet in (0, 3_000):
        found = []
        for _ in range(40):
            values = np.r_[chance.random(quiet) < 0.06, chance.random(1_000) < 0.3]
            at = raised_at(values, 0.1)
            found.append(np.inf if at is None else at - quiet)
        assert np.isfinite(found).all()
        assert np.median(found) < 200


def test_looking_often_and_once_come_to_the_same() -> None:
    values = np.random.default_rng(11).random(300) < 0.15
    once = see(begin(0.1), values)
    often = begin(0.1)
    for start in range(0, 300, 7):
        often = see(often, values[start : start + 7])
    assert often.seen == once.seen
    assert often.wealth == pytest.approx(once.wealth)
    assert often.is_raised == once.is_raised


def test_it_stays_raised_and_nothing_changes_without_values() -> None:
    alarm = see(begin(0.1), np.ones(50))
    assert alarm.is_raised
    assert see(alarm, np.zeros(10_000)).is_raised
    assert see(alarm, np.empty(0)) is alarm
    assert see_counts(alarm, 0, 0) is alarm


def test_any_failure_is_above_a_limit_of_nothing() -> None:
    assert see(begin(0.0), np.array([0.0, 0.0, 1.0])).is_raised
    assert not see(begin(0.0), np.zeros(1000)).is_raised


def test_a_limit_that_nothing_can_exceed_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be exceeded"):
        begin(1.0)


def test_what_is_kept_is_a_few_numbers() -> None:
    import msgspec

    alarm = see(begin(0.1), np.zeros(100_000))
    data = msgspec.json.encode(alarm)
    assert len(data) < 400
    assert msgspec.json.decode(data, type=Alarm) == alarm
