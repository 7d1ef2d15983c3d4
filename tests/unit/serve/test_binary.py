"""Tensors as bytes: what is sent so comes back so, and lengths are not believed."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from nbmlops.errors import UsageError
from nbmlops.serve import binary
from nbmlops.serve.app import service
from nbmlops.serve.signature import NUMPY
from nbmlops.serve.slot import Slot
from nbmlops.serve.tensors import Given, output_of, to_array
from tests.unit.serve.models import served

ROWS = np.array([[1.0, 2.0], [3.0, 4.0]])


@given(st.sampled_from(sorted(NUMPY)), st.lists(st.integers(0, 1), max_size=9))
def test_numbers_come_back(datatype: str, values: list[int]) -> None:
    array = np.array(values, dtype=NUMPY[datatype])
    output = output_of("x", array)
    (data,) = binary.take([output], [array], [True])
    assert output == {
        "name": "x",
        "shape": [len(values)],
        "datatype": datatype,
        "parameters": {"binary_data_size": len(data)},
    }
    sent = Given(name="x", shape=(len(values),), datatype=datatype, parameters={binary.SIZE: len(data)})
    binary.give([sent], memoryview(data))
    assert np.array_equal(to_array(sent), array)
    assert to_array(sent).dtype == array.dtype


@given(st.lists(st.text(max_size=5), max_size=5))
def test_texts_come_back(texts: list[str]) -> None:
    array = np.array(texts, dtype=object)
    output = output_of("x", array)
    (data,) = binary.take([output], [array], [True])
    sent = Given(name="x", shape=(len(texts),), datatype="BYTES", parameters=output["parameters"])
    binary.give([sent], memoryview(data))
    assert to_array(sent).tolist() == texts


@given(st.binary(max_size=40), st.sampled_from([*NUMPY, "BYTES", "FLOAT"]), st.integers(-2, 50))
def test_whatever_is_behind_is_read_or_refused(data: bytes, datatype: str, size: int) -> None:
    sent = Given(name="x", shape=(2,), datatype=datatype, parameters={"binary_data_size": size})
    with contextlib.suppress(UsageError):
        binary.give([sent], memoryview(data))
        assert to_array(sent).size == 2


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(service(Slot("wine", served(tmp_path)), token=""))


def ask(client: TestClient, behind: bytes, size: int, length: str = "", **more: Any) -> Any:
    tensor = {"name": "rows", "datatype": "FP64", "shape": [2, 2], "parameters": {"binary_data_size": size}}
    head = json.dumps({"inputs": [tensor], **more}).encode()
    headers = {"Inference-Header-Content-Length": length or str(len(head))}
    return client.post("/v2/models/wine/infer", content=head + behind, headers=headers)


def test_bytes_are_answered_with_figures_or_bytes(client: TestClient) -> None:
    data = ROWS.tobytes()
    assert ask(client, data, len(data)).json()["outputs"][0]["data"] == [3.0, 7.0]
    for more in (
        {"parameters": {"binary_data_output": True}},
        {"outputs": [{"name": "output-0", "parameters": {"binary_data": True}}]},
    ):
        answer = ask(client, data, len(data), **more)
        length = int(answer.headers["inference-header-content-length"])
        (output,) = json.loads(answer.content[:length])["outputs"]
        assert output["parameters"] == {"binary_data_size": 16}
        assert struct.unpack("<2d", answer.content[length:]) == (3.0, 7.0)
    refused = {"outputs": [{"name": "output-0", "parameters": {"binary_data": False}}]}
    both = ask(client, data, len(data), parameters={"binary_data_output": True}, **refused)
    assert both.json()["outputs"][0]["data"] == [3.0, 7.0]


def test_lengths_are_not_believed(client: TestClient) -> None:
    data = ROWS.tobytes()
    for behind, size, length in (
        (data, 8, ""),
        (data, 33, ""),
        (data, -1, ""),
        (data[:-1], 31, ""),
        (data + b"x", 32, ""),
        (data, 32, "7"),
        (data, 32, "100000"),
        (data, 32, "-5"),
        (data, 32, "many"),
    ):
        answer = ask(client, behind, size, length)
        assert answer.status_code == 400, (size, length, answer.text)
        assert set(answer.json()) == {"error"}


@pytest.mark.parametrize("length", ["\u00b2", "9" * 5000, "", " 2"])
def test_what_is_no_length_is_refused(length: str) -> None:
    with pytest.raises(UsageError, match="cannot be"):
        binary.split(b"{}", length)
