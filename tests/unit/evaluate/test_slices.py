"""Parts of a table, and which of them are worse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbmlops.evaluate.metrics import Classified, Regressed
from nbmlops.evaluate.slices import loss_bound, measured, parts


def table(rows: int = 400) -> Any:
    chance = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "age": chance.uniform(20, 80, rows),
            "colour": np.where(np.arange(rows) % 4 == 0, "red", "blue"),
            "doors": np.arange(rows) % 3,
            "id": [f"n{each}" for each in range(rows)],
            "same": 1.0,
            "gaps": np.where(np.arange(rows) % 2, np.nan, 1.0),
        }
    )


def test_values_quarters_and_gaps_become_parts() -> None:
    made = table()
    found = parts(made, list(made.columns))
    values = {(each.column, each.value): len(each.rows) for each in found}
    assert values["colour", "red"] == 100
    assert values["colour", "blue"] == 300
    assert [values["doors", name] for name in ("0", "1", "2")] == [134, 133, 133]
    assert values["gaps", "missing"] == 200
    assert values["gaps", "1"] == 200
    ages = [each for each in found if each.column == "age"]
    assert [len(each.rows) for each in ages] == [100] * 4
    assert sorted(np.concatenate([each.rows for each in ages]).tolist()) == list(range(400))
    assert {each.column for each in found} == {"age", "colour", "doors", "gaps"}


def test_parts_of_few_rows_and_all_rows_are_left_out() -> None:
    made = table(100)
    assert not [each for each in parts(made, ["doors"], min_rows=35)]
    assert len(parts(made, ["doors"], min_rows=33)) == 3
    assert not parts(made, ["same"])


def test_a_column_that_is_named_is_cut_by_its_most_frequent_values() -> None:
    made = pd.DataFrame({"town": ["a"] * 50 + ["b"] * 40 + [f"t{each}" for each in range(60)]})
    assert not parts(made, ["town"])
    assert [each.value for each in parts(made, ["town"], is_named=True)] == ["a", "b"]


def test_numbers_that_differ_only_far_behind_stay_apart() -> None:
    made = pd.DataFrame({"x": [0.1234567] * 50 + [0.1234568] * 50, "y": [0.05068011873981862] * 50 + [2.0] * 50})
    found = parts(made, ["x", "y"])
    assert [each.value for each in found] == ["0.1234567", "0.1234568", "0.0506801", "2"]


def test_a_column_of_lists_has_no_parts() -> None:
    assert not parts(pd.DataFrame({"many": [[1], [2]] * 50}), ["many"])


def test_the_worst_slice_comes_first() -> None:
    made = table()
    truth = np.arange(400) % 2
    # Right everywhere but for the red ones, half of which are wrong.
    said = np.where((made["colour"] == "red") & (np.arange(400) % 8 == 0), 1 - truth, truth)
    one = Classified(truth=truth, said=said, classes=2)
    found = measured(parts(made, ["age", "colour"]), one, None, "accuracy", confidence=0.95)
    assert (found[0].column, found[0].value, found[0].score) == ("colour", "red", 0.5)
    assert found[0].gap == pytest.approx(0.875 - 0.5)
    assert found[0].low is not None
    assert found[0].low < 0.5
    assert found[-1].value == "blue"
    assert found[-1].gap == pytest.approx(-0.125)


def test_slices_that_lose_come_first_whichever_way_the_metric_counts() -> None:
    made = table()
    truth = made["age"].to_numpy()
    red = (made["colour"] == "red").to_numpy()
    champion = Regressed(truth=truth, said=truth + 3)
    challenger = Regressed(truth=truth, said=truth + np.where(red, 5, 1))
    cut = parts(made, ["colour"])
    found = measured(cut, challenger, champion, "mae", confidence=0.95)
    assert [(each.value, each.loss) for each in found] == [("red", pytest.approx(2)), ("blue", pytest.approx(-2))]
    part = next(each for each in cut if each.value == "red")
    assert loss_bound(part, challenger, champion, "mae", confidence=0.95) == pytest.approx(2)
    assert loss_bound(part, champion, challenger, "mae", confidence=0.95) == pytest.approx(-2)


def test_a_metric_that_a_slice_does_not_tell_is_none() -> None:
    truth = np.r_[np.zeros(50, int), np.arange(50) % 2]
    probabilities = np.column_stack([np.linspace(0, 1, 100), np.linspace(1, 0, 100)])
    one = Classified(truth=truth, said=truth, classes=2, probabilities=probabilities)
    made = pd.DataFrame({"half": ["first"] * 50 + ["second"] * 50})
    found = measured(parts(made, ["half"]), one, None, "roc_auc", confidence=0.95)
    assert [(each.value, each.score is None) for each in found] == [("second", False), ("first", True)]
