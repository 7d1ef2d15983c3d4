from __future__ import annotations

import copy
import functools
import math
import pickle
import re
import socket
import threading
from collections import Counter, OrderedDict, defaultdict, namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nbmlops.pipeline.equality import Difference, Incomparable, difference, summary

Point = namedtuple("Point", "x y")
X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)


class Thing:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: int) -> None:
        self.x = x


def scaled(factor: int, power: int = 2) -> Any:
    return lambda x: [x * factor for _ in range(3)]


SAME: list[Any] = [
    None,
    7,
    "text",
    b"bytes",
    1 + 2j,
    math.nan,
    [1, [2.5, None]],
    (1, 2),
    {"a": {1: 2}},
    {1, 2},
    {math.nan: 1, "b": 2},
    OrderedDict(a=1),
    defaultdict(list, a=[1]),
    Counter("abc"),
    Point(1, 2),
    range(3),
    datetime(2026, 1, 1, tzinfo=UTC),
    timedelta(days=1),
    Path("a/b"),
    re.compile("a+"),
    functools.partial(int, base=2),
    Thing(a=1, b=[2]),
    Thing(),
    Slotted(1),
    np.array([1.0, math.nan]),
    np.array([[None, "a"]], dtype=object),
    np.array(["NaT"], dtype="datetime64[ns]"),
    np.float32(0.1),
    np.datetime64("NaT"),
    np.ma.masked_array([1.0, 2.0], mask=[True, False]),
    np.array([(1, math.nan)], dtype=[("a", "i1"), ("b", "f8")]),
    np.random.RandomState(1),
    np.random.default_rng(1),
    pd.DataFrame({"a": [1, None], "b": ["x", None]}),
    pd.Series([1, 2], name="s", index=["i", "j"]),
    pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "c": pd.Categorical(["x", "y"])}),
    pd.MultiIndex.from_tuples([(1, "a")], names=["i", "j"]),
    LinearRegression().fit(X, Y),
    make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=1)).fit(X, Y),
]


@pytest.mark.parametrize("value", SAME, ids=lambda value: type(value).__name__)
def test_a_value_equals_its_copy(value: Any) -> None:
    assert difference(value, pickle.loads(pickle.dumps(value))) is None


def moved(frame: pd.DataFrame, **changes: Any) -> pd.DataFrame:
    return frame.assign(**changes)


