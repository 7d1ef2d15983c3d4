from __future__ import annotations

import asyncio
import errno
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from nbmlops.serve import logs
from nbmlops.serve.app import service
from nbmlops.serve.slot import Slot
from tests.unit.serve.models import COLUMNS, served

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
INFER, PREDICT, INVOKE = "/v2/models/wine/infer", "/v1/models/wine:predict", "/invocations"
TENSOR = {"name": "rows", "datatype": "FP64", "shape": [2, 2], "data": [[1.0, 2.0], [3.0, 4.0]]}
FAILING = {"instances": [[-999.0, 0.0]]}


class Lines(list[bytes]):
    def read(self) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self]
        self.clear()
        return found


class Full(io.StringIO):
    """A disk without room."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def lines() -> Lines:
    return Lines()


def client(folder: Path, lines: Lines, **options: Any) -> TestClient:
    return TestClient(service(Slot("wine", served(folder)), write=lines.append, **{"token": "", **options}))


def test_each_prediction_has_a_number(tmp_path: Path, lines: Lines) -> None:
    asking = client(tmp_path, lines)
    own = [asking.post(PREDICT, json={"instances": [[1, 2]]}).headers["x-request-id"] for _ in range(3)]
    assert len(set(own)) == 3
    for given in ("7", "a b/c~", "x" * 128):
        assert asking.post(PREDICT, json={}, headers={"X-Request-Id": given}).headers["x-request-id"] == given
    for given in (b"x" * 129, "ä".encode("latin-1"), b"a\tb", b""):
        found = asking.post(PREDICT, json={}, headers={b"X-Request-Id": given}).headers["x-request-id"]
        assert found.rpartition("-")[0] == own[0].rpartition("-")[0]
    assert "x-request-id" not in asking.get("/v2/models/wine").headers
    assert lines == []


def test_who_may_not_ask_gets_a_number_too(tmp_path: Path, lines: Lines) -> None:
    asking = client(tmp_path, lines, token="secret", log_requests=True)
    assert asking.post(PREDICT, json={}, headers={"X-Request-Id": "7"}).headers["x-request-id"] == "7"
    (line,) = lines.read()
    assert (line["status"], line["request"]) == (401, "7")


def test_a_line_for_each_prediction_where_it_is_asked_for(tmp_path: Path, lines: Lines) -> None:
    asking = client(tmp_path, lines, log_requests=True, revision="4")
    asking.post(INFER, json={"inputs": [TENSOR]}, headers={"X-Request-Id": "first", "Authorization": "Bearer secret"})
    asking.post(PREDICT, json={"instances": [[12345.5, 2.0]] * 3})
    asking.post(INVOKE, json={"dataframe_split": {"columns": list(COLUMNS), "data": [[1.0, 2.0]]}})
    asking.post(INVOKE, json={})
    asking.get("/v2/models/wine")
    text = b"".join(lines).decode()
    assert "12345" not in text
    assert "secret" not in text
    found = lines.read()
    assert [(each["protocol"], each["status"], each["rows"]) for each in found] == [
        ("open-inference", 200, 2), ("kserve-v1", 200, 3), ("mlflow", 200, 1), ("mlflow", 400, None),
    ]  # fmt: skip
    assert found[0]["request"] == "first"
    assert {each["revision"] for each in found} == {"4"}
    assert all(datetime.fromisoformat(each["time"]).tzinfo and each["milliseconds"] > 0 for each in found)
    assert all("error" not in each for each in found)


@pytest.mark.parametrize("log_requests", [False, True])
def test_failures_of_the_model_are_told_always(tmp_path: Path, lines: Lines, log_requests: bool) -> None:
    asking = client(tmp_path, lines, log_requests=log_requests)
    answer = asking.post(PREDICT, json=FAILING, headers={"X-Request-Id": "bad"})
    assert answer.status_code == 500
    (line,) = lines.read()
    assert (line["request"], line["error"], line["message"]) == ("bad", "RuntimeError", "the tree fell over")


def test_failures_of_the_service_are_told_with_their_type(lines: Lines) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("a page\nof reasons")

    app = logs.Logged(broken, all_requests=False, write=lines.append)
    with pytest.raises(LookupError):
        TestClient(app).post(INFER, json={})
    (line,) = lines.read()
    assert (line["status"], line["error"], line["message"]) == (500, "LookupError", "a page")


def test_a_caller_who_leaves_is_no_failure(tmp_path: Path, lines: Lines) -> None:
    app = service(Slot("wine", served(tmp_path)), token="", log_requests=True, write=lines.append)
    sent: list[Any] = []

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": INFER, "headers": [], "query_string": b""}
    asyncio.run(app(scope, gone, send))
    (line,) = lines.read()
    assert line["status"] == 499
    assert "error" not in line


def test_a_log_that_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asking = TestClient(service(Slot("wine", served(tmp_path)), token="", log_requests=True))
    full = Full()
    monkeypatch.setattr("sys.stdout", full)
    assert asking.post(PREDICT, json={"instances": [[1, 2]]}).status_code == 200
    assert full.getvalue().count('"status":200') == 1


def test_lines_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    logs.to_stdout(b'{"a": "\xc3\xa4"}')
    assert capsys.readouterr().out == '{"a": "ä"}\n'
