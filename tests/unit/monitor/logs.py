"""Request logs as services leave them: whole files, growing ones, labels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nbmlops.serve.request_log.labels import SCHEMA
from nbmlops.serve.request_log.segment import GROWING, Segment
from nbmlops.serve.request_log.tables import Entry, table_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def minute(number: float) -> datetime:
    """Minutes after noon."""
    return NOON + timedelta(minutes=number)


def requests(
    at: datetime,
    inputs: Any,
    outputs: Any = None,
    *,
    names: tuple[str, ...] = (),
    revision: str = "1",
    ids: str = "r",
    redacted: Sequence[str] = (),
) -> pa.Table:
    """One request with as many rows as there are inputs."""
    entry = Entry(request_id=f"{ids}-{at:%H%M%S}", time=at, protocol="mlflow", milliseconds=2.0, inputs=inputs,
                  names=names, outputs=np.zeros(len(inputs)) if outputs is None else outputs)  # fmt: skip
    return table_of(entry, revision=revision, redacted=redacted)


def whole(folder: Path, table: pa.Table, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"requests-{name}.parquet"
    pq.write_table(table, path)
    return path


def growing(folder: Path, table: pa.Table, name: str) -> Segment:
    """Still being written until it is closed."""
    folder.mkdir(parents=True, exist_ok=True)
    segment = Segment(folder / f"requests-{name}{GROWING}", table.schema)
    segment.write(table)
    return segment


def columns(count: int, start: datetime, seconds: float, revision: str = "1", **more: Any) -> pa.Table:
    """Many requests of one row each, evenly spread; `more`: columns, `a__b` for `a.b`."""
    began = int(start.timestamp() * 1e6)
    times = began + np.arange(count) * int(seconds * 1e6 / max(count, 1))
    return pa.table(
        {
            "request_id": pa.array([f"q{began}-{number}" for number in range(count)]),
            "row": pa.array(np.zeros(count, np.int32)),
            "time": pa.array(times, pa.timestamp("us", tz="UTC")),
            "protocol": pa.array(["mlflow"] * count),
            "revision": pa.array([revision] * count),
            "milliseconds": pa.array(np.full(count, 2.0, np.float32)),
            **{name.replace("__", "."): pa.array(value) for name, value in more.items()},
        }
    )


def labels(folder: Path, told: Sequence[tuple[str, int, Any, datetime]], name: str = "0") -> None:
    """Request, row, label, when it was told."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {
            "request_id": [each[0] for each in told],
            "row": pa.array([each[1] for each in told], pa.int32()),
            "time": pa.array([each[3] for each in told], pa.timestamp("us", tz="UTC")),
            "number": pa.array([None if isinstance(each[2], str) else float(each[2]) for each in told], pa.float64()),
            "text": pa.array([each[2] if isinstance(each[2], str) else None for each in told], pa.string()),
        },
        schema=SCHEMA,
    )
    pq.write_table(table, folder / f"labels-{name}.parquet")
