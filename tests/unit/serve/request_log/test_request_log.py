"""What is kept of requests, what is left out, and what is left when something goes wrong."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nbmlops.serve.request_log import log as module
from nbmlops.serve.request_log import segment
from nbmlops.serve.request_log.log import RequestLog, Wanted
from nbmlops.serve.request_log.tables import MOST_ROWS, Entry, table_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TABLE = pd.DataFrame({"age": [31, 64], "name": ["Ö", None], "since": pd.to_datetime(["2020-01-01", None])})
DIES = """
import os, signal, sys, time
from pathlib import Path
from tests.unit.serve.request_log.test_request_log import entry
from nbmlops.serve.request_log.log import RequestLog, Wanted
log = RequestLog(Wanted(folder=Path(sys.argv[1])), revision="3")
for number in range(50):
    log.put(entry(f"r{number}"))
while log.kept < 50:
    time.sleep(0.01)
os.kill(os.getpid(), signal.SIGKILL)
"""


def entry(request_id: str = "one", **more: Any) -> Entry:
    given: dict[str, Any] = {
        "inputs": np.array([[1.0, 2.0], [3.0, 5.0]]), "names": ("a", "b"), "outputs": np.array([3.0, 8.0]), **more
    }  # fmt: skip
    return Entry(request_id=request_id, time=NOW, protocol="mlflow", milliseconds=2.5, **given)


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not what():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.01)


def kept(folder: Path) -> pa.Table:
    files = sorted(folder.glob("*.parquet"))
    return pa.concat_tables([pq.read_table(each) for each in files], promote_options="default")


def test_a_request_is_a_row_for_each_of_its_rows() -> None:
    found = table_of(entry(), revision="2", redacted=())
    assert found.to_pylist() == [
        {"request_id": "one", "row": row, "time": NOW, "protocol": "mlflow", "revision": "2", "milliseconds": 2.5,
         "input.a": a, "input.b": b, "output.prediction": a + b}
        for row, (a, b) in enumerate([(1.0, 2.0), (3.0, 5.0)])
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        (TABLE, pd.Series([1, 2]), {"input.age": [31, 64], "input.name": ["Ö", None], "output.prediction": [1, 2]}),
        (TABLE, pd.DataFrame({"yes": [0.1, 0.9]}), {"output.yes": [0.1, 0.9]}),
        (TABLE, np.array([[1, 2], [3, 4]]), {"output.0": [1, 3], "output.1": [2, 4]}),
        (TABLE, ["a", "b"], {"output.prediction": ["a", "b"]}),
        (TABLE, {"whole": 7}, {"output": ['{"whole":7}', None]}),
        ({"x": np.zeros((2, 1, 2))}, np.array([1, 2]), {"input.x": [[[0.0, 0.0]], [[0.0, 0.0]]]}),
        (np.zeros((2, 1, 2)), np.array([1, 2]), {"input": [[[0.0, 0.0]], [[0.0, 0.0]]]}),
        (np.array(["a", "b"], dtype=object), np.array([True, False]), {"output.prediction": [True, False]}),
    ],
)
def test_whatever_models_take_and_give(inputs: Any, outputs: Any, expected: dict[str, list[Any]]) -> None:
    found = table_of(entry(inputs=inputs, names=(), outputs=outputs), revision="", redacted=()).to_pydict()
    assert {name: found[name] for name in expected} == expected
    assert found["row"] == [0, 1]


def test_what_is_redacted_is_not_there() -> None:
    found = table_of(entry(inputs=TABLE, names=()), revision="", redacted={"name", "prediction"})
    assert found["input.name"].null_count == found["output.prediction"].null_count == 2
    assert found["input.age"].to_pylist() == [31, 64]


def test_of_a_long_request_its_beginning() -> None:
    rows = np.zeros((MOST_ROWS + 7, 2))
    assert table_of(entry(inputs=rows, outputs=rows[:, 0]), revision="", redacted=()).num_rows == MOST_ROWS


def test_requests_become_a_parquet_file(tmp_path: Path) -> None:
    log = RequestLog(Wanted(folder=tmp_path / "kept"), revision="1")
    for number in range(20):
        log.put(entry(f"r{number}"))
    log.put(entry("other", inputs=TABLE, names=()))
    log.close()
    assert (log.kept, log.lost) == (21, 0)
    assert list((tmp_path / "kept").glob("*.arrows")) == []
    found = kept(tmp_path / "kept")
    assert found.num_rows == 42
    assert found["request_id"].to_pylist()[::2] == [*(f"r{number}" for number in range(20)), "other"]


def test_the_sample_is_the_same_for_everybody(tmp_path: Path) -> None:
    ids = [f"request-{number}" for number in range(2000)]
    one, other = (RequestLog(Wanted(folder=tmp_path, share=0.2)) for _ in range(2))
    taken = [each for each in ids if one.wants(each)]
    assert taken == [each for each in ids if other.wants(each)]
    assert 300 < len(taken) < 500
    one.close()
    other.close()
    none = RequestLog(Wanted(folder=tmp_path, share=0.0))
    assert not any(none.wants(each) for each in ids)
    none.close()


def test_what_was_written_before_a_kill_is_read_by_the_next(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], check=False, capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    (growing,) = tmp_path.glob("*.arrows")
    with growing.open("ab") as file:
        file.write(b"half a batch")
    RequestLog(Wanted(folder=tmp_path)).close()
    assert list(tmp_path.glob("*.arrows")) == []
    assert kept(tmp_path)["request_id"].to_pylist()[::2] == [f"r{number}" for number in range(50)]


def test_what_another_process_still_writes_is_left_alone(tmp_path: Path) -> None:
    first = RequestLog(Wanted(folder=tmp_path))
    first.put(entry("first"))
    wait_for(lambda: first.kept == 1)
    RequestLog(Wanted(folder=tmp_path)).close()
    assert len(list(tmp_path.glob("*.arrows"))) == 1
    first.close()
    assert kept(tmp_path)["request_id"].to_pylist() == ["first", "first"]


def test_a_full_disk_costs_entries_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.0)
    is_full = True
    write = segment.Segment.write

    def written(self: segment.Segment, table: pa.Table) -> None:
        if is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, table)

    monkeypatch.setattr(segment.Segment, "write", written)
    log = RequestLog(Wanted(folder=tmp_path))
    log.put(entry("lost"))
    wait_for(lambda: log.lost == 1)
    is_full = False
    log.put(entry("kept"))
    log.close()
    assert (log.kept, log.lost) == (1, 1)
    assert "kept" in kept(tmp_path)["request_id"].to_pylist()


def test_the_oldest_go_when_there_is_too_much(tmp_path: Path) -> None:
    log = RequestLog(Wanted(folder=tmp_path))
    log.put(entry("old"))
    log.close()
    (old,) = tmp_path.glob("*.parquet")
    size = old.stat().st_size
    time.sleep(1.1)
    log = RequestLog(Wanted(folder=tmp_path, most_bytes=size + size // 2))
    log.put(entry("new"))
    log.close()
    assert kept(tmp_path)["request_id"].to_pylist() == ["new", "new"]


def test_more_than_can_be_written_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 1)
    log = RequestLog(Wanted(folder=tmp_path))
    for number in range(2000):
        log.put(entry(f"r{number}"))
    log.close()
    assert log.lost > 0
    assert log.kept + log.lost == 2000