FRAME = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
DIFFERENT: list[tuple[Any, Any, str, str]] = [
    (1, 2, "", "1 and 2"),
    (1, 1.0, "", "int and float"),
    (1, True, "", "int and bool"),
    (0.51, 0.48, "", "0.51 and 0.48"),
    (math.nan, 1.0, "", "nan and 1.0"),
    (math.inf, -math.inf, "", "inf and -inf"),
    ("a", "b", "", "'a' and 'b'"),
    ([1, 2, 3], [1, 9, 8], "[1]", "2 and 9"),
    ([1], [1, 2], "", "1 items and 2"),
    ((1,), [1], "", "tuple and list"),
    ({"a": 1}, {"a": 2}, "['a']", "1 and 2"),
    ({"a": 1}, {"b": 1}, "", "only one of them has 'a'"),
    ({"a": 1}, {"a": 1, "b": 2}, "", "only one of them has 'b'"),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "", "the same keys in another order"),
    (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1), "", "the same keys in another order"),
    ({1, 2}, {1, 3}, "", "only one of them has 2"),
    ({"m": [{"x": 1.0}]}, {"m": [{"x": 2.0}]}, "['m'][0]['x']", "1.0 and 2.0"),
    (Thing(a=1), Thing(a=2), ".a", "1 and 2"),
    (Thing(a=1), Thing(b=1), "", "only one of them has .a"),
    (Slotted(1), Slotted(2), "[1]['x']", "1 and 2"),
    (re.compile("a"), re.compile("b"), ".arguments[0]", "'a' and 'b'"),
    (np.zeros(2), np.zeros(3), "", "shape (2,) and (3,)"),
    (np.zeros(2), np.zeros(2, "f4"), "", "dtype float64 and float32"),
    (np.array([[1, 2], [3, 4]]), np.array([[1, 2], [3, 5]]), "[1, 1]", "4 and 5"),
    (np.array([1, 2, 3]), np.array([9, 2, 8]), "[0]", "1 and 9 (2 differ)"),
    (np.float32(1), np.float32(2), "", "1.0 and 2.0"),
    (
        np.ma.masked_array([1, 2], mask=[True, False]),
        np.ma.masked_array([1, 2], mask=[False, False]),
        ".mask[0]",
        "True and False",
    ),
    (
        np.array([(1, 2.0)], dtype=[("a", "i1"), ("b", "f8")]),
        np.array([(1, 3.0)], dtype=[("a", "i1"), ("b", "f8")]),
        "['b'][0]",
        "2.0 and 3.0",
    ),
    (FRAME, FRAME.head(1), "", "2 rows × 2 columns and 1 rows × 2 columns"),
    (FRAME, moved(FRAME, a=[1.0, 3.0]), "['a'][1]", "2.0 and 3.0"),
    (FRAME, FRAME.rename(columns={"a": "z"}), ".columns[0]", "'a' and 'z'"),
    (FRAME, FRAME.set_index(pd.RangeIndex(1, 3)), ".index[0]", "0 and 1 (2 differ)"),
    (FRAME["a"], FRAME["a"].rename("z"), ".name", "'a' and 'z'"),
    (
        pd.MultiIndex.from_tuples([(1, 2)], names=["i", "j"]),
        pd.MultiIndex.from_tuples([(1, 2)], names=["i", "k"]),
        ".names[1]",
        "'j' and 'k'",
    ),
    (scaled(2), scaled(3), ".captured[0]", "2 and 3"),
    (lambda x, y=1: x, lambda x, y=2: x, ".defaults[0]", "1 and 2"),
    (lambda x: x + 1, lambda x: x - 1, "", "function <lambda> and another body"),
    (lambda x: lambda: x + 1, lambda x: lambda: x + 2, ".constants[1]", "1 and 2"),
    (int, float, "", "int and float"),
    (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 2, tzinfo=UTC),
        ".arguments[0]",
        "",
    ),
]


@pytest.mark.parametrize(("left", "right", "path", "text"), DIFFERENT)
def test_the_first_difference_is_found_and_placed(left: Any, right: Any, path: str, text: str) -> None:
    found = difference(left, right)
    assert found is not None
    assert (found.path, found.text if text else "") == (path, text)
    assert difference(right, left) is not None


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_any_plain_value_equals_its_copy(value: Any) -> None:
    assert difference(value, copy.deepcopy(value)) is None


@given(PLAIN, PLAIN)
def test_values_that_python_calls_different_are_different(left: Any, right: Any) -> None:
    if difference(left, right, tolerance=0.0) is None:
        assert repr(left).replace("-0.0", "0.0") == repr(right).replace("-0.0", "0.0")


@pytest.mark.parametrize(
    "make", [float, np.float64, np.float32, lambda x: np.array([x, 1.0]), lambda x: pd.Series([x])]
)
def test_figures_are_equal_within_the_tolerance(make: Any) -> None:
    one, near = make(1.0), make(1.0005)
    assert difference(one, near, tolerance=1e-3) is None
    assert difference(one, near, tolerance=1e-5) is not None


def test_huge_figures_differ_without_a_warning() -> None:
    assert difference(np.array([1e308]), np.array([-1e308])) == Difference("[0]", "1e+308 and -1e+308")


def test_values_that_hold_themselves_can_be_compared() -> None:
    one: list[Any] = [1]
    one.append(one)
    same: list[Any] = [1]
    same.append(same)
    other: list[Any] = [1]
    other.extend([other, 2])
    assert difference(one, same) is None
    assert difference(one, other) == Difference("", "2 items and 3")


def test_models_differ_where_what_they_learned_differs() -> None:
    one, other = LinearRegression().fit(X, Y), LinearRegression().fit(X, Y * 2.0)
    found = difference(one, other, path="model")
    assert found is not None
    assert found.path == "model.coef_[0]"
    forests = [RandomForestClassifier(3, random_state=seed).fit(X, Y) for seed in (1, 2)]
    assert difference(*forests) is not None


def test_two_equal_trainings_give_equal_models() -> None:
    forests = [RandomForestClassifier(5, random_state=1).fit(X, Y) for _ in range(2)]
    assert difference(*forests) is None


