"""Runs in an order, of MLflow's SQLite file: who fits and who comes first is said in SQL, the rest is read by id."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.model.run import RunView, Tags
from nbmlops.track.conditions import SEARCHED, Condition, Kind, Name, as_kind, contains, number
from nbmlops.track.lists_sqlite import FROM, reading, rows_by_id, views
from nbmlops.track.query import LONGEST_TAG, MOST_NAMES, Columns, Query, RunPage

_ORDERS = {
    "started": "r.start_time",
    "name": "r.name",
    "status": "r.status",
    "experiment": "e.name",
    "id": "r.run_uuid",
    "seconds": "r.end_time - r.start_time",
}
_SECONDS = "(r.end_time - r.start_time) / 1000.0"
_REMEMBERED = 4
_YOUNG_SECONDS = 0.1
"""A file that was written to so lately may be written to again without its time changing."""
_orders: OrderedDict[tuple[Path, str], tuple[object, tuple[str, ...]]] = OrderedDict()
_lock = threading.Lock()


def runs(path: Path, query: Query) -> tuple[RunView, ...]:
    with reading(path) as database:
        _teach(database)
        return _read(database, _ids(database, query, query.limit, query.offset), query, None)


def page(path: Path, query: Query) -> RunPage:
    """The order of all runs is made once, and remembered until the file changes: pages of it are read by id."""
    with reading(path) as database:
        _teach(database)
        ids = _order(database, path, query)
        wanted = ids[query.offset : query.offset + query.limit]
        return RunPage(runs=_read(database, wanted, query, LONGEST_TAG), total=len(ids))


def columns(path: Path) -> Columns:
    with reading(path) as database:
        experiments = database.execute(
            "SELECT e.name FROM experiments e WHERE EXISTS (SELECT 1 FROM runs r "
            "WHERE r.experiment_id = e.experiment_id AND r.lifecycle_stage = 'active') ORDER BY e.name LIMIT ?",
            (MOST_NAMES,),
        ).fetchall()
        return Columns(
            metrics=_names(database, "latest_metrics"),
            params=_names(database, "params"),
            experiments=tuple(name for (name,) in experiments),
        )


def _names(database: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """From one name to the next by the table's key: a distinct of all rows would read all rows."""
    rows = database.execute(
        f"WITH RECURSIVE n(key) AS (SELECT min(key) FROM {table} UNION ALL "
        f"SELECT (SELECT min(key) FROM {table} t WHERE t.key > n.key) FROM n WHERE n.key IS NOT NULL) "
        f"SELECT key FROM n WHERE key IS NOT NULL AND EXISTS (SELECT 1 FROM {table} t JOIN runs r "
        "ON r.run_uuid = t.run_uuid AND r.lifecycle_stage = 'active' WHERE t.key = n.key) LIMIT ?",
        (MOST_NAMES,),
    ).fetchall()
    return tuple(key for (key,) in rows)


def _read(
    database: sqlite3.Connection, ids: tuple[str, ...], query: Query, longest_tag: int | None
) -> tuple[RunView, ...]:
    rows = {row[0]: row for row in rows_by_id(database, ids, "deleted" if query.is_deleted else "active")}
    return views(database, [rows[identity] for identity in ids if identity in rows], longest_tag)


def _order(database: sqlite3.Connection, path: Path, query: Query) -> tuple[str, ...]:
    key = (path, repr(msgspec.structs.replace(query, limit=0, offset=0)))
    state = _state(path)
    with _lock:
        known = _orders.get(key)
        if known is not None and known[0] == state and state is not None:
            _orders.move_to_end(key)
            return known[1]
    ids = _ids(database, query, -1, 0)
    with _lock:
        if state is None:
            _orders.pop(key, None)
        else:
            _orders[key] = (state, ids)
            _orders.move_to_end(key)
            while len(_orders) > _REMEMBERED:
                _orders.popitem(last=False)
    return ids


def _state(path: Path) -> object:
    """What changes when anything is written; None where that cannot be trusted just now."""
    found: list[tuple[int, int, int] | None] = []
    for file in (path, path.with_name(path.name + "-wal")):
        try:
            info = file.stat()
        except FileNotFoundError:
            found.append(None)
            continue
        if time.time() - info.st_mtime < _YOUNG_SECONDS:
            return None
        found.append((info.st_ino, info.st_mtime_ns, info.st_size))
    return tuple(found)


def _ids(database: sqlite3.Connection, query: Query, limit: int, offset: int) -> tuple[str, ...]:
    where, values = _where(database, query)
    joined, order, of = _ordered(database, query)
    # Of a hundred thousand runs a join that nothing asks for costs as much as the rest.
    source = FROM if any("e.name" in text for text in (*where, order)) else "FROM runs r"
    rows = database.execute(
        f"SELECT r.run_uuid {source} {joined} WHERE {' AND '.join(where)} "
        f"ORDER BY {order}, r.start_time DESC, r.run_uuid LIMIT ? OFFSET ?",
        [*of, *values, limit, offset],
    )
    return tuple(identity for (identity,) in rows)


