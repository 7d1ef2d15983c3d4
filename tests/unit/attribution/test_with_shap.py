"""SHAP's explainers: trees and lines from inside, everything else by asking; what they say adds up to the answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier, XGBRegressor

from nbmlops.attribution import with_shap
from nbmlops.attribution.contributions import contributions
from nbmlops.attribution.groups import grouped
from nbmlops.attribution.inputs import Given, Inputs
from nbmlops.errors import MissingDependencyError

# The import compiles for seconds.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
NAMES = ("a", "b", "c", "d")
BACKGROUND = np.arange(30)
ROWS = np.array([3, 50])


def table(count: int = 200) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).normal(size=(count, 4)), columns=list(NAMES))


def ask_of(model: Any) -> Any:
    if hasattr(model, "predict_proba"):
        return lambda rows: Given(values=model.predict_proba(rows).astype(float), said=None)
    return lambda rows: Given(values=np.asarray(model.predict(rows), dtype=float)[:, None])


def explained_by(model: Any) -> str:
    """Of what kind its trees are."""
    return "boost" if any(word in type(model).__name__ for word in ("Boosting", "LGBM", "XGB")) else "other"


def fitted(model: Any, classes: int = 0) -> tuple[Any, Inputs]:
    rows = table()
    value = rows["a"] * 2 + rows["b"] * rows["c"]
    truth = np.digitize(value, np.quantile(value, np.linspace(0, 1, classes + 1)[1:-1])) if classes else value
    return model.fit(rows, truth), Inputs(rows)


@pytest.mark.parametrize(
    ("model", "classes", "explainer"),
    [
        (DecisionTreeClassifier(max_depth=3), 3, with_shap.TREE),
        (RandomForestClassifier(20, max_depth=4), 2, with_shap.TREE),
        (make_pipeline(StandardScaler(), SimpleImputer(), RandomForestClassifier(10)), 3, with_shap.TREE),
        (GradientBoostingClassifier(n_estimators=20), 2, with_shap.TREE),
        (HistGradientBoostingRegressor(max_iter=20), 0, with_shap.TREE),
        (LGBMClassifier(n_estimators=10, verbose=-1), 2, with_shap.TREE),
        (LGBMRegressor(n_estimators=10, verbose=-1), 0, with_shap.TREE),
        (XGBClassifier(n_estimators=10), 2, with_shap.TREE),
        (XGBRegressor(n_estimators=10), 0, with_shap.TREE),
        (Ridge(), 0, with_shap.LINEAR),
        (make_pipeline(StandardScaler(), Ridge()), 0, with_shap.LINEAR),
    ],
    ids=lambda each: type(each).__name__ if hasattr(each, "fit") else str(each),
)
def test_from_inside_it_is_what_our_own_way_finds(model: Any, classes: int, explainer: str) -> None:
    model, inputs = fitted(model, classes)
    ask = ask_of(model)
    found = with_shap.by_structure(model, ask, inputs, ROWS, BACKGROUND)
    assert found is not None
    assert found.explainer == explainer
    for number, row in enumerate(ROWS):
        exact = contributions(ask, inputs, grouped(NAMES, ()), int(row), BACKGROUND)
        answer = ask(inputs.at(ROWS[number : number + 1])).values[0]
        assert found.base + found.amounts[number].sum(axis=0) == pytest.approx(answer, abs=1e-3)
        # Of boosted classes SHAP finds parts of the log-odds, and stretches them until they add up to the probability.
        room = 0.05 if classes and "boost" in explained_by(model) else 1e-3
        assert found.amounts[number] == pytest.approx(exact.amounts, abs=room)
        assert found.base == pytest.approx(exact.base, abs=1e-3)


@pytest.mark.parametrize(
    ("model", "classes"),
    [
        (LogisticRegression(), 2),
        (KNeighborsRegressor(), 0),
        (make_pipeline(PCA(4), Ridge()), 0),
    ],
    ids=["log-odds", "neighbours", "other-columns"],
)
def test_what_cannot_be_looked_into_is_asked(model: Any, classes: int) -> None:
    model, inputs = fitted(model, classes)
    ask = ask_of(model)
    assert with_shap.by_structure(model, ask, inputs, ROWS, BACKGROUND) is None
    found = with_shap.by_asking(ask, inputs, ROWS, BACKGROUND, 0)
    answers = ask(inputs.at(ROWS)).values
    assert found.explainer == with_shap.PERMUTATION
    assert found.base + found.amounts.sum(axis=1) == pytest.approx(answers, abs=1e-6)
    exact = contributions(ask, inputs, grouped(NAMES, ()), 3, BACKGROUND)
    assert found.amounts[0] == pytest.approx(exact.amounts, abs=0.05 * np.abs(answers).max())


def test_columns_of_text_and_gaps_are_asked_about() -> None:
    rows = table().assign(word=["red", "blue", None, "red"] * 50)
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["word"]), ("passthrough", ["a"])),
        RandomForestClassifier(10, random_state=0),
    ).fit(rows, rows["word"] == "red")
    inputs = Inputs(rows)
    ask = ask_of(model)
    assert with_shap.by_structure(model, ask, inputs, ROWS, BACKGROUND) is None
    found = with_shap.by_asking(ask, inputs, ROWS, BACKGROUND, 0)
    grown = with_shap.of_groups(found.amounts[0], grouped(inputs.names, (("a", "b"),)))
    assert grown.shape == (4, 2)
    assert np.abs(found.amounts[0, 4]).max() > np.abs(found.amounts[0, :4]).max()


def test_without_shap_its_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "shap", None)
    assert not with_shap.is_installed()
    with pytest.raises(MissingDependencyError, match="nbmlops\\[explain\\]"):
        with_shap.require()
