"""Models of scikit-learn give by every protocol what MLflow's pyfunc gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from nbmlops.serve.app import service
from nbmlops.serve.model import ServedModel, load_model
from nbmlops.serve.slot import Slot

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
ALONE = """
import asyncio, sys
import subprocess
import sys
from pathlib import Path
import numpy as np
from nbmlops.serve.model import load_model
for folder in sorted(Path(sys.argv[1]).iterdir()):
    found = asyncio.run(load_model(folder, "wine").score(np.array([[1.0, 5.0, 2.0]])))
    print([round(float(each), 6) for each in found])
assert "mlflow" not in sys.modules
"""
NAMES = ["alcohol", "ash", "magnesium"]


def table(rows: int = 60) -> pd.DataFrame:
    chance = np.random.default_rng(1)
    found = pd.DataFrame(chance.normal(size=(rows, 3)), columns=NAMES)
    return found.assign(magnesium=np.round(found["magnesium"] * 100).astype("int64"))


def fitted(kind: str) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    x = table()
    number, label = x["alcohol"] * 2 + x["ash"], np.where(x["alcohol"] > 0, "red", "white")
    by_name = ColumnTransformer([("scaled", StandardScaler(), ["ash", "alcohol"])], remainder="passthrough")
    match kind:
        case "linear":
            return LinearRegression().fit(x, number)
        case "labels":
            return make_pipeline(StandardScaler(), LogisticRegression()).fit(x, label)
        case "forest":
            return RandomForestClassifier(5, random_state=0).fit(x, label == "red")
        case "boosted":
            return HistGradientBoostingRegressor(max_iter=5).fit(x, number)
        case "names":
            return make_pipeline(by_name, LinearRegression()).fit(x, number)
        case "function":
            double = FunctionTransformer(_of_ash, validate=False)
            return make_pipeline(double, LinearRegression()).fit(x, number)
        case "categories":
            encoder = ColumnTransformer([("encoded", OneHotEncoder(handle_unknown="ignore"), ["magnesium"])])
            return make_pipeline(encoder, LinearRegression()).fit(x, number)
    raise AssertionError(kind)


def _of_ash(x: pd.DataFrame) -> pd.DataFrame:
    return x.assign(ash=x["ash"] * 2)


KINDS = ("linear", "labels", "forest", "boosted", "names", "function", "categories")


@pytest.fixture(scope="module", params=KINDS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    folder = tmp_path_factory.mktemp("models") / request.param
    estimator, x = fitted(request.param), table()
    signature = mlflow.models.infer_signature(x, estimator.predict(x))
    mlflow.sklearn.save_model(
        estimator, str(folder), signature=signature, input_example=x.head(3), serialization_format="cloudpickle",
        pip_requirements=["scikit-learn"],
    )  # fmt: skip
    return load_model(folder, "wine")


def test_it_is_asked_without_mlflow(model: ServedModel) -> None:
    assert model.estimator is not None
    # Which estimators take arrays is scikit-learn's to say; those that choose columns by name do not.
    by_name = "ColumnTransformer" in repr(model.long_way.pyfunc.get_raw_model())
    assert model.estimator.wants_names or not by_name


def close(expected: list[Any]) -> Any:
    """But for rounding: sums of products are not the same to the last bit for other numbers of rows."""
    return pytest.approx(expected, rel=1e-9, abs=1e-12) if isinstance(expected[0], float) else expected


def test_plain_numbers_are_answered_without_importing_mlflow(tmp_path: Path) -> None:
    from sklearn.linear_model import LinearRegression

    x = table()
    fitted = LinearRegression().fit(x, x["ash"])
    for number, kind in enumerate(("cloudpickle", "pickle", "skops")):
        folder = tmp_path / str(number)
        signature = mlflow.models.infer_signature(x, fitted.predict(x))
        mlflow.sklearn.save_model(
            fitted, str(folder), signature=signature, serialization_format=kind, pip_requirements=["scikit-learn"]
        )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ALONE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "[5.0]\n[5.0]\n[5.0]\n", done.stderr


@pytest.mark.parametrize("rows", [1, 2, 40])
def test_every_protocol_gives_what_pyfunc_gives(model: ServedModel, rows: int) -> None:
    client = TestClient(service(Slot("wine", model), token=""))
    asked = table().sample(rows, random_state=rows)
    expected = np.asarray(model.long_way.pyfunc.predict(asked)).tolist()
    data = [[float(a), float(b), int(c)] for a, b, c in asked.to_numpy()]
    split = {"columns": NAMES, "data": data}
    for document in ({"dataframe_split": split}, {"dataframe_records": asked.to_dict(orient="records")}):
        assert client.post("/invocations", json=document).json()["predictions"] == close(expected)
    records = {"instances": asked.to_dict(orient="records")}
    for body in ({"instances": data}, records):
        assert client.post("/v1/models/wine:predict", json=body).json()["predictions"] == close(expected)
    tensors = [
        {"name": name, "shape": [rows], "datatype": "INT64" if name == "magnesium" else "FP64",
         "data": asked[name].tolist()}
        for name in NAMES
    ]  # fmt: skip
    (output,) = client.post("/v2/models/wine/infer", json={"inputs": tensors}).json()["outputs"]
    assert output["data"] == close(expected)


def test_no_rows_are_an_answer_or_the_callers_mistake(model: ServedModel) -> None:
    client = TestClient(service(Slot("wine", model), token=""))
    tensor = {"name": "rows", "datatype": "FP64", "shape": [0, 3], "data": []}
    for address, document in (
        ("/v2/models/wine/infer", {"inputs": [tensor]}),
        ("/invocations", {"dataframe_split": {"columns": NAMES, "data": []}}),
        ("/v1/models/wine:predict", {"instances": []}),
    ):
        assert client.post(address, json=document).status_code in (200, 400)


def test_missing_values_and_other_columns_go_the_long_way(model: ServedModel) -> None:
    client = TestClient(service(Slot("wine", model), token=""))
    row = {"alcohol": 0.5, "ash": None, "magnesium": 3}
    answer = client.post("/invocations", json={"dataframe_records": [row]})
    try:
        expected = np.asarray(model.long_way.pyfunc.predict(pd.DataFrame([row]).astype({"ash": "float64"}))).tolist()
    except ValueError:
        # The estimator does not take gaps: so it says.
        assert (answer.status_code, answer.json()["error_code"]) == (400, "INPUT_REFUSED")
    else:
        assert answer.json()["predictions"] == expected
    assert client.post("/invocations", json={"dataframe_records": [{"alcohol": 0.5}]}).status_code == 400
