"""Formats against the suite of their port; and a format that another package brings."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from nbmlops.errors import IntegrityError
from nbmlops.pipeline import estimator_formats, formats, handoff
from nbmlops.pipeline.formats import format_for, format_named
from nbmlops.testing.format_suite import FormatSuite
from tests.installed import offer

X = np.random.default_rng(0).normal(size=(60, 4))
Y = (X[:, 0] > 0).astype(int)
TABLE = pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=pd.Index([5, 3], name="i"))


class Plain:
    """A class of nobody's."""


class TestJson(FormatSuite):
    format = format_named("json")
    values = (None, True, 3, "été", [1, {"a": None}], {"b": 0.1})
    others = ((1, 2), {1: "a"}, float("nan"), np.float64(1.0))
    is_general = True


class TestScalar(FormatSuite):
    format = format_named("scalar")
    values = (np.float32(0.1), np.int8(-3), np.bool_(True), np.str_("é"), np.datetime64("2026-01-01", "D"))
    others = (1.0, np.array(1.0), np.float64("nan"))


class TestNpy(FormatSuite):
    format = format_named("npy")
    values = (X, np.asfortranarray(X), np.array("text"))
    others = (np.array([None]), np.float64(1.0), TABLE)


class TestMappedNpy(FormatSuite):
    format = format_named("npy")
    values = (np.arange(formats.LEAST_MAPPED, dtype="u1"),)

    def test_it_is_mapped_and_may_be_changed(self, tmp_path: Path) -> None:
        path = tmp_path / "value.npy"
        self.format.write(self.values[0], path)
        back = self.format.read(path)
        assert isinstance(back.base, np.memmap)
        back[0] = 7
        assert (back[0], self.format.read(path)[0]) == (7, 0)


class TestParquet(FormatSuite):
    format = format_named("parquet")
    values = (TABLE,)
    others = (TABLE["a"], pd.DataFrame({"a": [[1]]}))


class TestSeries(FormatSuite):
    format = format_named("series")
    values = (TABLE["a"], TABLE["b"], pd.Series([1.5, 2.5]), pd.Series([1], name="values"), pd.Series([1], name="i"))
    others = (TABLE, pd.Series([[1]]), pd.Series([1], name=3))


class TestArrow(FormatSuite):
    format = format_named("arrow")
    values = (pa.table({"a": [1, None], "b": [["x"], []]}),)
    others = (TABLE, pl.DataFrame({"a": [1]}))


class TestPolars(FormatSuite):
    format = format_named("polars")
    values = (pl.DataFrame({"a": [1, None], "b": ["x", "é"], "c": [[1], []]}),)
    others = (TABLE, pl.DataFrame({"a": [object()]}, schema={"a": pl.Object}))


class TestSkops(FormatSuite):
    format = format_named("skops")
    values = (
        LogisticRegression().fit(X, Y),
        make_pipeline(StandardScaler(), SGDClassifier(random_state=0)).fit(X, Y),
        RandomForestClassifier(3, random_state=0).fit(X, Y),
        MLPClassifier(max_iter=300, tol=0.1, random_state=0).fit(X, Y),
    )
    others = (FunctionTransformer(lambda x: x), Plain(), LogisticRegression)

    @pytest.mark.parametrize("kind", [LogisticRegression, RandomForestClassifier])
    def test_a_model_that_is_fitted_again_makes_the_same_file(self, kind: Any, tmp_path: Path) -> None:
        """So that a step that trained the same model does not make the steps after it run."""
        for name in ("1", "2"):
            self.format.write(kind(random_state=0).fit(X.copy(), Y.copy()), tmp_path / name)
        assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


class TestJoblib(FormatSuite):
    format = format_named("joblib")
    values = (LogisticRegression().fit(X, Y), make_pipeline(StandardScaler(), SGDClassifier()).fit(X, Y))
    others = (FunctionTransformer(lambda x: x), Plain(), LogisticRegression)

    def test_what_shares_an_array_is_left_to_pickle(self) -> None:
        model = LogisticRegression().fit(X, Y)
        model.again_ = model.coef_
        assert not self.format.takes(model)


