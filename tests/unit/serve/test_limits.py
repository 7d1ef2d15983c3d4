"""What takes too long is told so, what is too much is sent away, and the service goes on."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from starlette.testclient import TestClient

from nbmlops.serve.app import service
from nbmlops.serve.batching import Batcher
from nbmlops.serve.estimator import Estimator
from nbmlops.serve.libraries import is_of_libraries
from nbmlops.serve.limits import Limits
from nbmlops.serve.model import ServedModel
from nbmlops.serve.rows import columns_of
from nbmlops.serve.slot import Slot
from tests.unit.serve.models import Sum, served

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
PREDICT = "/v1/models/wine:predict"
HANGING, QUICK = {"instances": [[-1.0, 0.0]]}, {"instances": [[1.0, 2.0]]}
TENSOR = {"name": "rows", "datatype": "FP64", "shape": [1, 2], "data": [-1.0, 0.0]}
REQUESTS = {
    PREDICT: HANGING,
    "/v2/models/wine/infer": {"inputs": [TENSOR]},
    "/invocations": {"inputs": HANGING["instances"]},
}
SECONDS = 2.0


class Gate:
    """Minus one waits until it is opened."""

    def __init__(self) -> None:
        self.is_open = threading.Event()

    def score(self, rows: Any) -> Any:
        found = np.asarray(rows)
        if (found == -1).any():
            assert self.is_open.wait(30)
        return found.sum(axis=1)


class Hanging(Sum):
    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        return self._gate.score(pd.DataFrame(data))


@pytest.fixture
def gate() -> Iterator[Gate]:
    found = Gate()
    yield found
    found.is_open.set()


def batched(folder: Path, gate: Gate) -> ServedModel:
    limits = Limits(seconds=SECONDS)
    columns = columns_of(served(folder).signature)
    assert columns is not None
    estimator = Estimator(columns=columns, predict=gate.score, wants_names=False, is_row_wise=True)
    batcher = Batcher(gate.score, seconds=SECONDS, ends=False)
    return served(folder, limits, long_way=Hanging(gate), estimator=estimator, batcher=batcher)


def until(client: TestClient, status: int) -> None:
    end = time.monotonic() + 20
    while client.get("/healthz/ready").status_code != status:
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("is_batched", [False, True])
def test_a_model_that_hangs(tmp_path: Path, gate: Gate, is_batched: bool) -> None:
    model = batched(tmp_path, gate) if is_batched else served(tmp_path, Limits(seconds=SECONDS), long_way=Hanging(gate))
    with TestClient(service(Slot("wine", model), token="")) as client, ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(client.post, address, json=body) for address, body in REQUESTS.items()]
        assert client.get("/healthz/live").status_code == 200
        for each in asked:
            assert each.result().status_code == 504
            told = each.result().json()
            assert "within 2 s" in told.get("error", told.get("message", ""))
            assert told.get("error_code", "MODEL_SLOW") == "MODEL_SLOW"
        until(client, 503)
        assert client.get("/healthz/live").status_code == 200
        for address in ("/v2/health/ready", "/v2/models/wine/ready", "/v1/models/wine", "/ping"):
            assert client.get(address).status_code == 503
        if is_batched:
            turned = client.post(PREDICT, json=QUICK)
            assert (turned.status_code, turned.headers["retry-after"]) == (503, "1")
        gate.is_open.set()
        until(client, 200)
        assert client.post(PREDICT, json=QUICK).json() == {"predictions": [3.0]}


def test_few_go_the_long_way_and_few_wait_for_it(tmp_path: Path, gate: Gate) -> None:
    limits = Limits(seconds=30, threads=1, most_waiting_for_threads=2)
    model = served(tmp_path, limits, long_way=Hanging(gate))
    with TestClient(service(Slot("wine", model), token="")) as client, ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(client.post, PREDICT, json=HANGING) for _ in range(5)]
        end = time.monotonic() + 20
        while sum(each.done() for each in asked) < 2:
            assert time.monotonic() < end
            time.sleep(0.01)
        gate.is_open.set()
        statuses = sorted(each.result().status_code for each in asked)
        assert statuses == [200, 200, 200, 503, 503]
        assert {each.result().headers.get("retry-after") for each in asked} == {None, "1"}
        assert client.post(PREDICT, json=QUICK).status_code == 200


@pytest.mark.parametrize("address", REQUESTS)
def test_one_caller_does_not_take_all_places(tmp_path: Path, gate: Gate, address: str) -> None:
    app = service(Slot("wine", served(tmp_path, long_way=Hanging(gate))), token="", most_of_one=2)
    one, other = (TestClient(app, client=(host, 50_000)) for host in ("10.0.0.1", "10.0.0.2"))
    with one, other, ThreadPoolExecutor(2) as pool:
        taken = [pool.submit(one.post, address, json=REQUESTS[address]) for _ in range(2)]
        end = time.monotonic() + 20
        while "nbmlops_requests_under_way 2.0" not in other.get("/metrics").text:
            assert time.monotonic() < end
            time.sleep(0.01)
        away = one.post(PREDICT, json=QUICK)
        assert (away.status_code, away.headers["retry-after"]) == (429, "1")
        assert away.json()["error"].startswith("Too many requests of yours")
        assert one.post("/invocations", json={"inputs": [[1.0, 2.0]]}).json()["error_code"] == "CALLER_BUSY"
        assert one.get("/healthz/ready").status_code == 200
        assert other.post(PREDICT, json=QUICK).status_code == 200
        gate.is_open.set()
        assert [each.result().status_code for each in taken] == [200, 200]
        assert one.post(PREDICT, json=QUICK).status_code == 200


def test_what_waits_for_a_thread_too_long_is_never_begun(tmp_path: Path, gate: Gate) -> None:
    model = served(tmp_path, Limits(seconds=SECONDS, threads=1), long_way=Hanging(gate))
    begun: list[int] = []

    async def play() -> None:
        first = asyncio.create_task(model.aside(gate.score, np.array([[-1.0]])))
        await asyncio.sleep(0)
        later = [asyncio.create_task(model.aside(begun.append, number)) for number in range(3)]
        await asyncio.gather(first, *later, return_exceptions=True)
        gate.is_open.set()
        await model.aside(int)

    asyncio.run(play())
    assert begun == []
    assert not model.is_hanging


def test_a_caller_who_sends_slowly_is_not_waited_for(tmp_path: Path) -> None:
    app = service(Slot("wine", served(tmp_path, Limits(seconds=0.05))), token="")
    pieces = [{"type": "http.request", "body": b"{", "more_body": True}]
    sent: list[Any] = []

    async def receive() -> Any:
        if pieces:
            return pieces.pop()
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": PREDICT, "headers": [], "query_string": b""}
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 408
    assert "within 0.05 s" in json.loads(sent[1]["body"])["error"]


def test_code_of_the_users_own_is_never_run_where_probes_are_answered() -> None:
    async def play() -> set[int]:
        threads: set[int] = set()

        def score(rows: Any) -> Any:
            threads.add(threading.get_ident())
            return rows[:, 0]

        batcher = Batcher(score, ends=False)
        for _ in range(20):
            await batcher.ask(np.ones((1, 1)))
        batcher.close()
        return threads

    assert threading.get_ident() not in asyncio.run(play())
    assert is_of_libraries(make_pipeline(StandardScaler(), LinearRegression()))
    assert is_of_libraries(make_pipeline(FunctionTransformer(np.log1p), LinearRegression()))
    for own in (lambda x: x, Gate().score):
        assert not is_of_libraries(make_pipeline(FunctionTransformer(own), LinearRegression()))
    assert not is_of_libraries(Sum())
    assert not is_of_libraries(None)