def _ordered(database: sqlite3.Connection, query: Query) -> tuple[str, str, list[Any]]:
    """What is joined, how it is sorted, and the values for that."""
    way = "DESC" if query.descending else "ASC"
    by = _known(database, query.order_by, Kind.METRIC)
    if by.kind is Kind.ATTRIBUTE:
        column = _ORDERS[by.name]
        return "", f"{column} IS NULL, {column} {way}" if by.name == "seconds" else f"{column} {way}", []
    if by.kind is Kind.METRIC:
        joined = "LEFT JOIN latest_metrics m ON m.run_uuid = r.run_uuid AND m.key = ?"
        return joined, f"(m.value IS NULL OR m.is_nan), m.value {way}", [by.name]
    joined = f"LEFT JOIN {by.kind} m ON m.run_uuid = r.run_uuid AND m.key = ?"
    return joined, f"m.value IS NULL, number(m.value) IS NULL, number(m.value) {way}, m.value {way}", [by.name]


def _where(database: sqlite3.Connection, query: Query) -> tuple[list[str], list[Any]]:
    where = [f"r.lifecycle_stage = '{'deleted' if query.is_deleted else 'active'}'"]
    values: list[Any] = []
    if query.experiment is not None:
        where.append("e.name = ?")
        values.append(query.experiment)
    if query.status is not None:
        where.append("r.status = ?")
        values.append(query.status)
    if query.parents_only:
        where.append("NOT EXISTS (SELECT 1 FROM tags p WHERE p.run_uuid = r.run_uuid AND p.key = ?)")
        values.append(Tags.MLFLOW_PARENT)
    for table, wanted in (("tags", query.tags), ("params", query.params)):
        for key, value in wanted.items():
            where.append(_has(table, "x.value = ?"))
            values += [key, value]
    for condition in query.conditions:
        text, more = _condition(database, condition)
        where.append(text)
        values += more
    if query.search:
        text, more = _search(query.search)
        where.append(text)
        values += more
    return where, values


def _condition(database: sqlite3.Connection, condition: Condition) -> tuple[str, list[Any]]:
    if condition.of.kind is Kind.ANY:
        condition = as_kind(condition, _known(database, condition.of, Kind.PARAM).kind)
    of, operator, wanted = condition.of, condition.operator, condition.number
    if of.kind is Kind.ATTRIBUTE:
        if of.name == "seconds":
            return _figure(_SECONDS, "0", condition)
        if of.name == "started":
            return f"r.start_time {operator} ?", [wanted]
        column = {"name": "r.name", "status": "r.status", "experiment": "e.name", "id": "r.run_uuid"}[of.name]
        text, values = _text(column, condition)
        return text, values
    if of.kind is Kind.METRIC:
        text, values = _figure("x.value", "x.is_nan", condition)
        return _has("latest_metrics", text), [of.name, *values]
    text, values = _text("x.value", condition)
    return _has(str(of.kind), text), [of.name, *values]


def _has(table: str, condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} x WHERE x.run_uuid = r.run_uuid AND x.key = ? AND {condition})"


def _figure(column: str, is_nan: str, condition: Condition) -> tuple[str, list[Any]]:
    assert condition.number is not None
    if math.isnan(condition.number):
        return {"=": is_nan, "!=": f"NOT {is_nan}"}.get(condition.operator, "0"), []
    return f"NOT {is_nan} AND {column} {condition.operator} ?", [condition.number]


def _text(column: str, condition: Condition) -> tuple[str, list[Any]]:
    if condition.operator == "~":
        return _contains(column, condition.value)
    if condition.number is not None:
        operator = "IS NOT" if condition.operator == "!=" else condition.operator
        return f"number({column}) {operator} ?", [condition.number]
    return f"{column} {condition.operator} ?", [condition.value]


def _search(text: str) -> tuple[str, list[Any]]:
    """As `found_by` has it. Tables of tags and parameters are gone through once, not once for each run."""
    name, values = _contains("r.name", text)
    experiment, _ = _contains("e.name", text)
    value, _ = _contains("value", text)
    known = ", ".join(f"'{key}'" for key in SEARCHED)
    return (
        f"({name} OR {experiment} OR substr(r.run_uuid, 1, ?) = ? "
        f"OR r.run_uuid IN (SELECT run_uuid FROM params WHERE {value}) "
        "OR r.run_uuid IN (SELECT run_uuid FROM tags "
        f"WHERE ((key NOT LIKE 'mlflow.%' AND key NOT LIKE 'nbmlops.%') OR key IN ({known})) AND {value}))"
    ), [*values, *values, len(text), text.lower(), *values, *values]


def _contains(column: str, part: str) -> tuple[str, list[Any]]:
    """SQLite knows capitals of ASCII only, and is ten times as fast with them."""
    if part.isascii():
        return f"instr(lower({column}), ?)", [part.lower()]
    return f"contains({column}, ?)", [part]


def _known(database: sqlite3.Connection, of: Name, otherwise: Kind) -> Name:
    """A bare name as a metric, or as a parameter where no metric has it. `otherwise`: where nothing has."""
    if of.kind is not Kind.ANY:
        return of
    for table, kind in (("latest_metrics", Kind.METRIC), ("params", Kind.PARAM)):
        if database.execute(f"SELECT 1 FROM {table} WHERE key = ? LIMIT 1", (of.name,)).fetchone():
            return Name(kind, of.name)
    return Name(otherwise, of.name)


def _teach(database: sqlite3.Connection) -> None:
    database.create_function("number", 1, number, deterministic=True)
    database.create_function("contains", 2, contains, deterministic=True)
