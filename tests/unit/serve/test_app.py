from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from nbmlops.serve.app import FREE, service
from nbmlops.serve.body import MOST_BYTES
from nbmlops.serve.signature import describe
from nbmlops.serve.slot import Slot
from nbmlops.serve.words import failed
from tests.unit.serve.models import COLUMNS, Sum, columns, mlmodel, served

ROWS = [[1.0, 2.0], [3.0, 4.0]]
TENSOR = {"name": "rows", "datatype": "FP64", "shape": [2, 2], "data": ROWS}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(service(Slot("wine", served(tmp_path)), token=""))


def infer(client: TestClient, **document: Any) -> Any:
    return client.post("/v2/models/wine/infer", json=document)


def test_open_inference(client: TestClient) -> None:
    about = client.get("/v2/models/wine").json()
    assert (about["name"], about["versions"], about["platform"]) == ("wine", ["m-1"], "sklearn")
    assert [each["name"] for each in about["inputs"]] == list(COLUMNS)
    assert client.get("/v2").json()["name"] == "nbmlops"
    assert client.get("/v2/models/wine/ready").json() == {"name": "wine", "ready": True}
    assert infer(client, inputs=[TENSOR], id="7").json() == {
        "model_name": "wine",
        "model_version": "m-1",
        "id": "7",
        "outputs": [{"name": "output-0", "shape": [2], "datatype": "FP64", "data": [3.0, 7.0]}],
    }
    assert client.post("/v2/models/wine/versions/m-1/infer", json={"inputs": [TENSOR]}).status_code == 200


def test_open_inference_gives_the_outputs_that_are_asked_for(client: TestClient) -> None:
    wide = {"inputs": [TENSOR], "parameters": {"wide": True, "times": 2}}
    assert [each["name"] for each in infer(client, **wide).json()["outputs"]] == ["sum", "half"]
    (only,) = infer(client, **wide, outputs=[{"name": "half"}]).json()["outputs"]
    assert only["data"] == [3.0, 7.0]
    refused = infer(client, **wide, outputs=[{"name": "third"}])
    assert (refused.status_code, refused.json()["error"]) == (400, "The model gives no output 'third', but sum, half.")


@pytest.mark.parametrize(
    ("address", "document", "status", "why"),
    [
        ("/v2/models/beer/infer", {"inputs": []}, 404, "There is no model beer here, but wine."),
        ("/v2/models/wine/versions/2/infer", {"inputs": []}, 404, "There is no version 2 of wine here."),
        ("/v2/models/wine/infer", {"inputs": [{**TENSOR, "shape": [9]}]}, 400, "has 9 values, 4 were sent"),
        ("/v2/models/wine/infer", {}, 400, "missing required field `inputs`"),
        ("/v2/models/wine/infer", {"inputs": [{**TENSOR, "data": [-999.0] * 4}]}, 500, "RuntimeError"),
        ("/v1/models/beer:predict", {"instances": []}, 404, "There is no model beer"),
        ("/v1/models/wine:explain", {"instances": []}, 404, "does not 'explain' here"),
        ("/v1/models/wine:predict", {"instances": [[1.0], [1.0, 2.0]]}, 400, "not of one shape"),
    ],
)
def test_errors_say_what_is_wrong(client: TestClient, address: str, document: Any, status: int, why: str) -> None:
    answer = client.post(address, json=document)
    assert answer.status_code == status
    assert why in answer.json()["error"]
    assert "Traceback" not in answer.text


