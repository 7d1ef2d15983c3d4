"""Models that were fitted with an array give by every protocol what MLflow's pyfunc gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from nbmlops.errors import UsageError
from nbmlops.serve.app import service
from nbmlops.serve.matrix import Matrix, matrix_of
from nbmlops.serve.model import ServedModel, load_model
from nbmlops.serve.signature import describe
from nbmlops.serve.slot import Slot
from nbmlops.serve.tensors import Given
from tests.unit.serve.models import columns, mlmodel, tensor

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
WIDTH = 3
MATRIX = Matrix(width=WIDTH, dtype=np.dtype("float64"))
SINGLE = Matrix(width=WIDTH, dtype=np.dtype("float32"))
figures = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(2**62), 2**62)


def fitted(kind: str, x: Any) -> Any:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    label = np.where(x[:, 0] > 0, "red", "white")
    match kind:
        case "labels":
            return make_pipeline(StandardScaler(), LogisticRegression()).fit(x, label)
        case "forest":
            return RandomForestClassifier(5, random_state=0).fit(x, label)
    return make_pipeline(StandardScaler(), LinearRegression()).fit(x, x @ np.array([1.0, 2.0, 3.0]))


@pytest.fixture(scope="module", params=["linear", "labels", "forest", "float32"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    folder = tmp_path_factory.mktemp("arrays") / request.param
    x = np.random.default_rng(0).normal(size=(60, WIDTH))
    x = x.astype("float32") if request.param == "float32" else x
    estimator = fitted(request.param, x)
    mlflow.sklearn.save_model(
        estimator, str(folder), signature=mlflow.models.infer_signature(x, estimator.predict(x)), input_example=x[:3],
        serialization_format="cloudpickle", pip_requirements=["scikit-learn"],
    )  # fmt: skip
    return load_model(folder, "wine")


@pytest.mark.parametrize("rows", [1, 2, 17])
def test_every_protocol_gives_what_pyfunc_gives(model: ServedModel, rows: int) -> None:
    assert model.estimator is not None
    assert not model.estimator.wants_names
    kind = model.signature.inputs[0].datatype
    x = np.random.default_rng(rows).normal(size=(rows, WIDTH)).astype("float32" if kind == "FP32" else "float64")
    expected = model.long_way.pyfunc.predict(x).tolist()
    # The last bit of a sum of products depends on how many rows there are.
    rounding = 1e-5 if kind == "FP32" else 1e-9
    close = pytest.approx(expected, rel=rounding, abs=rounding) if isinstance(expected[0], float) else expected
    client, lists = TestClient(service(Slot("wine", model), token="")), x.tolist()
    for form in ("inputs", "instances"):
        assert client.post("/invocations", json={form: lists}).json() == {"predictions": close}
    assert client.post("/v1/models/wine:predict", json={"instances": lists}).json() == {"predictions": close}
    sent = {"name": "anything", "shape": list(x.shape), "datatype": kind, "data": x.ravel().tolist()}
    (output,) = client.post("/v2/models/wine/infer", json={"inputs": [sent]}).json()["outputs"]
    assert output["data"] == close


@pytest.mark.parametrize(
    "asked",
    [{"inputs": [[1.0, 2.0]]}, {"inputs": [1.0, 2.0, 3.0]}, {"inputs": []}, {"inputs": [["a", "b", "c"]]}],
)
def test_what_it_does_not_take_is_the_callers_mistake(model: ServedModel, asked: Any) -> None:
    answer = TestClient(service(Slot("wine", model), token="")).post("/invocations", json=asked)
    assert answer.status_code == 400, answer.text


def test_a_gap_is_named(model: ServedModel) -> None:
    client = TestClient(service(Slot("wine", model), token=""))
    answer = client.post("/invocations", json={"inputs": [[1.0, 2.0, 3.0], [1.0, None, 2.0]]})
    if "RandomForest" in repr(model.long_way.pyfunc.get_raw_model()):
        assert len(answer.json()["predictions"]) == 2
    else:
        assert answer.json()["message"] == "Column 1 of row 1 is missing or infinite, which this model does not take."


@settings(max_examples=200)
@given(rows=st.lists(st.lists(figures, min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=4))
def test_it_is_the_array_that_numpy_makes(rows: list[list[float]]) -> None:
    expected = np.array(rows, dtype="float64")
    for found in (
        MATRIX.read(json.dumps({"inputs": rows}).encode()),
        MATRIX.read(json.dumps({"instances": rows}).encode()),
        MATRIX.of_rows(rows),
        MATRIX.of_array(expected),
        MATRIX.of_tensors([Given(name="x", shape=expected.shape, datatype="FP64", data=expected)]),
    ):
        assert found is not None
        assert found.dtype == "float64"
        assert np.array_equal(found, expected)
    narrow = SINGLE.of_rows(rows)
    assert narrow is not None
    assert np.array_equal(narrow, expected.astype("float32"))


@pytest.mark.parametrize(
    "body",
    ["", "[]", '{"inputs": [[1, 2, 3]], "instances": [[1, 2, 3]]}', '{"inputs": [[1, 2, 3]], "params": {}}',
     '{"inputs": [[1, 2, true]]}', '{"inputs": [[1, 2]]}', '{"inputs": {"x": [[1, 2, 3]]}}',
     '{"inputs": [[[1, 2, 3]]]}', '{"inputs": [[1, 2, null]]}', "[" * 100_000],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_mlflow(body: str) -> None:
    assert MATRIX.read(body.encode()) is None


def test_tensors_of_another_kind_are_left_to_mlflow() -> None:
    def given(data: Any, datatype: str, *shape: int) -> list[Given]:
        return [Given(name="x", shape=shape, datatype=datatype, data=data)]

    assert MATRIX.of_tensors(given([1, 2, 3], "INT64", 1, 3)) is None
    assert MATRIX.of_tensors(given([1.0, 2.0], "FP64", 1, 2)) is None
    assert MATRIX.of_tensors(given([1.0, 2.0, None], "FP64", 1, 3)) is None
    assert MATRIX.of_tensors(given([], "FP64", 0, 3)) is None
    assert MATRIX.of_tensors(2 * given([1.0, 2.0, 3.0], "FP64", 1, 3)) is None
    assert SINGLE.of_rows([[1e39, 0.0, 0.0]]) is None
    with pytest.raises(UsageError, match="3 values, 2 were sent"):
        MATRIX.of_tensors(given([1.0, 2.0], "FP64", 1, 3))


@pytest.mark.parametrize(
    ("inputs", "is_one"),
    [
        (tensor("float64", -1, 3), True),
        (tensor("float32", -1, 3), True),
        (tensor("int64", -1, 3), False),
        (tensor("float64", -1), False),
        (tensor("float64", -1, -1), False),
        (tensor("float64", 5, 3), False),
        (tensor("float64", -1, 3, 3), False),
        ([{**tensor("float64", -1, 3)[0], "name": "x"}], False),
        (tensor("float64", -1, 3) * 2, False),
        (columns("a", "b"), False),
    ],
)
def test_which_models_take_one(tmp_path: Path, inputs: Any, is_one: bool) -> None:
    assert (matrix_of(describe(mlmodel(tmp_path, inputs=inputs)).signature) is not None) is is_one