def test_seconds_that_searches_measure_are_no_result() -> None:
    searches = [GridSearchCV(LinearRegression(), {"fit_intercept": [True, False]}, cv=2).fit(X, Y) for _ in range(2)]
    assert searches[0].refit_time_ != searches[1].refit_time_
    assert difference(*searches) is None
    tables = [pd.DataFrame(search.cv_results_) for search in searches]
    assert difference(*tables) is None


@pytest.mark.parametrize("make", [lambda: (x for x in "ab"), threading.Lock, lambda: socket.socket()])
def test_what_has_no_content_cannot_be_compared(make: Any) -> None:
    one, other = make(), make()
    with pytest.raises(Incomparable, match="has no content that can be compared"):
        difference([one], [other])
    assert difference(one, one) is None
    for value in (one, other):
        if hasattr(value, "close"):
            value.close()


def test_nesting_without_end_is_given_up() -> None:
    def deep(levels: int) -> list[Any]:
        value: list[Any] = []
        for _ in range(levels):
            value = [value]
        return value

    assert difference(deep(150), deep(150)) is None
    with pytest.raises(Incomparable, match="nested too deeply"):
        difference(deep(500), deep(500))


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((2, 3)), "array 2×3 of float64"),
        (FRAME, "table of 2 rows × 2 columns"),
        (pd.Series([1, 2]), "column of 2 int64"),
        (list(range(1000)), "list of 1,000"),
        ({"a": "x" * 100}, "dict of 1"),
        ("line\nline", "'line\\nline'"),
        ("x" * 100, "'" + "x" * 58 + "…"),
        (LinearRegression(), "LinearRegression()"),
    ],
)
def test_a_value_is_summed_up_in_a_few_words(value: Any, text: str) -> None:
    assert summary(value) == text


def test_a_value_that_cannot_be_shown_is_named_by_its_type() -> None:
    assert summary(Unshowable()).endswith("Unshowable that cannot be shown (RuntimeError)")


def test_what_is_drawn_cannot_be_compared_by_itself_and_is_no_part_of_what_holds_it() -> None:
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    with pytest.raises(Incomparable, match="is drawn, not computed"):
        difference(Figure(), Figure())

    def display(corner: int) -> ConfusionMatrixDisplay:
        made = ConfusionMatrixDisplay(np.array([[5, 1], [0, corner]]))
        made.figure_ = Figure()
        return made

    assert difference(display(4), display(4), path="d") is None
    found = difference(display(4), display(3), path="d")
    assert found is not None
    assert (found.path, found.text) == ("d.confusion_matrix[1, 1]", "4 and 3")


def test_addresses_inside_of_models_do_not_count() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["red wine", "white wine", "green tea"]
    models = [TfidfVectorizer(stop_words=["and"]).fit(texts) for _ in range(2)]
    models[0]._stop_words_id, models[1]._stop_words_id = 1, 2
    assert difference(*models) is None


def test_summaries_have_no_addresses() -> None:
    assert summary(Stranger()).endswith("Stranger>")


class Stranger:
    pass


def test_arrow_tables_are_compared_by_what_they_hold() -> None:
    import pyarrow as pa

    table = pa.table({"a": [1.0, 2.0]})
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert difference(table, chunked) is None
    assert difference(table, pa.table({"a": [1.0, 2.0 + 1e-12]})) is None
    found = difference(table, pa.table({"a": [1.0, 3.0]}), path="t")
    assert found is not None
    assert found.path == "t['a'][1]"
    assert difference(table, pa.table({"b": [1.0, 2.0]}), path="t") == Difference("t", "other columns")


def test_tensors_are_compared_by_what_they_hold() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed here")
    left = torch.arange(6.0).reshape(2, 3)
    assert difference(left, left.clone()) is None
    assert difference(left.bfloat16(), left.bfloat16()) is None
    right = left.clone()
    right[1, 2] = 7
    found = difference(left, right, path="t")
    assert found is not None
    assert found.path == "t[1, 2]"
    assert difference(left, left.double(), path="t") == Difference("t", "torch.float32 and torch.float64")
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    pair = {"model": model, "optimizer": optimizer}
    assert difference(pair, copy.deepcopy(pair)) is None