def test_kserves_first_protocol(client: TestClient) -> None:
    assert client.get("/v1/models").json() == {"models": ["wine"]}
    assert client.get("/v1/models/wine").json() == {"name": "wine", "ready": True}
    for instances in (ROWS, [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]):
        assert client.post("/v1/models/wine:predict", json={"instances": instances}).json() == {
            "predictions": [3.0, 7.0]
        }


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(
    "document",
    [
        {"dataframe_split": {"columns": list(COLUMNS), "data": ROWS}},
        {"dataframe_records": [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]},
        {"instances": ROWS},
        {"inputs": ROWS},
        {"inputs": ROWS, "params": {"times": 1}},
    ],
)
def test_mlflows_protocol_as_json(client: TestClient, document: Any) -> None:
    assert client.post("/invocations", json=document).json() == {"predictions": [3.0, 7.0]}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_mlflows_protocol_as_csv_and_its_errors(client: TestClient) -> None:
    def post(text: str, kind: str) -> Any:
        return client.post("/invocations", content=text, headers={"content-type": kind})

    assert post("alcohol,ash\n1,2\n3,4\n", "text/csv").json() == {"predictions": [3.0, 7.0]}
    for text, kind, status in (
        ("{}", "application/json", 400),
        ("[1]", "application/json", 400),
        ("{", "application/json", 400),
        ('{"inputs": [], "instances": []}', "application/json", 400),
        ('{"inputs": [[1, 2]], "params": 3}', "application/json", 400),
        ("x", "application/vnd.apache.parquet", 400),
        ("x", "text/plain", 415),
        ("{}", "application/json; format=pandas-split", 415),
        ("{}", "application/json; charset=latin-1", 415),
    ):
        answer = post(text, kind)
        assert answer.status_code == status, (text, kind, answer.text)
        assert set(answer.json()) == {"error_code", "message"}
    assert client.get("/ping").status_code == 200
    assert client.get("/version").text.count(".") >= 2


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(
    ("value", "status"), [("a", 500), (None, 500), ({"a": 1}, 400), ([], 400), (True, 400), (1.5, 400)]
)
def test_a_failure_over_what_is_no_text_is_the_callers(tmp_path: Path, value: Any, status: int) -> None:
    class Failing(Sum):
        def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
            raise failed(TypeError("unhashable type: 'dict'"))

    texts = describe(mlmodel(tmp_path / "texts", inputs=columns("grape", kind="string"))).signature
    asking = TestClient(service(Slot("wine", served(tmp_path, long_way=Failing(), signature=texts)), token=""))
    answer = asking.post("/invocations", json={"dataframe_records": [{"grape": "a"}, {"grape": value}]})
    assert answer.status_code == status
    assert ("column 'grape' is no text" in answer.json()["message"]) is (status == 400)


def test_while_it_loads_it_lives_and_is_not_ready() -> None:
    client = TestClient(service(Slot("wine"), token=""))
    assert client.get("/healthz/live").status_code == client.get("/v2/health/live").status_code == 200
    for address in ("/healthz/ready", "/v2/health/ready", "/ping"):
        assert client.get(address).status_code == 503
    answer = client.post("/v2/models/wine/infer", json={"inputs": [TENSOR]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_only_probes_need_no_token(tmp_path: Path) -> None:
    slot = Slot("wine", served(tmp_path))
    client = TestClient(service(slot, token="secret"))
    for address in FREE:
        assert client.get(address).status_code == 200
    for given in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "Basic secret"}):
        answer = client.get("/v2/models/wine", headers=given)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert client.get("/no/such/place", headers=given).status_code == 401
    assert client.get("/v2/models/wine", headers={"Authorization": "bearer secret"}).status_code == 200


def test_a_request_is_not_read_beyond_its_bound(client: TestClient) -> None:
    def endless() -> Any:
        for _ in range((MOST_BYTES >> 20) + 8):
            yield b" " * (1 << 20)

    answer = client.post("/v2/models/wine/infer", content=endless())
    assert answer.status_code == 413
    assert "longer than 64 MiB" in answer.json()["error"]


def test_what_is_asked_is_counted(client: TestClient) -> None:
    for document in ({"inputs": [TENSOR]}, {"inputs": [TENSOR]}, {}):
        client.post("/v2/models/wine/infer", json=document)
    client.post("/v1/models/wine:predict", json={"instances": ROWS})
    client.get("/v2/models/wine")
    text = client.get("/metrics").text
    for line in (
        'nbmlops_requests_total{protocol="open-inference",status="200"} 2.0',
        'nbmlops_requests_total{protocol="open-inference",status="400"} 1.0',
        'nbmlops_requests_total{protocol="kserve-v1",status="200"} 1.0',
        'nbmlops_request_seconds_count{protocol="open-inference"} 3.0',
        'nbmlops_model_info{name="wine",version="m-1"} 1.0',
        "nbmlops_requests_under_way 0.0",
    ):
        assert line in text.splitlines()
