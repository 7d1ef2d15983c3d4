"""Lists of ten thousand runs, as people and the sidebar ask for them."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.many_runs import fill
from benchmarks.table import Row
from nbmlops.track import address, lists
from nbmlops.track.conditions import read_condition, read_name
from nbmlops.track.query import Query

RUNS = 10_000
REPEATS = 5
MOST_NEWEST = 0.15
MOST_SORTED = 0.3


def measure() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as folder:
        uri = fill(Path(folder), RUNS)
        asked: list[tuple[str, dict[str, object], str, float]] = [
            ("newest 100", {"limit": 100}, "attributes.start_time DESC", MOST_NEWEST),
            ("best 100 by a metric", {"limit": 100, "order_by": "m0"}, "metrics.m0 DESC", MOST_SORTED),
        ]
        rows = []
        for what, query, order, bar in asked:
            ours = _best(lambda query=query: lists.list_runs(uri, **query))  # type: ignore[misc]
            peer = _best(lambda order=order: _mlflow(uri, order), repeats=2)  # type: ignore[misc]
            rows.append(Row(what=f"of {RUNS} runs, {what}", ours=ours, value=ours, bar=bar))
            against = f"of {RUNS} runs, {what}, against MLflow"
            rows.append(Row(what=against, ours=ours, peer=peer, value=ours / peer, bar=None))
        window = Query(order_by=read_name("m0"), offset=RUNS // 2, conditions=(read_condition("m1 > 0.2"),))
        took = _best(lambda: (_touch(uri), lists.page_of_runs(uri, window)))
        what = f"of {RUNS} runs, 100 from the middle of those that fit a filter, by a metric, with the total"
        rows.append(Row(what=what, ours=took, value=took, bar=MOST_SORTED))
    return tuple(rows)


def _touch(uri: str) -> None:
    """As if somebody had written: no order that was made before stands."""
    path = address.sqlite_path(uri)
    assert path is not None
    os.utime(path)


def _best(ask: Callable[[], object], repeats: int = REPEATS) -> float:
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        ask()
        found.append(time.perf_counter() - began)
    return min(found)


def _mlflow(uri: str, order: str) -> object:
    """The peer has the benefit of our ANALYZE; without it, its sort by a metric takes 20 s."""
    from mlflow import MlflowClient

    return MlflowClient(uri).search_runs(["1"], max_results=100, order_by=[order])
