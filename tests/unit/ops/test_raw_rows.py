"""A step stands in front of a model only where it provably gives there what the notebook has computed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import nbformat
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from nbmlops.errors import NbmlopsError
from nbmlops.ops.raw_rows.code import modules_in, needed_code, step_code
from nbmlops.ops.raw_rows.wrap import Order, wrap
from nbmlops.pipeline import handoff

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
RAW = pd.DataFrame(
    {
        "a": np.arange(30.0) ** 1.5,
        "b": np.arange(30.0) % 7,
        "when": pd.date_range("2026-01-01", periods=30),
        "size": pd.Categorical(["small", "large", "small"] * 10),
    },
    index=range(100, 130),
)


class Made:
    """A step that has run, and the model that was fitted with what it gave."""

    def __init__(self, folder: Path, cells: str, *, columns: list[str] | None = None, **values: Any) -> None:
        self.folder = folder
        names: dict[str, Any] = {"pd": pd, "np": np, "raw": RAW.copy(), **values}
        exec(cells, names)
        given = {name: names[name] for name in ("X", "y", "Z") if name in names}
        handoff.write(
            folder / "handoff" / "read", "read", ({"raw": RAW}, *({name: each} for name, each in values.items()))
        )
        handoff.write(folder / "handoff" / "shape", "shape", tuple({name: each} for name, each in given.items()))
        made = [
            nbformat.v4.new_code_cell(each)
            for each in ("import pandas as pd\nimport numpy as np", *cells.split("\n# %%\n"))
        ]
        nbformat.write(nbformat.v4.new_notebook(cells=made), folder / "shape.ipynb")
        x = names["X"] if columns is None else names["X"][columns]
        model = LinearRegression().fit(x, np.arange(len(x)))
        mlflow.sklearn.save_model(
            model, str(folder / "model"), signature=mlflow.models.infer_signature(x, model.predict(x)),
            pip_requirements=["scikit-learn"],
        )  # fmt: skip
        self.model = model
        self.order = Order(
            step="shape", notebook=str(folder / "shape.ipynb"), gives=tuple(given), parameters={}, names=(),
            takes=(("raw", "read"), *((name, "read") for name in values)), handoff=str(folder / "handoff"),
            model=str(folder / "model"), modules=str(folder), outcome="",
        )  # fmt: skip

    @property
    def served(self) -> Callable[[pd.DataFrame], Any]:
        return mlflow.pyfunc.load_model(str(self.folder / "model")).predict


def test_the_model_takes_raw_rows(tmp_path: Path) -> None:
    cells = (
        'raw["a"] = raw["a"] - middle\nX = raw[["a"]].assign(day=raw["when"].dt.day.astype(float))\n# %%\ny = raw["b"]'
    )
    made = Made(tmp_path, cells, middle=float(RAW["a"].mean()))
    outcome = wrap(made.order)
    assert (outcome.columns, outcome.table, outcome.result, outcome.rows) == (("a", "when"), "raw", "X", 30)
    x = pd.DataFrame({"a": RAW["a"] - RAW["a"].mean(), "day": RAW["when"].dt.day.astype(float)})
    asked = RAW[["a", "when"]].sample(7, random_state=0)
    # Before it is served: whoever imports its module leaves bytecode.
    assert not list((tmp_path / "model").rglob("__pycache__"))
    for _ in range(2):
        assert made.served(asked) == pytest.approx(made.model.predict(x.loc[asked.index]))
    assert (tmp_path / "model" / "serving_input_example.json").is_file()


@pytest.mark.parametrize(
    ("cells", "values", "why"),
    [
        ('X = raw[["a"]] - raw[["a"]].mean()', {}, "a row's result rests on other rows"),
        ('X = raw[["a"]].shift(1).fillna(0)', {}, "a row's result rests on other rows"),
        ('X = pd.get_dummies(raw["size"]).astype(float)', {}, "column size is categorical"),
        ('X = raw[raw["a"] > 5][["a"]]', {}, "row for row"),
        ('X = raw[["a"]].reset_index(drop=True)', {}, "row for row"),
        ('X = raw[["a"]].assign(place=raw.index.astype(float))', {}, "a row's result rests on other rows"),
        ('X = raw[["a"]] + np.random.default_rng().normal()', {}, "gives another table than the notebook"),
        ('X = raw[["a"]] + len(seen); seen.append(1)', {"seen": [0]}, "gives another table|changes what it takes"),
        ('seen.append(1); X = raw[["a"]] + seen[0]', {"seen": [0]}, "changes what it takes from other steps"),
        ('X = raw[["a"]]; assert len(raw) == 30', {}, "fails on 15 of its rows: AssertionError"),
        ('X = raw[["a"]].assign(b=(raw["size"].cat.codes).astype(float))', {}, "column size is categorical"),
        ('X = raw[["a"]]; Z = raw[["a"]] * 2', {}, r"2 tables \(X, Z\)"),
        ('X = raw[["a"]] + more[["b"]].to_numpy()', {"more": RAW}, "more, raw each have"),
        ('X = pd.DataFrame({"a": np.arange(30.0)}, index=range(100, 130))', {}, "none of its values has"),
    ],
)  # fmt: skip
def test_what_cannot_stand_there_is_refused_with_the_reason(
    tmp_path: Path, cells: str, values: dict[str, Any], why: str
) -> None:
    made = Made(tmp_path, cells, **values)
    before = sorted(path.name for path in (tmp_path / "model").iterdir())
    with pytest.raises(NbmlopsError, match=why) as caught:
        wrap(made.order)
    assert caught.value.kind == "transform-unfit"
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == before


def test_a_model_that_does_not_say_what_it_takes(tmp_path: Path) -> None:
    made = Made(tmp_path, 'X = raw[["a"]]\nX["c"] = 1.0', columns=["a"])
    with pytest.raises(NbmlopsError, match="no table with the columns that the model takes: a"):
        wrap(made.order)


def test_magics_are_not_there_where_a_model_is_served(tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell("%matplotlib inline\nx = 1")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "odd.ipynb")
    with pytest.raises(NbmlopsError, match="no plain Python: %matplotlib inline"):
        step_code(tmp_path / "odd.ipynb")


def test_only_what_the_result_needs_is_taken_along() -> None:
    cells = ["import os, math\ndef half(x):\n    return x / math.e", "print(raw)", "X = half(raw)", "y = raw * 2"]
    code = needed_code(cells, ("raw",), "X")
    assert "X = half(raw)" in code
    assert "def half" in code
    assert "print" not in code
    assert "y =" not in code
    assert modules_in("import a.b, c\nfrom d.e import f\nfrom . import g") == ("a.b", "c", "d.e")
