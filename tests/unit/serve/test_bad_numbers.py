"""What is no number of JSON, and what is nested without end, is the caller's mistake by every protocol."""

from __future__ import annotations

import mlflow
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from starlette.testclient import TestClient

from nbmlops.serve.app import service
from nbmlops.serve.model import load_model
from nbmlops.serve.slot import Slot

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
PLACES = {
    "/invocations": '{"dataframe_split": {"columns": ["a", "b"], "data": [[1.0, @]]}}',
    "/v1/models/sums:predict": '{"instances": [[1.0, @]]}',
    "/v2/models/sums/infer": '{"inputs": [{"name": "rows", "datatype": "FP64", "shape": [1, 2], "data": [1.0, @]}]}',
}
VALUES = {
    "nan": "NaN",
    "infinity": "Infinity",
    "minus": "-Infinity",
    "large": "1e999",
    "lists": "[" * 50_000 + "]" * 50_000,
    "fewer lists": "[" * 900 + "1" + "]" * 900,
    "objects": '{"a":' * 50_000 + "1" + "}" * 50_000,
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    folder = tmp_path_factory.mktemp("models") / "sums"
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 5.0, 1.0]})
    model = LinearRegression().fit(table, table.sum(axis=1))
    signature = mlflow.models.infer_signature(table, model.predict(table))
    mlflow.sklearn.save_model(model, str(folder), signature=signature, pip_requirements=["scikit-learn"])
    return TestClient(service(Slot("sums", load_model(folder, "sums")), token=""))


@pytest.mark.parametrize("address", PLACES)
@pytest.mark.parametrize("value", VALUES)
def test_it_is_refused_and_the_next_one_is_answered(client: TestClient, address: str, value: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post(address, content=PLACES[address].replace("@", VALUES[value]), headers=headers)
    assert answer.status_code == 400, answer.text[:300]
    assert len(answer.content) < 1000
    good = client.post(address, content=PLACES[address].replace("@", "2.0"), headers=headers)
    assert good.status_code == 200
    assert "3.0" in good.text or "2.9999" in good.text
