"""The user's own `mlflow.log_metric` and `log_metrics` take the way of the journal while a session is on.

    tap = MetricTap(scribe, uri)
    tap.install()         # at once, or as soon as mlflow gets imported
    tap.uninstall()

Plain points of runs at the session's address become journal lines, microseconds instead of milliseconds each. What is
not plain (a dataset, a model id, asynchronous logging, an odd value, a name that MLflow refuses, another address) goes
through MLflow unchanged, which also raises its own errors. Before MLflow is asked anything else in this kernel, the
journal is brought into MLflow: who reads a run finds what was logged to it.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from nbmlops.lib.importing import after_import
from nbmlops.model.names import metric_name_problem
from nbmlops.track.messages import AdoptRun, LogMetrics, Point
from nbmlops.track.scribe_client import Scribe
from nbmlops.track.user_mlflow import UserMlflow

FLUSH_SECONDS = 10.0
LAST_FLUSH_SECONDS = 3.0
_INTEGER_BITS = 63
_INFINITE = float("inf")

_log = logging.getLogger("nbmlops")

Loose = tuple[Any, Any, Any, Any]
"""Name, value, step and milliseconds as the user gave them."""


class MetricTap:
    def __init__(self, scribe: Scribe, uri: str) -> None:
        self._scribe = scribe
        self._uri = uri
        self._taken = 0
        # Never: the first question to MLflow waits for the scribe, which may just be making the experiment that
        # MLflow would make as well; the one that comes second gets an error.
        self._flushed = -1
        self._adopted: set[str] = set()
        self._undo: list[Callable[[], None]] = []
        self._names: tuple[str, ...] = ()
        self._cancel: Callable[[], None] = lambda: None
        self._mlflow: UserMlflow | None = None
        self._here = threading.local()
        self._told = ""

    def install(self) -> None:
        """No effect in a kernel that only writes its journal: it could not bring it into MLflow before a read."""
        if not self._scribe.is_elsewhere:
            self._cancel = after_import("mlflow", self._patch)

    def uninstall(self) -> None:
        """Put MLflow's own functions back. Who holds on to ours (`from mlflow import log_metric`) gets MLflow's way."""
        self._cancel()
        self._mlflow = None
        if self._undo and self._is_dirty:
            self._scribe.flush(LAST_FLUSH_SECONDS)
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()
        self._names = ()

    def patched(self) -> tuple[str, ...]:
        return self._names

    def take(self, run: str, loose: Sequence[Loose]) -> bool:
        """Put plain points of an active run into the journal. False: nothing was taken, MLflow must be asked."""
        mlflow = self._mlflow
        if mlflow is None or not loose:
            return False
        points = []
        for name, value, step, time_ms in loose:
            if type(step) is not int or step.bit_length() > _INTEGER_BITS:
                return False
            if type(time_ms) is not int or not 0 <= time_ms < 1 << _INTEGER_BITS:
                return False
            number = mlflow.number(value)
            if type(number) is not float or not isinstance(name, str) or metric_name_problem(name):
                return False
            # JSON has no infinities and nothing that is not a number.
            points.append(Point(name, number if -_INFINITE < number < _INFINITE else str(number), step, time_ms))
        if run not in self._adopted and not self._adopt(run, mlflow):
            return False
        if not self._scribe.send(LogMetrics(key=run, points=tuple(points))):
            return False
        self._taken += 1
        return True

    def _adopt(self, run: str, mlflow: UserMlflow) -> bool:
        """Ask MLflow once whether the run takes metrics: later, it is the scribe that would hear otherwise."""
        if not mlflow.is_active(run) or not self._scribe.send(AdoptRun(key=run, run=run)):
            return False
        self._adopted.add(run)
        return True

    @property
    def _is_dirty(self) -> bool:
        return self._taken != self._flushed

    def flush(self) -> None:
        """Bring what was taken into MLflow. Waits as long as the scribe gets on with it, and no longer."""
        taken, reached = self._taken, -1
        while True:
            answer = self._scribe.flush(FLUSH_SECONDS)
            if answer.done or (progress := self._scribe.progress()) <= reached:
                break
            reached = progress
        if answer.done:
            self._flushed = taken
        text = "; ".join(answer.errors)
        if text and text != self._told:
            _log.warning("metrics: %s", text)
        self._told = text

    # What stands in MLflow's place

    def _patch(self, module: ModuleType) -> None:
        mlflow = self._mlflow = UserMlflow(self._uri)
        client = mlflow.client
        for name, made in (("log_metric", self._log_metric), ("log_metrics", self._log_metrics)):
            original = getattr(mlflow.fluent, name)
            ours = made(original)
            for place in (mlflow.fluent, module):
                if getattr(place, name) is original:
                    self._replace(place, name, ours)
        self._replace(client, "log_metric", self._client_log_metric(client.log_metric))
        self._replace(client, "log_batch", self._client_log_batch(client.log_batch))
        self._replace(client, "delete_run", self._client_delete_run(client.delete_run))
        self._replace(client, "store", self._client_store(client.store))

    def _replace(self, place: Any, name: str, ours: Any) -> None:
        self._undo.append(functools.partial(setattr, place, name, place.__dict__[name]))
        setattr(place, name, ours)
        self._names += (f"{place.__name__}.{name}",)

    def _log_metric(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def log_metric(
            key: Any, value: Any, step: Any = None, synchronous: Any = None, timestamp: Any = None,
            run_id: Any = None, model_id: Any = None, dataset: Any = None,
        ) -> Any:  # fmt: skip
            if run_id is None and model_id is None and dataset is None:
                timestamp = timestamp or _now_ms()
                if self._take_fluent({key: value}, step, timestamp, synchronous):
                    return None
            return self._mlflows_way(original, key, value, step, synchronous, timestamp, run_id, model_id, dataset)

        return log_metric

    def _log_metrics(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def log_metrics(
            metrics: Any, step: Any = None, synchronous: Any = None, run_id: Any = None,
            timestamp: Any = None, model_id: Any = None, dataset: Any = None,
        ) -> Any:  # fmt: skip
            if run_id is None and model_id is None and dataset is None and isinstance(metrics, Mapping):
                timestamp = timestamp or _now_ms()
                if self._take_fluent(metrics, step, timestamp, synchronous):
                    return None
            return self._mlflows_way(original, metrics, step, synchronous, run_id, timestamp, model_id, dataset)

        return log_metrics

    def _take_fluent(self, metrics: Mapping[Any, Any], step: Any, timestamp: Any, synchronous: Any) -> bool:
        mlflow = self._mlflow
        step = step or 0
        run = mlflow.plain_run(step, synchronous) if mlflow is not None else None
        return run is not None and self.take(run, [(key, value, step, timestamp) for key, value in metrics.items()])

    def _mlflows_way(self, original: Callable[..., Any], *arguments: Any) -> Any:
        """What is not plain stays with MLflow to the end: it reads the run first, so taking it would mean to wait."""
        self._here.is_mlflows = True
        try:
            return original(*arguments)
        finally:
            self._here.is_mlflows = False

    def _is_ours(self, client: Any) -> bool:
        return client.tracking_uri == self._uri and not getattr(self._here, "is_mlflows", False)

    def _client_log_metric(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def log_metric(
            client: Any, run_id: Any, key: Any, value: Any, timestamp: Any = None, step: Any = None,
            synchronous: Any = True, dataset_name: Any = None, dataset_digest: Any = None, model_id: Any = None,
        ) -> Any:  # fmt: skip
            timestamp = timestamp if timestamp is not None else _now_ms()
            if synchronous and not (dataset_name or dataset_digest or model_id) and self._is_ours(client):
                step = step if step is not None else 0
                if self.take(run_id, [(key, value, step, timestamp)]):
                    return None
            return original(
                client, run_id, key, value, timestamp, step, synchronous, dataset_name, dataset_digest, model_id
            )

        return log_metric

    def _client_log_batch(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def log_batch(
            client: Any, run_id: Any, metrics: Any = (), params: Any = (), tags: Any = (), synchronous: Any = True
        ) -> Any:
            if synchronous and not params and not tags and self._is_ours(client) and self._take_batch(run_id, metrics):
                return None
            return original(client, run_id, metrics, params, tags, synchronous)

        return log_batch

    def _take_batch(self, run: str, metrics: Sequence[Any]) -> bool:
        if self._mlflow is None or self._mlflow.has_model():
            return False
        if any(each.model_id or each.dataset_name or each.dataset_digest for each in metrics):
            return False
        return self.take(run, [(each.key, each.value, each.step, each.timestamp) for each in metrics])

    def _client_delete_run(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def delete_run(client: Any, run_id: Any) -> Any:
            self._adopted.discard(run_id)
            return original(client, run_id)

        return delete_run

    def _client_store(self, original: property) -> property:
        """MLflow's client asks for its store before everything it does there."""

        def store(client: Any) -> Any:
            if self._is_dirty and client.tracking_uri == self._uri:
                self.flush()
            return original.__get__(client)

        return property(store, doc=original.__doc__)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
