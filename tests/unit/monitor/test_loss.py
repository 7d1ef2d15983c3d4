"""The expected error of answers that nobody has labelled, on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from nbmlops.monitor.loss import Fit, binned, boosted, estimate_error


def rows(chance: np.random.Generator, count: int, mean: float, bias: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A model that errs more where x is large: what was asked with the answer, and how far off it was."""
    x = chance.normal(mean, 1.0, count)
    answer = 3 * x
    truth = answer + bias + chance.normal(0, 0.2 + np.exp(x / 2), count)
    return np.stack([x, answer], axis=1), answer - truth


@pytest.mark.parametrize(("fit", "trials", "least"), [(binned, 20, 16), (boosted, 6, 4)])
def test_after_a_shift_of_inputs_the_band_holds_the_true_error(fit: Fit, trials: int, least: int) -> None:
    chance = np.random.default_rng(1)
    inside = 0
    for trial in range(trials):
        (known, errors), (unknown, true) = rows(chance, 3_000, 0.0), rows(chance, 1_000, 0.7)
        found = estimate_error(known, errors, unknown, seed=trial, fit=fit)
        assert found is not None
        inside += found.low <= np.abs(true).mean() <= found.high
    # With 95 % each, fewer are a chance of less than one in a hundred.
    assert inside >= least


def test_it_is_nearer_than_the_error_of_the_labelled_rows() -> None:
    chance = np.random.default_rng(2)
    (known, errors), (unknown, true) = rows(chance, 5_000, 0.0), rows(chance, 5_000, 1.0)
    found = estimate_error(known, errors, unknown)
    assert found is not None
    actual = np.abs(true).mean()
    assert abs(found.value - actual) < 0.1 * actual
    assert abs(np.abs(errors).mean() - actual) > 0.3 * actual


def test_where_the_same_inputs_have_come_to_mean_something_else_it_is_wrong() -> None:
    """A limit that is documented: nothing but labels shows concept drift."""
    chance = np.random.default_rng(3)
    (known, errors), (unknown, true) = rows(chance, 3_000, 0.0), rows(chance, 3_000, 0.0, bias=10.0)
    found = estimate_error(known, errors, unknown)
    assert found is not None
    assert found.high < np.abs(true).mean() / 3


def test_few_labels_tell_nothing() -> None:
    chance = np.random.default_rng(4)
    known, errors = rows(chance, 199, 0.0)
    assert estimate_error(known, errors, known) is None
