"""A request and its answer as rows of an Arrow table.

| column | |
| --- | --- |
| `request_id`, `row` | of the request; from 0 |
| `time` | UTC, when it was answered |
| `protocol`, `revision`, `milliseconds` | as in the service's log |
| `broken` | of those that lie apart: which rules of the contract |
| `input.NAME`, `output.NAME` | a column each of what was asked and answered; without names `input`, `output` |
| `output.probability_LABEL` | of a classifier: how likely it holds each label (probabilities.py) |
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

MOST_ROWS = 1000
"""That are kept of one request."""
PREDICTION = "prediction"
_REDACTED = b"redacted"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One request that was answered."""

    request_id: str
    time: datetime
    protocol: str
    milliseconds: float
    inputs: Any
    """As the model was asked: an array, a table, or arrays by name."""
    names: tuple[str, ...]
    """Of an array's columns; empty: it has none."""
    outputs: Any
    broken: str = ""
    """Rules of the contract that its rows break."""


def table_of(
    entry: Entry, *, revision: str, redacted: Collection[str], more: Mapping[str, pa.Array] | None = None
) -> pa.Table:
    """`more` columns of its rows. Raises whatever Arrow raises for values that it has no type for."""
    inputs = _columns("input", entry.inputs, entry.names, redacted)
    outputs = _columns("output", entry.outputs, (), redacted)
    count = max((len(each) for each in inputs.values()), default=0) or 1
    if any(len(each) != count for each in outputs.values()):
        # One answer to all rows: it stands with the first of them.
        whole = msgspec.json.encode(entry.outputs, enc_hook=_plain).decode()
        outputs = {"output": pa.array([whole, *[None] * (count - 1)], pa.string())}
    if PREDICTION not in redacted:
        more = {name: values[:MOST_ROWS] for name, values in (more or {}).items()}
        outputs |= {name: values for name, values in more.items() if len(values) == count}
    shared = {
        "request_id": pa.array([entry.request_id] * count, pa.string()),
        "row": pa.array(range(count), pa.int32()),
        "time": pa.array([entry.time] * count, pa.timestamp("us", tz="UTC")),
        "protocol": pa.array([entry.protocol] * count, pa.string()),
        "revision": pa.array([revision] * count, pa.string()),
        "milliseconds": pa.array([entry.milliseconds] * count, pa.float32()),
    }
    if entry.broken:
        shared["broken"] = pa.array([entry.broken] * count, pa.string())
    return _marked(pa.table({**shared, **inputs, **outputs}), redacted)


def is_redacted(field: pa.Field) -> bool:
    """Whether a column's values were left out, rather than missing."""
    return _REDACTED in (field.metadata or {})


def _marked(table: pa.Table, redacted: Collection[str]) -> pa.Table:
    schema = table.schema
    for place, field in enumerate(schema):
        if field.name.partition(".")[2] in redacted:
            schema = schema.set(place, field.with_metadata({_REDACTED: "1"}))
    return table.cast(schema)


def _columns(prefix: str, data: Any, names: tuple[str, ...], redacted: Collection[str]) -> dict[str, pa.Array]:
    found: dict[str, pa.Array] = {}
    for name, values in _parts(data, names, prefix):
        array = _array(values)
        if name.removeprefix(f"{prefix}.") in redacted:
            array = pa.nulls(len(array), array.type)
        found[name] = array
    return found


def _parts(data: Any, names: tuple[str, ...], prefix: str) -> list[tuple[str, Any]]:
    if hasattr(data, "columns"):
        return [(f"{prefix}.{name}", data[name].iloc[:MOST_ROWS]) for name in data.columns]
    if isinstance(data, dict):
        return [(f"{prefix}.{name}", value) for name, value in data.items()]
    if isinstance(data, np.ndarray) and data.ndim == 2:
        titles = names or tuple(str(number) for number in range(data.shape[1]))
        return [(f"{prefix}.{name}", data[:MOST_ROWS, place]) for place, name in enumerate(titles)]
    return [(f"output.{PREDICTION}" if prefix == "output" else prefix, data)]


def _array(values: Any) -> pa.Array:
    if hasattr(values, "iloc"):
        return pa.Array.from_pandas(values[:MOST_ROWS])
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in "biufM":
        return pa.array(values[:MOST_ROWS])
    listed = values.tolist() if hasattr(values, "tolist") else values
    return pa.array((listed if isinstance(listed, list) else [listed])[:MOST_ROWS])


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
