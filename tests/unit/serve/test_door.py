"""Requests that break a contract: counted, refused, or kept apart; in each protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from nbmlops.quality.document import read
from nbmlops.quality.door import Door, OnBreach
from nbmlops.serve.app import service
from nbmlops.serve.request_log.log import RequestLog, Wanted
from nbmlops.serve.request_log.newest import newest
from nbmlops.serve.slot import Slot
from tests.unit.serve.models import COLUMNS, served

TEXT = "columns: {alcohol: {type: number, max: 15}, ash: {max: {is: 9, severity: warning}}}\n"


def client(folder: Path, way: OnBreach, lines: list[bytes] | None = None, **more: Any) -> TestClient:
    door = Door(read(TEXT), way)
    model = msgspec.structs.replace(served(folder), door=door)
    write = lines.append if lines is not None else lambda line: None
    return TestClient(service(Slot("wine", model), token="", door=door, log_requests=True, write=write, **more))


def ask(asked: TestClient, *rows: list[float]) -> Any:
    return asked.post("/invocations", json={"dataframe_split": {"columns": list(COLUMNS), "data": rows}})


@pytest.mark.filterwarnings("ignore")
def test_a_warning_is_in_the_answers_head_in_the_log_and_in_the_metrics(tmp_path: Path) -> None:
    lines: list[bytes] = []
    asked = client(tmp_path, "warn", lines)
    assert "x-nbmlops-contract" not in ask(asked, [9.0, 2.0]).headers
    answer = ask(asked, [9.0, 2.0], [99.0, 10.0])
    assert answer.json() == {"predictions": [11.0, 109.0]}
    assert answer.headers["x-nbmlops-contract"] == "warned"
    logged = [msgspec.json.decode(line) for line in lines]
    assert [each.get("contract") for each in logged] == [None, ["alcohol max", "ash max"]]
    metrics = asked.get("/metrics").text
    assert 'nbmlops_contract_requests_total{found="broken"} 1.0' in metrics
    assert 'nbmlops_contract_broken_rows_total{column="alcohol",rule="max"} 1.0' in metrics


@pytest.mark.filterwarnings("ignore")
def test_what_is_refused_says_row_and_column_in_each_protocol(tmp_path: Path) -> None:
    asked = client(tmp_path, "reject")
    why = "Row 1: alcohol has to be at most 15, and is 99.0."
    rows = [[9.0, 2.0], [99.0, 2.0]]
    answer = ask(asked, *rows)
    assert (answer.status_code, answer.json()) == (422, {"error_code": "CONTRACT_BROKEN", "message": why})
    records = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    answer = asked.post("/v1/models/wine:predict", json={"instances": records})
    assert (answer.status_code, answer.json()) == (422, {"error": why})
    tensors = [
        {"name": name, "datatype": "FP64", "shape": [2], "data": [row[place] for row in rows]}
        for place, name in enumerate(COLUMNS)
    ]
    answer = asked.post("/v2/models/wine/infer", json={"inputs": tensors})
    assert (answer.status_code, answer.json()) == (422, {"error": why})
    assert ask(asked, [9.0, 10.0]).headers["x-nbmlops-contract"] == "warned"


@pytest.mark.filterwarnings("ignore")
def test_rows_that_break_it_lie_apart_from_those_that_are_kept(tmp_path: Path) -> None:
    kept, apart = (RequestLog(Wanted(folder=tmp_path / name)) for name in ("requests", "requests/quarantine"))
    asked = client(tmp_path / "model", "quarantine", kept=kept, apart=apart)
    assert "x-nbmlops-contract" not in ask(asked, [9.0, 2.0]).headers
    assert ask(asked, [9.0, 10.0]).headers["x-nbmlops-contract"] == "warned"
    assert ask(asked, [9.0, 2.0], [99.0, 2.0]).headers["x-nbmlops-contract"] == "quarantined"
    kept.close()
    apart.close()
    (whole,) = newest(tmp_path / "requests", 100)
    assert whole.column("input.alcohol").to_pylist() == [9.0, 9.0]
    assert "broken" not in whole.column_names
    (found,) = newest(tmp_path / "requests" / "quarantine", 100)
    assert found.column("input.alcohol").to_pylist() == [9.0, 99.0]
    assert found.column("broken").to_pylist() == ["alcohol max", "alcohol max"]
