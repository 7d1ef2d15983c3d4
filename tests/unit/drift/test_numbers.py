"""Measures of numbers: those of scipy where all values are there, near them from profiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.spatial.distance import jensenshannon

from nbmlops.drift.numbers import Cumulative, chi2_of, chi2_p_value, exact, ks_p_value, of_counts, of_profiles
from nbmlops.model.profile import Numbers
from nbmlops.profile.sketch import NumberSketch

CHANCE = np.random.default_rng(8)
SAMPLES = {
    "alike": (CHANCE.normal(size=5000), CHANCE.normal(size=4000)),
    "moved": (CHANCE.normal(size=5000), CHANCE.normal(0.7, 1, size=3000)),
    "spread": (CHANCE.normal(size=5000), CHANCE.normal(0, 2, size=3000)),
    "skewed": (CHANCE.lognormal(size=4000), CHANCE.lognormal(0.3, 1.2, size=4000)),
    "whole numbers": (CHANCE.integers(0, 9, 5000).astype(float), CHANCE.binomial(9, 0.4, 3000).astype(float)),
    "mostly one": (np.where(CHANCE.random(4000) < 0.9, 0.0, 1.5), np.where(CHANCE.random(4000) < 0.7, 0.0, 1.5)),
    "constant": (np.full(300, 2.0), np.full(200, 3.0)),
    "apart": (CHANCE.random(1000), 5 + CHANCE.random(1000)),
}


def profiled(values: np.ndarray) -> Numbers:
    sketch = NumberSketch()
    sketch.add(values)
    return sketch.numbers()


@pytest.mark.parametrize("name", SAMPLES)
def test_they_are_those_of_scipy(name: str) -> None:
    before, now = SAMPLES[name]
    found = exact(before, now)
    assert found.ks == pytest.approx(stats.ks_2samp(before, now).statistic, abs=1e-9)
    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(before, now), rel=1e-9, abs=1e-12)
    edges = np.unique(np.quantile(before, np.arange(0.1, 1, 0.1), method="higher"))
    counts = [np.histogram(side, [-np.inf, *np.nextafter(edges, np.inf), np.inf])[0] for side in (before, now)]
    assert found.js == pytest.approx(jensenshannon(*counts, base=2), rel=1e-4, abs=1e-9)


@given(
    arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6)),
    arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6)),
)
def test_of_any_values(before: np.ndarray, now: np.ndarray) -> None:
    found = exact(before, now)
    far = max(abs((before <= value).mean() - (now <= value).mean()) for value in (*before, *now))
    assert found.ks == pytest.approx(far, abs=1e-9)
    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(before, now), rel=1e-6, abs=1e-6)
    assert found.psi >= 0
    assert 0 <= found.js <= 1


@pytest.mark.parametrize("name", SAMPLES)
def test_profiles_give_nearly_the_same(name: str) -> None:
    before, now = SAMPLES[name]
    full, short = exact(before, now), of_profiles(profiled(before), profiled(now))
    assert short.ks == pytest.approx(full.ks, abs=0.02)
    assert short.psi == pytest.approx(full.psi, rel=0.1, abs=0.02)
    assert short.js == pytest.approx(full.js, abs=0.02)
    assert short.wasserstein == pytest.approx(full.wasserstein, rel=0.02, abs=0.02 * before.std())


def test_the_share_below_and_up_to_a_value() -> None:
    cumulative = Cumulative(profiled(np.repeat([0.0, 1.0, 2.0], [50, 25, 25])))
    at = np.array([-1.0, 0.0, 1.0, 1.5, 2.0, 3.0])
    assert cumulative.upto(at) == pytest.approx([0, 0.5, 0.75, 0.75, 1, 1], abs=0.01)
    assert cumulative.below(at) == pytest.approx([0, 0, 0.5, 0.75, 0.75, 1], abs=0.01)


def test_chance_is_as_scipy_says() -> None:
    counts = np.array([[30, 20, 50], [45, 15, 60]])
    expected = stats.chi2_contingency(counts, correction=False)
    chi2, freedom = chi2_of(*counts)
    assert (chi2, freedom) == (pytest.approx(expected.statistic), expected.dof)
    assert chi2_p_value(chi2, freedom) == pytest.approx(expected.pvalue)
    before, now = SAMPLES["moved"][0][:800], SAMPLES["alike"][0][:700]
    found = stats.ks_2samp(before, now, method="asymp")
    assert ks_p_value(float(found.statistic), (800, 700)) == pytest.approx(found.pvalue, abs=0.05)


def test_nothing_on_one_side_is_no_difference() -> None:
    assert of_counts(np.array([0, 0]), np.array([1, 2])) == (0.0, 0.0)
    assert chi2_of(np.array([0, 0]), np.array([1, 2])) == (0.0, 0)
