"""A column is picked, and how it has moved is shown; names are text, whatever is in them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nbmlops.doors.render.column_picker import column_picker
from nbmlops.drift.compare import compare_tables

CHANCE = np.random.default_rng(0)


def test_the_worst_column_first_and_any_other_by_a_pick() -> None:
    before = pd.DataFrame({"quiet": CHANCE.normal(size=300), "<b>loud</b>": CHANCE.normal(size=300)})
    now = pd.DataFrame({"quiet": CHANCE.normal(size=300), "<b>loud</b>": CHANCE.normal(2, size=300)})
    picker = column_picker(compare_tables(before, now))
    picked, shown = picker.children
    assert picked.options == ("<b>loud</b>", "quiet")
    assert "drifted" in shown.value
    assert "<b>loud" not in shown.value
    assert "<svg" in shown.value
    picked.value = "quiet"
    assert "stable" in shown.value
    assert "psi" in shown.value


def test_one_column_is_nothing_to_pick() -> None:
    before = pd.DataFrame({"a": CHANCE.normal(size=300)})
    assert column_picker(compare_tables(before, before)) is None
