"""What a model loses when columns are shuffled: right, told apart from nothing, and told where it cannot be found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import Ridge

from nbmlops.attribution.groups import grouped
from nbmlops.attribution.importance import Target, importances, shares, shuffles
from nbmlops.attribution.inputs import Given, Inputs
from nbmlops.errors import ExternalError
from nbmlops.evaluate.metrics import plain
from nbmlops.model.attribution import Importance
from tests.unit.attribution import models


def test_it_is_what_scikit_learn_finds() -> None:
    inputs, truth = load_diabetes(return_X_y=True, as_frame=True)
    model = Ridge(0.1).fit(inputs, truth)
    ours = importances(
        lambda rows: Given(values=model.predict(rows)[:, None]),
        Inputs(inputs),
        grouped(list(inputs.columns), ()),
        Target(truth=truth.to_numpy(), metric="r2"),
        repeats=30,
    )
    theirs = permutation_importance(model, inputs, truth, n_repeats=30, random_state=0)
    spread = dict(zip(inputs.columns, theirs.importances_std, strict=True))
    means = dict(zip(inputs.columns, theirs.importances_mean, strict=True))
    for each in ours:
        assert each.importance == pytest.approx(means[each.name], abs=4 * spread[each.name] / 30**0.5 * 2**0.5)
    assert [each.importance for each in ours] == sorted([each.importance for each in ours], reverse=True)  # type: ignore


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "brier", "roc_auc", "f1_macro"])
def test_figures_of_classes_are_those_of_an_evaluation(metric: str) -> None:
    inputs, truth = load_wine(return_X_y=True, as_frame=True)
    model = RandomForestClassifier(10, max_depth=3, random_state=0).fit(inputs, truth)
    values = model.predict_proba(inputs)
    given = Given(values=values, said=values.argmax(axis=1))
    target = Target(truth=truth.to_numpy(), metric=metric, classes=3, has_probabilities=True)
    whole = float(target.figures(given, np.ones((1, len(truth))))[0])
    if target.is_mean:
        assert float(target.finished(target.of_rows(given).mean())) == pytest.approx(whole)
    else:
        assert metric in ("roc_auc", "f1_macro")


@pytest.mark.parametrize("metric", ["mae", "rmse", "mape", "r2", "median_ae"])
def test_figures_of_values_too(metric: str) -> None:
    table = models.rows(50)
    target = Target(truth=models.truth(table), metric=metric)
    given = models.value(table)
    whole = float(target.figures(given, np.ones((1, 50)))[0])
    from nbmlops.evaluate.metrics import Regressed

    assert whole == pytest.approx(plain(Regressed(truth=target.truth, said=given.values[:, 0]))[metric])
    if target.is_mean:
        assert float(target.finished(target.of_rows(given).mean())) == pytest.approx(whole)


def found(ask: Any, table: Any, **more: Any) -> dict[str, Importance]:
    inputs = Inputs(table, models.NAMES)
    every = importances(ask, inputs, grouped(inputs.names, more.pop("together", ())), **more)
    return {each.name: each for each in every}


def test_a_column_that_is_not_used_has_no_importance_and_no_doubt() -> None:
    table = models.rows(60)
    target = Target(truth=table[:, 0], metric="rmse")
    for each in (found(models.linear, table)["c"], found(models.linear, table, target=target)["c"]):
        assert (each.importance, each.low, each.high, each.change, each.share) == (0.0, 0.0, 0.0, 0.0, 0.0)
        assert each.direction is None


def test_without_the_truth_it_is_how_far_answers_move() -> None:
    table = models.rows(4000)
    every = found(models.linear, table)
    # The mean distance of two values of a normal distribution is 2 / sqrt(pi).
    assert every["a"].importance == pytest.approx(2 * 2 / np.pi**0.5, rel=0.05)
    assert every["a"].importance == every["a"].change
    assert found(models.classes, table)["a"].importance <= 1  # type: ignore[operator]


def test_directions_are_those_of_the_formula() -> None:
    every = found(models.linear, models.rows(200))
    assert (every["a"].direction, every["b"].direction) == (pytest.approx(1, abs=0.1), pytest.approx(-1, abs=0.1))


def test_columns_of_a_group_move_as_one() -> None:
    table = models.rows(300)
    apart, together = found(models.linear, table), found(models.linear, table, together=(("a", "b"),))
    assert set(together) == {"a + b", "c"}
    assert together["a + b"].columns == ("a", "b")
    assert together["a + b"].importance != pytest.approx(apart["a"].importance)
    assert together["a + b"].direction is None


def test_all_repeats_of_a_column_are_one_question() -> None:
    asked: list[int] = []

    def ask(rows: Any) -> Given:
        asked.append(len(rows))
        return models.linear(rows)

    found(ask, models.rows(40), repeats=5)
    assert asked == [40, 200, 200, 200]


def test_what_the_model_refuses_is_told() -> None:
    def ask(rows: Any) -> Given:
        if not np.array_equal(rows[:, 1], np.tile(table[:, 1], len(rows) // 30)):
            raise ExternalError("The model failed: b is no good.", kind="model-failed")
        return models.linear(rows)

    table = models.rows(30)
    every = found(ask, table)
    assert every["b"].importance is None
    assert every["b"].why == "The model failed: b is no good."
    assert every["a"].importance
    assert list(every) == ["a", "c", "b"]
    assert shares(list(every.values())) == {"a": 1.0, "c": 0.0, "b": 0.0}


@pytest.mark.parametrize("count", [2, 3, 8])
def test_few_rows_are_enough_to_shuffle(count: int) -> None:
    every = found(models.linear, models.rows(count))
    assert every["a"].importance > 0  # type: ignore[operator]
    assert (every["a"].low is None) == (count < 8)


def test_a_constant_column_and_text_with_gaps() -> None:
    table = pd.DataFrame({"word": ["red", None, "blue", "red"] * 10, "one": 1, "x": np.arange(40.0)})
    every = {
        each.name: each
        for each in importances(
            lambda rows: Given(values=(rows["x"] + 9 * (rows["word"] == "red")).to_numpy(dtype=float)[:, None]),
            Inputs(table),
            grouped(list(table.columns), ()),
        )
    }
    assert every["one"].importance == 0
    assert every["word"].importance > 0  # type: ignore[operator]
    assert every["word"].direction is None


def test_nobody_keeps_their_own_value() -> None:
    for rows in (2, 3, 50):
        for giver in shuffles(rows, 20, 0):
            assert (giver != np.arange(rows)).all()
            assert sorted(giver) == list(range(rows))


def importance(name: str, value: float | None, change: float = 0.0, columns: tuple[str, ...] = ()) -> Importance:
    return Importance(name=name, columns=columns or (name,), importance=value, change=change)


def test_shares_add_up_to_one() -> None:
    every = [importance("a", 3.0), importance("b + c", 1.0, columns=("b", "c")), importance("d", -0.5)]
    assert shares(every) == {"a": 0.75, "b": 0.125, "c": 0.125, "d": 0.0}
    assert shares([importance("a", 0.0, 1.0), importance("b", -1.0, 3.0)]) == {"a": 0.25, "b": 0.75}
    assert shares([importance("a", None)]) == {"a": 0.0}
    assert shares([]) == {}
