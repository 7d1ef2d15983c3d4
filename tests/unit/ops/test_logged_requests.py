"""What was logged is asked again as it was asked, as far as it was kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nbmlops.ops import logged_requests
from nbmlops.ops.logged_requests import Sample, sample
from nbmlops.serve.request_log.segment import GROWING, Segment
from nbmlops.serve.request_log.tables import Entry, table_of
from nbmlops.serve.signature import Signature, Tensor

NONE = Signature()


def of_columns(**datatypes: str) -> Signature:
    found = tuple(Tensor(name=name, datatype=each, shape=(-1,)) for name, each in datatypes.items())
    return Signature(inputs=found, has_columns=True)


TABLE = of_columns(a="FP64", b="INT64")


def kept(folder: Path, *inputs: Any, names: tuple[str, ...] = (), redacted: tuple[str, ...] = (), at: int = 0) -> None:
    """A whole file with a request for each of the inputs."""
    folder.mkdir(exist_ok=True)
    for number, each in enumerate(inputs):
        entry = Entry(request_id=f"{at}-{number}", time=datetime(2026, 3, 1, tzinfo=UTC), protocol="mlflow",
                      milliseconds=1.0, inputs=each, names=names, outputs=np.zeros(len(each)))  # fmt: skip
        table = table_of(entry, revision="1", redacted=redacted)
        pq.write_table(table, folder / f"requests-{at}-{number}.parquet")


def bodies(found: Sample) -> list[Any]:
    return [json.loads(each.body) for each in found.requests]


@pytest.mark.parametrize(
    ("inputs", "names", "signature", "expected"),
    [
        (np.array([[1.5, 2.0]]), ("a", "b"), TABLE, {"dataframe_split": {"columns": ["a", "b"], "data": [[1.5, 2]]}}),
        (
            pd.DataFrame({"a": [1.5, None], "more": ["x", "y"], "b": [2, 3]}),
            (),
            TABLE,
            {"dataframe_split": {"columns": ["a", "b"], "data": [[1.5, 2], [None, 3]]}},
        ),
        (pd.DataFrame({"any": ["x"]}), (), NONE, {"dataframe_split": {"columns": ["any"], "data": [["x"]]}}),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), (), NONE, {"inputs": [[1.0, 2.0], [3.0, 4.0]]}),
        (np.array([1.0, 2.0]), (), NONE, {"inputs": [1.0, 2.0]}),
        (
            {"left": np.array([[1.0, 2.0]]), "right": np.array([3])},
            (),
            Signature(
                inputs=(
                    Tensor(name="left", datatype="FP64", shape=(-1, 2)),
                    Tensor(name="right", datatype="INT64", shape=(-1,)),
                )
            ),
            {"inputs": {"left": [[1.0, 2.0]], "right": [3]}},
        ),
    ],
)
def test_a_request_is_as_it_was(
    tmp_path: Path, inputs: Any, names: tuple[str, ...], signature: Signature, expected: Any
) -> None:
    count = len(next(iter(inputs.values()))) if isinstance(inputs, dict) else len(inputs)
    entry = Entry(request_id="one", time=datetime(2026, 3, 1, tzinfo=UTC), protocol="mlflow", milliseconds=1.0,
                  inputs=inputs, names=names, outputs=np.zeros(count))  # fmt: skip
    pq.write_table(table_of(entry, revision="1", redacted=()), tmp_path / "requests-1.parquet")
    found = sample(tmp_path, signature, signature, ())
    assert bodies(found) == [expected]
    # 2 and 2.0 are equal; a column of whole numbers takes only one of them where a gap is beside it.
    if names:
        assert found.requests[0].body.endswith(b"[[1.5,2]]}}")
    assert [len(each.rows) for each in found.requests] == [count]


def test_a_file_that_still_grows_is_read_too(tmp_path: Path) -> None:
    entry = Entry(request_id="one", time=datetime(2026, 3, 1, tzinfo=UTC), protocol="mlflow", milliseconds=1.0,
                  inputs=np.array([[1.0, 2.0]]), names=("a", "b"), outputs=np.zeros(1))  # fmt: skip
    table = table_of(entry, revision="1", redacted=())
    segment = Segment(tmp_path / f"requests-1{GROWING}", table.schema)
    segment.write(table)
    (tmp_path / "requests-0.parquet").write_bytes(b"damaged")
    assert len(sample(tmp_path, TABLE, TABLE, ()).requests) == 1
    segment.close()


def test_rows_that_were_not_kept_whole_are_left_out_and_counted(tmp_path: Path) -> None:
    row = np.array([[1.0, 2.0]])
    kept(tmp_path, row, row, names=("a", "b"), redacted=("b",))
    kept(tmp_path, row, names=("a", "b"), at=1)
    found = sample(tmp_path, TABLE, TABLE, ())
    assert (len(found.requests), found.left_out) == (1, 2)
    assert sample(tmp_path, TABLE, TABLE, ("a",)).left_out == 3
    # Neither model takes it: without it the request is whole.
    only = of_columns(a="FP64")
    found = sample(tmp_path, only, only, ())
    assert found.left_out == 0
    assert {tuple(each.rows[0]) for each in found.requests} == {("a",)}
    assert sample(tmp_path, only, TABLE, ()).left_out == 2


def test_the_sample_is_bounded_and_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logged_requests, "MOST_ROWS", 7)
    kept(tmp_path, *(np.full((3, 2), number, float) for number in range(20)), names=("a", "b"))
    first, second = sample(tmp_path, TABLE, TABLE, ()), sample(tmp_path, TABLE, TABLE, ())
    assert first == second
    assert [len(each.rows) for each in first.requests] == [3, 3, 1]
    assert len({each.body for each in first.requests}) == 3


def test_a_request_that_a_shadow_has_kept_as_well_is_asked_once(tmp_path: Path) -> None:
    row = np.array([[1.0, 2.0]])
    kept(tmp_path, row, names=("a", "b"))
    (tmp_path / "requests-9.parquet").write_bytes((tmp_path / "requests-0-0.parquet").read_bytes())
    assert len(sample(tmp_path, TABLE, TABLE, ()).requests) == 1


def test_nothing_kept_is_nothing_asked(tmp_path: Path) -> None:
    assert sample(tmp_path, TABLE, TABLE, ()) == Sample()
    pq.write_table(pa.table({"request_id": ["one"], "output": [1.0]}), tmp_path / "requests-1.parquet")
    assert sample(tmp_path, TABLE, TABLE, ()) == Sample()
