"""What is compiled gives what scikit-learn gives, or leaves the rows to it."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import ensemble, impute, linear_model, pipeline, preprocessing, svm, tree

from nbmlops.serve import estimator as estimators
from nbmlops.serve.compiled.pipeline import Compiled, compiled
from nbmlops.serve.estimator import estimator_of
from nbmlops.serve.model import load_model
from nbmlops.serve.rows import Columns, columns_of
from nbmlops.serve.signature import Signature, Tensor

pytestmark = pytest.mark.filterwarnings("ignore")
WIDTH = 3
STEPS: dict[str, Any] = {
    "standard": preprocessing.StandardScaler,
    "centred": lambda: preprocessing.StandardScaler(with_std=False),
    "scaled": lambda: preprocessing.StandardScaler(with_mean=False),
    "robust": preprocessing.RobustScaler,
    "minmax": preprocessing.MinMaxScaler,
    "clipped": lambda: preprocessing.MinMaxScaler(feature_range=(-1, 2), clip=True),
    "largest": preprocessing.MaxAbsScaler,
    "mean": impute.SimpleImputer,
    "zero": lambda: impute.SimpleImputer(missing_values=0.0, strategy="median"),
    "passed": lambda: "passthrough",
}
NUMBERS: dict[str, Any] = {
    "least squares": linear_model.LinearRegression,
    "ridge": linear_model.Ridge,
    "lasso": lambda: linear_model.Lasso(alpha=0.01),
    "elastic": lambda: linear_model.ElasticNet(alpha=0.01, fit_intercept=False),
    "tree": lambda: tree.DecisionTreeRegressor(random_state=0),
    "forest": lambda: ensemble.RandomForestRegressor(5, random_state=0),
    "extra": lambda: ensemble.ExtraTreesRegressor(5, random_state=0),
    "hist": lambda: ensemble.HistGradientBoostingRegressor(max_iter=5),
}
LABELS: dict[str, Any] = {
    "logistic": linear_model.LogisticRegression,
    "margin": svm.LinearSVC,
    "tree class": lambda: tree.DecisionTreeClassifier(max_depth=4, random_state=0),
    "forest class": lambda: ensemble.RandomForestClassifier(5, max_depth=3, random_state=0),
    "hist class": lambda: ensemble.HistGradientBoostingClassifier(max_iter=5),
}
TARGETS = ("numbers", "two", "three", "texts", "flags")
VALUES = st.one_of(
    st.floats(-10, 10),
    st.floats(width=32),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf, 1e38, 3.5e38, 1e100, 1e155, 1e300, -1e308, 5e-324]),
)


def table(seed: int) -> Any:
    chance = np.random.default_rng(seed)
    return chance.normal(size=(80, WIDTH)) * (1.0, 100.0, 0.01) + (0.0, 1e4, 5.0)


def target(x: Any, kind: str) -> Any:
    number = x[:, 0] * 2 + x[:, 1] / 100 + x[:, 2]
    order = (number > np.median(number)).astype(int) + (number > np.quantile(number, 0.8))
    return {
        "numbers": number,
        "two": order > 0,
        "three": order,
        "texts": np.array(["red", "rosé", "white"])[order],
        "flags": order == 2,
    }[kind]


@cache
def fitted(steps: tuple[str, ...], model: str, kind: str, seed: int) -> Any:
    x = table(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        last = (NUMBERS | LABELS)[model]()
        whole = pipeline.make_pipeline(*(STEPS[each]() for each in steps), last) if steps else last
        return whole.fit(x, target(x, kind))


@cache
def quick_of(*asked: Any) -> Compiled:
    found = compiled(fitted(*asked))
    assert found is not None, asked
    return found


@st.composite
def asked_for(draw: Any) -> tuple[Any, ...]:
    steps = tuple(draw(st.lists(st.sampled_from(sorted(STEPS)), max_size=3)))
    if draw(st.booleans()):
        return steps, draw(st.sampled_from(sorted(NUMBERS))), "numbers", draw(st.integers(0, 1))
    return steps, draw(st.sampled_from(sorted(LABELS))), draw(st.sampled_from(TARGETS[1:])), draw(st.integers(0, 1))


def agree(model: Any, quick: Compiled, rows: Any) -> bool:
    """Whether it has answered at all."""
    before = rows.copy()
    found = quick(rows)
    np.testing.assert_array_equal(rows, before)
    try:
        expected = model.predict(rows)
    except ValueError:
        assert found is None
        return False
    if found is None:
        return False
    assert type(found) is type(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if expected.dtype.kind == "f":
        largest = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * largest)
    else:
        np.testing.assert_array_equal(found, expected)
    return True


@settings(max_examples=200, deadline=None)
@given(asked_for(), st.data())
def test_it_is_what_scikit_learn_gives_or_nothing(asked: tuple[Any, ...], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 4))
    values = data.draw(st.lists(VALUES, min_size=count * WIDTH, max_size=count * WIDTH))
    agree(fitted(*asked), quick_of(*asked), np.array(values, dtype=float).reshape(count, WIDTH))


@settings(max_examples=100, deadline=None)
@given(asked_for(), st.integers(0, 2**32 - 1), st.integers(1, 40), st.booleans())
def test_rows_like_those_it_was_fitted_with_are_answered(
    asked: tuple[Any, ...], seed: int, count: int, by_columns: bool
) -> None:
    rows = table(seed)[:count]
    rows = np.asfortranarray(rows) if by_columns else rows
    assert agree(fitted(*asked), quick_of(*asked), rows)


@pytest.mark.parametrize("model", ["tree", "forest", "extra", "hist", "tree class", "forest class", "hist class"])
@pytest.mark.parametrize("steps", [(), ("standard",)])
def test_borders_of_trees(model: str, steps: tuple[str, ...]) -> None:
    asked = (steps, model, "numbers" if model in NUMBERS else "three", 0)
    probes = quick_of(*asked).probes()
    assert all(agree(fitted(*asked), quick_of(*asked), probes[at : at + 1]) for at in range(len(probes)))


class Own(linear_model.LinearRegression):
    def predict(self, X: Any) -> Any:
        return super().predict(X) + 1


def refused() -> dict[str, Any]:
    x = table(0)
    y = target(x, "numbers")
    own = linear_model.LinearRegression().fit(x, y)
    own.predict = lambda rows: np.zeros(len(rows))
    exchanged = preprocessing.StandardScaler().fit(x)
    exchanged.transform = lambda rows: rows
    single = linear_model.LinearRegression().fit(x, y)
    single.coef_ = single.coef_.astype(np.float32)
    gap = linear_model.LinearRegression().fit(x, y)
    gap.coef_ = gap.coef_ * np.nan
    short = linear_model.LinearRegression().fit(x, y)
    short.coef_ = short.coef_[:1]
    sparse = linear_model.LogisticRegression().fit(x, y > np.median(y)).sparsify()
    gaps = np.where(np.arange(WIDTH) == 1, np.nan, x)
    make = pipeline.make_pipeline
    whole = np.abs(np.round(x))
    return {
        "subclass": Own().fit(x, y),
        "own method": own,
        "own method of a step": pipeline.Pipeline([("a", exchanged), ("b", linear_model.Ridge().fit(x, y))]),
        "other step": make(preprocessing.PolynomialFeatures(), linear_model.Ridge()).fit(x, y),
        "indicator": make(impute.SimpleImputer(add_indicator=True), linear_model.Ridge()).fit(x, y),
        "column left out": make(impute.SimpleImputer(), linear_model.Ridge()).fit(gaps, y),
        "other numbers": single,
        "no number": gap,
        "too short": short,
        "sparse": sparse,
        "two outputs": tree.DecisionTreeRegressor().fit(x, np.column_stack([y, y])),
        "categories": ensemble.HistGradientBoostingRegressor(max_iter=2, categorical_features=[0]).fit(whole % 7, y),
        "other link": ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=2).fit(x, np.abs(y)),
        "other model": svm.SVR().fit(x, y),
        "not fitted": linear_model.Ridge(),
        "nothing": None,
        "function": len,
        "many steps": make(*(preprocessing.StandardScaler() for _ in range(5)), linear_model.Ridge()).fit(x, y),
        "huge scale": make(preprocessing.MaxAbsScaler(), linear_model.Ridge()).fit(x * 1e40, y),
    }


def test_what_is_not_known_to_the_last_part_is_left_as_it_is() -> None:
    assert [kind for kind, model in refused().items() if compiled(model) is not None] == []


def test_other_numbers_and_other_shapes_are_left_to_scikit_learn() -> None:
    quick = quick_of(("standard",), "ridge", "numbers", 0)
    rows = table(0)
    for other in (rows.astype(np.float32), rows.astype(int), rows[0], rows[:, :2], rows[:0], rows.astype(">f8")):
        assert quick(other) is None
    forest = quick_of((), "forest", "numbers", 0)
    assert forest(np.zeros((4096, WIDTH))) is None


def columns() -> Columns:
    inputs = tuple(Tensor(name=f"c{n}", datatype="FP64", shape=(-1,)) for n in range(WIDTH))
    found = columns_of(Signature(inputs=inputs, has_columns=True))
    assert found is not None
    return found


def test_what_answers_otherwise_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = fitted(("standard",), "ridge", "numbers", 0)
    right = estimator_of(model.predict, columns(), tmp_path)
    assert right is not None
    assert right.quick is not None
    other = quick_of(("standard",), "lasso", "numbers", 0)
    monkeypatch.setattr(estimators, "compiled", lambda estimator: other)
    found = estimator_of(model.predict, columns(), tmp_path)
    assert found is not None
    assert found.quick is None
    rows = table(1)
    np.testing.assert_array_equal(found.score(rows), model.predict(rows))
    with pytest.raises(ValueError, match="NaN"):
        right.score(rows * np.nan)


def test_other_methods_than_predict_are_not_compiled(tmp_path: Path) -> None:
    model = fitted(("standard",), "logistic", "two", 0)
    found = estimator_of(model.predict_proba, columns(), tmp_path)
    assert found is not None
    assert found.quick is None


def test_a_model_is_compiled_when_it_is_loaded(tmp_path: Path) -> None:
    x = pd.DataFrame(table(0), columns=["a", "b", "c"])
    model = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge()).fit(
        x, target(x.to_numpy(), "numbers")
    )
    signature = mlflow.models.infer_signature(x, model.predict(x))
    mlflow.sklearn.save_model(model, str(tmp_path / "m"), signature=signature, pip_requirements=["scikit-learn"])
    found = load_model(tmp_path / "m", "m").estimator
    assert found is not None
    assert found.quick is not None
    np.testing.assert_array_equal(found.score(x.to_numpy()), model.predict(x))
