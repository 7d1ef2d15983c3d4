"""Intervals hold the true value about as often as they say, and differences are found where there are some."""

from __future__ import annotations

import numpy as np
import pytest

from nbmlops.evaluate.bootstrap import LEAST, MOST, Drawn, draw, interval, quantile, samples_for, wilson
from nbmlops.evaluate.judge import judge
from nbmlops.evaluate.metrics import Array, Classified, Regressed, measure

TIMES = 120
SURE = 0.95
COVERED = 0.86
"""Of so many times: further below 0.95 than chance goes (three standard deviations), and than few rows explain."""


def answers(rows: int, right: float, chance: np.random.Generator) -> Classified:
    truth = chance.integers(0, 2, rows)
    return Classified(truth=truth, said=np.where(chance.random(rows) < right, truth, 1 - truth), classes=2)


@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_intervals_of_errors_hold_the_true_error(metric: str) -> None:
    """Errors are exponential, and so skewed: their mean is 1, the root of their mean square is the root of 2."""
    chance = np.random.default_rng(7)
    true = {"mae": 1.0, "rmse": 2**0.5}[metric]
    held = 0
    for time in range(TIMES):
        error = chance.exponential(size=80)
        (drawn,) = draw([measure(Regressed(truth=np.zeros(80), said=error))], 80, samples=300, seed=time)
        bounds = interval(drawn[metric], SURE)
        assert bounds is not None
        held += bounds[0] <= true <= bounds[1]
    assert held / TIMES >= COVERED


def test_intervals_of_ranks_and_of_labels_hold_the_true_figure() -> None:
    chance = np.random.default_rng(8)
    held = {"f1_macro": 0, "roc_auc": 0, "accuracy": 0}
    # Scores of two normal distributions that lie one standard deviation apart, cut in the middle.
    right, area = 0.691462461, 0.760249939
    for time in range(TIMES):
        truth = np.arange(120) % 2
        score = 1 / (1 + np.exp(-(chance.normal(size=120) + truth - 0.5)))
        found = judge(
            Classified(
                truth=truth,
                said=(score > 0.5).astype(int),
                classes=2,
                probabilities=np.column_stack([1 - score, score]),
            ),
            None,
            confidence=SURE,
            samples=300,
            seed=time,
        )
        for name, true in (("f1_macro", right), ("roc_auc", area), ("accuracy", right)):
            metric = next(each for each in found.metrics if each.name == name)
            assert metric.low is not None
            assert metric.high is not None
            held[name] += metric.low <= true <= metric.high
    assert min(held.values()) / TIMES >= COVERED, held


def test_a_real_difference_is_found_and_none_is_not() -> None:
    chance = np.random.default_rng(9)
    found = {"better": 0, "same": 0}
    for time in range(60):
        one, other = answers(400, 0.9, chance), answers(400, 0.8, chance)
        same = elsewhere_wrong(one, chance)
        for name, against in (("better", as_wrong_as(other, one)), ("same", same)):
            judged = judge(one, against, confidence=SURE, samples=300, seed=time)
            least = judged.improvement("accuracy", SURE)
            assert least is not None
            found[name] += least > 0
    assert found["better"] >= 57
    # One in twenty is what the confidence allows for; sixty times, seven would be very rare.
    assert found["same"] <= 7


def as_wrong_as(other: Classified, one: Classified) -> Classified:
    """The same rows, with as many mistakes as the other makes."""
    wrong = other.said != other.truth
    return Classified(truth=one.truth, said=np.where(wrong, 1 - one.truth, one.truth), classes=2)


def elsewhere_wrong(one: Classified, chance: np.random.Generator) -> Classified:
    """The same rows, wrong as often on average, elsewhere."""
    said = np.where(chance.random(len(one.truth)) < 0.9, one.truth, 1 - one.truth)
    return Classified(truth=one.truth, said=said, classes=2)


def test_the_difference_of_a_pair_varies_less_than_either() -> None:
    """Rows that are hard are hard for both."""
    chance = np.random.default_rng(10)
    truth = chance.normal(size=200)
    noise = chance.normal(size=200)
    one, other = (Regressed(truth=truth, said=truth + noise * size) for size in (1.0, 1.05))
    judged = judge(one, other, confidence=SURE, samples=300)
    mae = next(each for each in judged.metrics if each.name == "mae")
    assert mae.low is not None
    assert mae.high is not None
    assert mae.difference_low is not None
    assert mae.difference_high is not None
    assert mae.difference_high < 0
    assert mae.difference_high - mae.difference_low < (mae.high - mae.low) / 4


def test_errors_that_are_lower_are_an_improvement() -> None:
    truth = np.arange(50.0)
    good, bad = Regressed(truth=truth, said=truth + 1), Regressed(truth=truth, said=truth + 2 + truth / 50)
    least = judge(good, bad, confidence=SURE, samples=200).improvement("mae", SURE)
    assert least is not None
    assert least > 1
    assert judge(good, None, confidence=SURE, samples=200).improvement("mae", SURE) is None


def test_the_same_seed_gives_the_same_interval_and_the_same_model_no_difference() -> None:
    one = answers(100, 0.8, np.random.default_rng(1))
    first, again = (judge(one, one, confidence=SURE, samples=200, seed=5) for _ in range(2))
    assert first.metrics == again.metrics
    accuracy = next(each for each in first.metrics if each.name == "accuracy")
    assert (accuracy.difference, accuracy.difference_low, accuracy.difference_high) == (0.0, 0.0, 0.0)
    assert first.improvement("accuracy", 0.99) == 0.0
    other = judge(one, one, confidence=SURE, samples=200, seed=6)
    assert first.metrics != other.metrics


def test_rows_without_a_mistake_do_not_make_it_certain() -> None:
    truth = np.arange(20) % 2
    found = judge(Classified(truth=truth, said=truth, classes=2), None, confidence=SURE, samples=200)
    accuracy, *others = found.metrics
    assert accuracy.low is not None
    assert 0.8 < accuracy.low < 0.9
    assert {each.value for each in found.metrics} == {1.0}
    assert {(each.low, each.high) for each in others} == {(None, None)}


def test_wilson_is_the_interval_of_the_textbook() -> None:
    low, high = wilson(8, 10, 0.95)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)


def test_samples_that_tell_nothing_have_no_interval() -> None:
    nothing = Drawn(value=0.5, samples=np.full(200, np.nan), without=np.full(20, 0.5))
    assert interval(nothing, SURE) is None
    assert quantile(Drawn(value=np.nan, samples=np.ones(200), without=np.ones(20)), 0.5) is None


def test_a_single_row_is_enough_to_be_measured() -> None:
    (drawn,) = draw([measure(Regressed(truth=np.array([1.0]), said=np.array([3.0])))], 1, samples=200)
    assert drawn["mae"].value == 2.0
    assert interval(drawn["mae"], SURE) == (2.0, 2.0)


def test_many_rows_are_drawn_less_often_and_the_work_is_told() -> None:
    assert samples_for(1000) == MOST
    assert samples_for(5_000_000) == LEAST
    told: list[int] = []

    def half(weights: Array) -> dict[str, Array]:
        assert (weights.sum(axis=1) == 30_000).all() or weights.shape[0] <= 100
        return {"half": weights.mean(axis=1) / 2}

    draw([half], 30_000, samples=200, told=told.append)
    assert told == sorted(told)
    assert told[-1] == 200
    assert len(told) > 1
