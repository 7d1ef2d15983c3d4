"""A sample of what a deployment was asked, as requests that can be asked again."""

from __future__ import annotations

import random
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.serve.signature import Signature

MOST_ROWS = 200
_NEWEST_ROWS = 20_000
"""Of which the sample is drawn."""
_PREFIX = "input"


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    body: bytes
    """For MLflow's protocol."""
    rows: tuple[dict[str, Any], ...]
    """What each row holds, by its column."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    requests: tuple[Logged, ...] = ()
    left_out: int = 0
    """Rows of requests that were drawn, whose values were not all kept."""


def sample(folder: Path, old: Signature, new: Signature, redacted: Collection[str]) -> Sample:
    """Drawn from the newest requests by chance that is always the same; whole, until there are `MOST_ROWS` rows.

    `redacted`: columns whose values are not to be shown, also where an older file does not say so.
    """
    from nbmlops.serve.request_log.newest import newest

    tables = list(newest(folder, _NEWEST_ROWS))
    places: dict[str, tuple[int, list[int]]] = {}
    for number, table in enumerate(tables):
        for row, request in enumerate(table.column("request_id").to_pylist()):
            # A shadow keeps the same requests under the same numbers.
            at, rows = places.setdefault(request, (number, []))
            if at == number:
                rows.append(row)
    drawn = random.Random(0).sample(sorted(places), len(places))
    found: list[Logged] = []
    count = left_out = 0
    for request in drawn:
        if count >= MOST_ROWS:
            break
        number, rows = places[request]
        rows = rows[: MOST_ROWS - count]
        count += len(rows)
        if _lacks(tables[number], old, new, redacted):
            left_out += len(rows)
        elif (logged := _request(tables[number].take(rows), old)) is not None:
            found.append(logged)
    return Sample(requests=tuple(found), left_out=left_out)


def _inputs(table: Any) -> list[str]:
    return [name for name in table.column_names if name == _PREFIX or name.startswith(f"{_PREFIX}.")]


def _lacks(table: Any, old: Signature, new: Signature, redacted: Collection[str]) -> bool:
    """Whether a value that one of the two models takes was not kept."""
    from nbmlops.serve.request_log.tables import is_redacted

    taken = {each.name for each in (*old.inputs, *new.inputs)} if old.has_columns and new.has_columns else None
    for column in _inputs(table):
        name = column.partition(".")[2]
        is_out = name in redacted or is_redacted(table.schema.field(column))
        if is_out and (taken is None or name in taken):
            return True
    return False


def _request(table: Any, signature: Signature) -> Logged | None:
    """None for a request without inputs."""
    columns = _inputs(table)
    names = [column.partition(".")[2] for column in columns]
    if not columns:
        return None
    values = [table.column(column).to_pylist() for column in columns]
    if signature.has_columns:
        integers = {each.name for each in signature.inputs if each.datatype.startswith("INT")}
        known = {each.name for each in signature.inputs}
        kept = [
            (name, [_whole(each) for each in found] if name in integers else found)
            for name, found in zip(names, values, strict=True)
            if name in known
        ]
        names, values = [name for name, _ in kept], [found for _, found in kept]
        rows = list(zip(*values, strict=True))
        document: dict[str, Any] = {"dataframe_split": {"columns": names, "data": rows}}
    elif columns == [_PREFIX]:
        document = {"inputs": values[0]}
    elif names == [str(place) for place in range(len(names))]:
        document = {"inputs": list(zip(*values, strict=True))}
    elif signature.inputs:
        document = {"inputs": dict(zip(names, values, strict=True))}
    else:
        document = {"dataframe_split": {"columns": names, "data": list(zip(*values, strict=True))}}
    shown = tuple(dict(zip(names, row, strict=True)) for row in zip(*values, strict=True))
    return Logged(body=msgspec.json.encode(document), rows=shown)


def _whole(value: Any) -> Any:
    """Columns of one array are of one type: there a whole number may stand as a fraction."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