class TestPickle(FormatSuite):
    format = format_named("pickle")
    values = ((1, 2), {1: {2}}, Plain())
    is_general = True


@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="PyTorch is not installed here")
class TestTorch(FormatSuite):
    format = format_named("torch")
    others = (X, Plain())

    @pytest.fixture(autouse=True)
    def some(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import torch

        linear = torch.nn.Linear(2, 1)
        some = (torch.arange(6.0).reshape(2, 3), linear, linear.weight)
        monkeypatch.setattr(type(self), "values", some, raising=False)

    def test_tensors_that_share_their_storage_share_it_again(self, tmp_path: Path) -> None:
        import torch

        whole = torch.zeros(4)
        bundle = {"whole": whole, "part": whole[1:]}
        assert format_for(bundle).name == "torch"
        self.format.write(bundle, tmp_path / "value.pt")
        back = self.format.read(tmp_path / "value.pt")
        back["whole"][1] = 5
        assert back["part"].tolist() == [5, 0, 0]


def test_without_skops_joblib_takes_estimators(monkeypatch: pytest.MonkeyPatch) -> None:
    model = LogisticRegression().fit(X, Y)
    assert format_for(model).name == "skops"
    monkeypatch.setattr(estimator_formats, "LARGEST_SKOPS", 0)
    assert format_for(model).name == "joblib"


FOREIGN = """\
class Money:
    def __init__(self, cents):
        self.cents = cents
    def __eq__(self, other):
        return self.cents == other.cents
    def __reduce__(self):
        raise TypeError("money does not travel by pickle")

class MoneyFormat:
    name, suffix = "money", ".money"
    def takes(self, value):
        return type(value) is Money
    def write(self, value, path):
        if value.cents < 0:
            raise ValueError("debts")
        path.write_text(str(value.cents))
    def read(self, path):
        return Money(int(path.read_text()))

class Broken(MoneyFormat):
    name = "broken"
    def takes(self, value):
        raise RuntimeError("no idea")
"""


def forget() -> None:
    formats.plugged_in.cache_clear()
    formats.plugin_names.cache_clear()


@pytest.fixture
def money(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A package that brings a format, one whose format is broken, and one that cannot be imported."""
    place = tmp_path / "site"
    points = "[nbmlops.formats]\nmoney = purse:MoneyFormat\nbroken = purse:Broken\nabsent = nowhere:Format\n"
    offer(place, monkeypatch, "purse", points)
    (place / "purse.py").write_text(FOREIGN)
    forget()
    import purse  # type: ignore[import-not-found]

    yield purse
    forget()
    sys.modules.pop("purse")


def test_another_package_brings_a_format(money: Any, tmp_path: Path) -> None:
    manifest = handoff.write(tmp_path / "given", "earn", ({"wage": money.Money(5)}, {"n": 1}))
    assert [(held.names, held.format, held.file) for held in manifest.held] == [
        (("wage",), "money", "00-wage.money"),
        (("n",), "json", "01-n.json"),
    ]
    assert handoff.read(tmp_path / "given", ("wage",)) == {"wage": money.Money(5)}


def test_what_a_format_cannot_write_the_next_one_tries(money: Any, tmp_path: Path) -> None:
    manifest = handoff.write(tmp_path / "given", "owe", ({"debt": money.Money(-5)},))
    assert manifest.refused == {"debt": "it cannot be stored (TypeError: money does not travel by pickle)"}
    assert sorted(each.name for each in (tmp_path / "given").iterdir()) == ["manifest.json"]


def test_a_value_of_a_format_that_is_not_here_says_what_to_do(money: Any, tmp_path: Path) -> None:
    handoff.write(tmp_path / "given", "earn", ({"wage": money.Money(5)},))
    forget()
    sys.path.remove(str(tmp_path / "site"))
    with pytest.raises(IntegrityError, match=r"There is no format 'money'\. Install the package that brings it"):
        handoff.read(tmp_path / "given", ("wage",))
