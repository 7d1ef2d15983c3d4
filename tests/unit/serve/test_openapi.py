from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from nbmlops.serve import schemas
from nbmlops.serve.app import service
from nbmlops.serve.example import FILE, logged_example
from nbmlops.serve.request_log.log import RequestLog, Wanted
from nbmlops.serve.signature import Signature, describe
from nbmlops.serve.slot import Slot
from tests.unit.serve.models import columns, mlmodel, served, tensor

KINDS = ("boolean", "integer", "long", "float", "double", "string", "datetime", "binary")


def document(folder: Path, token: str = "", **parts: Any) -> Any:
    client = TestClient(service(Slot("wine", served(folder, **parts)), token=token))
    return client.get("/openapi.json", headers={"Authorization": f"Bearer {token}"}).json()


def signature(folder: Path, **fields: Any) -> Signature:
    return describe(mlmodel(folder, **fields)).signature


SIGNATURES = {
    "columns": {"inputs": [{"name": kind, "type": kind, "required": kind != "double"} for kind in KINDS]},
    "tensor": {"inputs": tensor("float32", -1, 2, 2), "outputs": tensor("int64", -1)},
    "none": {},
}


@pytest.mark.parametrize("kind", list(SIGNATURES))
@pytest.mark.parametrize("token", ["", "secret"])
def test_it_is_openapi(tmp_path: Path, kind: str, token: str) -> None:
    found = document(tmp_path, token, signature=signature(tmp_path / "other", **SIGNATURES[kind]))
    assert found["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(found).validate()
    for each in found["components"]["schemas"].values():
        Draft202012Validator.check_schema(each)


def test_every_place_of_the_service_is_told_of(tmp_path: Path) -> None:
    app = service(Slot("wine", served(tmp_path)), token="")
    there = {
        route.path.replace("{model}:predict", "wine:predict").replace("{model}", "wine").replace("{version}", "m-1")
        for route in app.routes
    }
    told = {path.replace("wine:predict", "wine") for path in document(tmp_path)["paths"]}
    assert told == there


def test_where_requests_are_kept_labels_can_be_told(tmp_path: Path) -> None:
    kept = RequestLog(Wanted(folder=tmp_path / "kept"))
    app = service(Slot("wine", served(tmp_path)), token="", kept=kept)
    found = TestClient(app).get("/openapi.json").json()
    kept.close()
    OpenAPIV31SpecValidator(found).validate()
    body = found["paths"]["/labels"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    asked = Draft202012Validator(body)
    assert asked.is_valid({"labels": [{"request": "5f0c-17", "label": 2}, {"request": "a", "row": 3, "label": "beer"}]})
    assert not asked.is_valid({"labels": [{"request": "", "label": 2}]})
    assert not asked.is_valid({"labels": [{"label": 2}]})
    assert "/labels" not in document(tmp_path)["paths"]


def test_a_token_in_front_is_told_of_and_not_asked_for(tmp_path: Path) -> None:
    client = TestClient(service(Slot("wine", served(tmp_path)), token="", is_token_in_front=True))
    found = client.get("/openapi.json").json()
    assert found["security"] == [{"token": []}]
    assert client.get("/v2/models/wine").status_code == 200


def test_who_is_sent_away_is_told_when_to_come_back(tmp_path: Path) -> None:
    posts = [item["post"] for item in document(tmp_path)["paths"].values() if "post" in item]
    assert len(posts) == 4
    for each in posts:
        assert {
            status for status, answer in each["responses"].items() if "Retry-After" in answer.get("headers", {})
        } == {
            "429",
            "503",
        }


def test_who_needs_a_token(tmp_path: Path) -> None:
    found = document(tmp_path, "secret")
    assert found["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    free = {path for path, item in found["paths"].items() if item.get("get", {}).get("security") == []}
    assert free == {"/", "/healthz/live", "/healthz/ready", "/v2/health/live", "/v2/health/ready", "/ping", "/health",
                    "/version"}  # fmt: skip
    assert "401" in found["paths"]["/invocations"]["post"]["responses"]
    assert "security" not in document(tmp_path)
    client = TestClient(service(Slot("wine", served(tmp_path)), token="secret"))
    assert client.get("/openapi.json").status_code == 401
    assert TestClient(service(Slot("wine"), token="")).get("/openapi.json").status_code == 503


@pytest.mark.parametrize(
    ("row", "is_right"),
    [
        ({"a": 1, "b": 2, "c": "x"}, True),
        ({"a": 1, "b": 2}, True),
        ({"a": 1, "b": 2, "c": None}, True),
        ({"a": 1.5, "b": 2, "c": "x"}, False),
        ({"a": 2**31, "b": 2, "c": "x"}, False),
        ({"a": None, "b": 2, "c": "x"}, False),
        ({"a": 1, "c": "x"}, False),
        ({"a": 1, "b": "2"}, False),
        ({"a": 1, "b": 2, "c": 3}, False),
    ],
)
def test_columns_are_described_as_they_are(tmp_path: Path, row: dict[str, Any], is_right: bool) -> None:
    fields = [*columns("a", kind="integer"), *columns("b"), {"name": "c", "type": "string", "required": False}]
    asked = signature(tmp_path, inputs=fields)
    assert is_valid(schemas.mlflow(asked), {"dataframe_records": [row]}) is is_right
    assert is_valid(schemas.kserve(asked), {"instances": [row]}) is is_right
    if len(row) == 3:
        assert is_valid(schemas.kserve(asked), {"instances": [list(row.values())]}) is is_right


def test_arrays_have_their_shape(tmp_path: Path) -> None:
    asked = signature(tmp_path, inputs=tensor("float32", -1, 2, 2))
    right, wrong = [[1, 2], [3, 4]], [[1, 2], [3]]
    for schema, name in ((schemas.mlflow(asked), "inputs"), (schemas.kserve(asked), "instances")):
        assert is_valid(schema, {name: [right, right]})
        assert not is_valid(schema, {name: [right, wrong]})
    one = {"name": "input-0", "datatype": "FP32", "shape": [1, 2, 2], "data": [1, 2, 3, 4]}
    assert is_valid(schemas.open_inference(asked), {"inputs": [one]})
    for other in ({"shape": [1, 2, 3]}, {"shape": [4]}, {"datatype": "FP64"}, {"name": "x"}):
        assert not is_valid(schemas.open_inference(asked), {"inputs": [{**one, **other}]})


@pytest.mark.parametrize("kind", ["columns", "tensor"])
def test_an_example_is_made_where_none_was_logged(tmp_path: Path, kind: str) -> None:
    asked = signature(tmp_path, **SIGNATURES[kind])
    assert is_valid(schemas.mlflow(asked), schemas.example(asked))


def test_the_example_that_was_logged_is_shown_with_the_token_only(tmp_path: Path) -> None:
    logged = {"dataframe_split": {"columns": ["alcohol", "ash"], "data": [[1.5, 2.5]]}}
    (tmp_path / FILE).write_text(json.dumps(logged))
    found = document(tmp_path, "secret", example=logged_example(tmp_path))
    assert found["paths"]["/invocations"]["post"]["requestBody"]["content"]["application/json"]["example"] == logged
    for text in ("[1]", "{", " " * (1 << 19)):
        (tmp_path / FILE).write_text(text)
        assert logged_example(tmp_path) is None
    assert logged_example(tmp_path / "nowhere") is None


def is_valid(schema: Any, value: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(value))
