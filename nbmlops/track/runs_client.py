"""Runs in an order, of a tracking server. What its filters can say it is asked for; the rest is looked at here."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from mlflow.entities import ViewType

from nbmlops.model.run import RunView
from nbmlops.track.client import connect
from nbmlops.track.conditions import Condition, Kind, Name, as_kind, found_by, holds, number
from nbmlops.track.lists_client import PER_PAGE, asking_server, experiments_of, quoted, view_of
from nbmlops.track.query import MOST_NAMES, Columns, Query, RunPage, light

LOOKED_AT = 10_000
"""Runs that are looked at for what a server cannot search or sort by."""
_ORDERS = {"started": "attributes.start_time", "name": "attributes.run_name", "status": "attributes.status"}


def runs(uri: str, query: Query) -> tuple[RunView, ...]:
    return _page(uri, query).runs


def page(uri: str, query: Query) -> RunPage:
    found = _page(uri, query)
    return msgspec.structs.replace(found, runs=tuple(light(run) for run in found.runs))


def columns(uri: str) -> Columns:
    found = newest(uri)
    return Columns(
        metrics=tuple(sorted({name for run in found for name in run.metrics})[:MOST_NAMES]),
        params=tuple(sorted({name for run in found for name in run.params})[:MOST_NAMES]),
        experiments=tuple(sorted({run.experiment for run in found})[:MOST_NAMES]),
    )


@asking_server
def newest(uri: str, *, tag: tuple[str, str] | None = None) -> tuple[RunView, ...]:
    """A page of them; with that tag and value."""
    client = connect(uri)
    experiments = experiments_of(client, None)
    if not experiments:
        return ()
    wanted = f"tags.{_named(tag[0])} = '{quoted(tag[1])}'" if tag is not None else ""
    found = client.search_runs(list(experiments), wanted, ViewType.ACTIVE_ONLY, PER_PAGE, ["start_time DESC"])
    return tuple(view_of(run, experiments) for run in found)


@asking_server
def _page(uri: str, query: Query) -> RunPage:
    client = connect(uri)
    experiments = experiments_of(client, query.experiment)
    if not experiments:
        return RunPage(runs=(), total=0)
    query = _with_kinds(client, experiments, query)
    by = query.order_by
    is_sorted_here = not (by.kind is Kind.METRIC or by.name in _ORDERS)
    is_picked_here = bool(query.conditions or query.search or query.parents_only)
    end = query.offset + query.limit
    order = "attributes.start_time DESC" if is_sorted_here else _order(query)
    found: list[RunView] = []
    looked, token = 0, None
    while True:
        answer = client.search_runs(
            list(experiments),
            _filter(query),
            ViewType.DELETED_ONLY if query.is_deleted else ViewType.ACTIVE_ONLY,
            PER_PAGE if is_picked_here or is_sorted_here else max(1, min(PER_PAGE, end - len(found))),
            [order],
            token,
        )
        looked += len(answer)
        found += [view for run in answer if _fits(view := view_of(run, experiments), query)]
        token = answer.token
        if not token or looked >= LOOKED_AT + end or (len(found) >= end and not is_sorted_here):
            break
    if is_sorted_here:
        found.sort(key=_sorting(query), reverse=query.descending)
    return RunPage(runs=tuple(found[query.offset : end]), total=len(found), is_total=not token)


def _with_kinds(client: Any, experiments: dict[str, str], query: Query) -> Query:
    """With bare names known for metrics or parameters."""

    def known(of: Name, otherwise: Kind) -> Name:
        if of.kind is not Kind.ANY:
            return of
        for kind, question in (
            (Kind.METRIC, f"metrics.{_named(of.name)} >= 0"),
            (Kind.METRIC, f"metrics.{_named(of.name)} < 0"),
            (Kind.PARAM, f"params.{_named(of.name)} LIKE '%'"),
        ):
            if client.search_runs(list(experiments), question, ViewType.ALL, 1):
                return Name(kind, of.name)
        return Name(otherwise, of.name)

    conditions = tuple(
        as_kind(each, known(each.of, Kind.PARAM).kind) if each.of.kind is Kind.ANY else each
        for each in query.conditions
    )
    return msgspec.structs.replace(query, order_by=known(query.order_by, Kind.METRIC), conditions=conditions)


def _filter(query: Query) -> str:
    where = [f"tags.{_named(key)} = '{quoted(value)}'" for key, value in query.tags.items()]
    where += [f"params.{_named(key)} = '{quoted(value)}'" for key, value in query.params.items()]
    if query.status is not None:
        where.append(f"attributes.status = '{quoted(query.status)}'")
    where += [text for condition in query.conditions if (text := _asked(condition))]
    return " AND ".join(where)


def _asked(condition: Condition) -> str:
    """What a server may be asked so that it answers with all runs that fit, if with others too."""
    of, operator = condition.of, condition.operator
    if of.kind is Kind.METRIC and condition.number is not None and math.isfinite(condition.number):
        return f"metrics.{_named(of.name)} {operator} {_plain(condition.number)}"
    if of.kind in (Kind.PARAM, Kind.TAG) and operator == "=" and condition.number is None:
        return f"{of.kind}.{_named(of.name)} = '{quoted(condition.value)}'"
    if of == Name(Kind.ATTRIBUTE, "status") and operator == "=":
        return f"attributes.status = '{quoted(condition.value)}'"
    return ""


def _plain(figure: float) -> str:
    """Without an exponent, which MLflow's filters do not read."""
    return format(Decimal(repr(figure)), "f")


def _named(name: str) -> str:
    return f'"{name}"' if "`" in name else f"`{name}`"


def _order(query: Query) -> str:
    by = query.order_by
    column = f"metrics.{_named(by.name)}" if by.kind is Kind.METRIC else _ORDERS[by.name]
    return f"{column} {'DESC' if query.descending else 'ASC'}"


def _fits(run: RunView, query: Query) -> bool:
    return (
        not (query.parents_only and run.parent)
        and all(holds(condition, run) for condition in query.conditions)
        and (not query.search or found_by(query.search, run))
    )


def _sorting(query: Query) -> Callable[[RunView], tuple[Any, ...]]:
    """As SQLite is told: runs without the value last, numbers before texts, the newest first of equal ones."""
    by, way = query.order_by, 1 if query.descending else -1

    def key(run: RunView) -> tuple[Any, ...]:
        began = run.started.timestamp() if run.started is not None else 0.0
        if by.kind is Kind.ATTRIBUTE:
            value = getattr(run, by.name)
            return (way * (value is not None), value if value is not None else 0.0, way * began)
        text = (run.params if by.kind is Kind.PARAM else run.tags).get(by.name)
        figure = number(text)
        return (
            way * (text is not None), way * (figure is not None), figure if figure is not None else 0.0, text or "",
            way * began,
        )  # fmt: skip

    return key
