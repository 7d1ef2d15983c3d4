"""Models of LightGBM and XGBoost, loaded without MLflow, give what MLflow's pyfunc gives."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from nbmlops.serve.app import service
from nbmlops.serve.model import ServedModel, load_model
from nbmlops.serve.native import OfXgboost
from nbmlops.serve.slot import Slot

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
NAMES = ["alcohol", "ash", "magnesium"]
KINDS = ("lightgbm", "lightgbm labels", "lightgbm booster", "xgboost", "xgboost classes", "xgboost booster")
ALONE = """
import asyncio, sys
from pathlib import Path
import numpy as np
from nbmlops.serve.model import load_model
print(asyncio.run(load_model(Path(sys.argv[1]), "wine").score(np.array([[1.0, 5.0, 2.0]]))).tolist())
assert "mlflow" not in sys.modules
"""
numbers = st.one_of(st.floats(-5, 5), st.floats(allow_nan=False, allow_infinity=False), st.none())
rows = st.lists(st.tuples(numbers, numbers, st.integers(-300, 300)), min_size=1, max_size=20)


def table() -> pd.DataFrame:
    chance = np.random.default_rng(1)
    found = pd.DataFrame(chance.normal(size=(200, 3)), columns=NAMES)
    return found.assign(magnesium=np.round(found["magnesium"] * 100).astype("int64"))


def save(kind: str, folder: Path) -> None:
    x = table()
    number, label = x["alcohol"] * 2 + x["ash"], np.where(x["alcohol"] > 0, "red", "white")
    library, _, what = kind.partition(" ")
    module = pytest.importorskip(library, reason=f"{library} is not installed: pip install {library}")
    flavor: Any = getattr(mlflow, library)
    more: dict[str, Any] = {}
    if library == "lightgbm":
        few = {"n_estimators": 5, "verbose": -1, "n_jobs": 1}
        match what:
            case "labels":
                model = module.LGBMClassifier(**few).fit(x, label)
            case "booster":
                model = module.train({"verbose": -1, "num_threads": 1}, module.Dataset(x, number), num_boost_round=5)
            case _:
                model = module.LGBMRegressor(**few).fit(x, number)
        expected = model.predict(x)
    else:
        match what:
            case "classes":
                model = module.XGBClassifier(n_estimators=5, n_jobs=1).fit(x, label == "red")
                expected = model.predict(x)
            case "booster":
                model = module.train({"nthread": 1}, module.DMatrix(x, number), num_boost_round=5)
                expected = model.predict(module.DMatrix(x))
            case _:
                model = module.XGBRegressor(n_estimators=5, n_jobs=1).fit(x, number)
                expected = model.predict(x)
        more = {"params": {"output_margin": False, "iteration_range": [0, 0]}}
    signature = mlflow.models.infer_signature(x, expected, **more)
    flavor.save_model(model, str(folder), signature=signature, input_example=x.head(3), pip_requirements=[library])


@pytest.fixture(scope="module", params=KINDS)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[ServedModel, Any]:
    """As it is served, and as MLflow loads it."""
    folder = tmp_path_factory.mktemp("models") / request.param.replace(" ", "-")
    save(request.param, folder)
    return load_model(folder, "wine"), mlflow.pyfunc.load_model(str(folder))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=rows)
def test_it_answers_as_pyfunc_does(both: tuple[ServedModel, Any], asked: list[tuple[Any, ...]]) -> None:
    model, pyfunc = both
    frame = pd.DataFrame(asked, columns=NAMES).astype({"alcohol": float, "ash": float, "magnesium": "int64"})
    try:
        expected = pyfunc.predict(frame)
    except ValueError as error:
        # XGBoost's own error is one: its matrices hold no number beyond those of 32 bits.
        expected, why = None, error
    client = TestClient(service(Slot("wine", model), token=""))
    answer = client.post("/invocations", json={"dataframe_split": {"columns": NAMES, "data": asked}})
    if expected is None:
        assert answer.status_code in (400, 500), f"pyfunc says {why}"
        return
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == np.asarray(expected).tolist()
    if all(value is not None for row in asked for value in row):
        found = asyncio.run(model.score(np.array(asked, dtype=float)))
        assert found.dtype == expected.dtype


def test_it_is_asked_without_mlflow_and_in_batches(both: tuple[ServedModel, Any]) -> None:
    model, _ = both
    assert model.estimator is not None
    assert model.batcher is not None
    # A booster of XGBoost's knows its columns by name, and refuses what has none.
    raw = model.long_way.pyfunc.get_raw_model()
    assert model.estimator.wants_names == (type(raw).__module__ == "xgboost.core")


def test_parameters_reach_what_takes_them(both: tuple[ServedModel, Any]) -> None:
    model, pyfunc = both
    if pyfunc.metadata.get_params_schema() is None:
        assert not type(pyfunc.get_raw_model()).__module__.startswith("xgboost")
        return
    params = {"iteration_range": [0, 1]}
    split = {"columns": NAMES, "data": table().head(4).values.tolist()}
    split["data"] = [[a, b, int(c)] for a, b, c in split["data"]]
    client = TestClient(service(Slot("wine", model), token=""))
    answer = client.post("/invocations", json={"dataframe_split": split, "params": params})
    assert answer.status_code == 200, answer.text
    expected = pyfunc.predict(table().head(4), params=params)
    assert answer.json()["predictions"] == np.asarray(expected).tolist()


@pytest.mark.parametrize("kind", ["lightgbm booster", "xgboost classes"])
def test_mlflow_is_not_imported(tmp_path: Path, kind: str) -> None:
    save(kind, tmp_path / "model")
    command = [sys.executable, "-W", "ignore", "-c", ALONE, str(tmp_path / "model")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[")


def test_a_class_of_somebody_elses_is_not_made(tmp_path: Path) -> None:
    """What an MLmodel file names is imported and called: only XGBoost's own."""
    save("xgboost", tmp_path / "model")
    about = tmp_path / "model" / "MLmodel"
    text = about.read_text()
    assert "xgboost.sklearn.XGBRegressor" in text
    about.write_text(text.replace("xgboost.sklearn.XGBRegressor", "subprocess.Popen"))
    from nbmlops.serve.native import load_native
    from nbmlops.serve.signature import describe

    assert load_native(tmp_path / "model", describe(tmp_path / "model")) is None


def test_unknown_parameters_are_left_out() -> None:
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed: pip install xgboost")
    x = table()
    model = xgboost.XGBRegressor(n_estimators=2, n_jobs=1).fit(x, x["ash"])
    assert OfXgboost(model).predict(x, nothing=1).tolist() == model.predict(x).tolist()
