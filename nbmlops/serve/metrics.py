"""What the service counts and times, in Prometheus' words, at `/metrics`.

Labels are few and fixed: nothing that a caller sends becomes one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nbmlops.serve.protocols import protocol_of
from nbmlops.serve.slot import Slot

PATH = "/metrics"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Kept(Protocol):
    """Whoever keeps requests."""

    kept: int
    lost: int


class Door(Protocol):
    """Whoever holds requests against a contract."""

    requests: dict[str, int]
    rows: dict[tuple[str, str], int]


class _OfKept(Collector):
    def __init__(self, log: Kept) -> None:
        self._log = log

    def collect(self) -> Iterator[CounterMetricFamily]:
        yield CounterMetricFamily("nbmlops_requests_kept", "Requests that are kept.", value=self._log.kept)
        yield CounterMetricFamily("nbmlops_requests_lost", "That should be kept and are not.", value=self._log.lost)


class _OfDoor(Collector):
    """Labels are columns and kinds of the contract's rules, and no more than the door counts."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def collect(self) -> Iterator[CounterMetricFamily]:
        requests = CounterMetricFamily(
            "nbmlops_contract_requests", "Requests held against the contract.", labels=("found",)
        )
        for found, count in self._door.requests.items():
            requests.add_metric([found], count)
        yield requests
        rows = CounterMetricFamily(
            "nbmlops_contract_broken_rows", "Rows that break a rule of it.", labels=("column", "rule")
        )
        for (column, rule), count in list(self._door.rows.items()):
            rows.add_metric([column, rule], count)
        yield rows


class Metrics:
    """Of one process."""

    def __init__(self, kept: Kept | None = None, door: Door | None = None) -> None:
        self.registry = own = CollectorRegistry()
        if kept is not None:
            own.register(_OfKept(kept))
        if door is not None:
            own.register(_OfDoor(door))
        self.requests = Counter("nbmlops_requests", "Predictions asked for.", ("protocol", "status"), registry=own)
        self.seconds = Histogram(
            "nbmlops_request_seconds", "From the request to its answer.", ("protocol",), buckets=_SECONDS, registry=own
        )
        self.under_way = Gauge("nbmlops_requests_under_way", "Being answered now.", registry=own)
        self.batches = Histogram("nbmlops_batch_requests", "Requests scored together.", buckets=_SIZES, registry=own)
        self.waiting = Gauge("nbmlops_requests_waiting", "Waiting for the model.", registry=own)
        self.model = Gauge("nbmlops_model_info", "The model that answers.", ("name", "version"), registry=own)

    def text(self, slot: Slot) -> bytes:
        self.model.clear()
        if slot.is_ready:
            model = slot.model
            self.model.labels(model.name, model.version).set(1)
            if model.batcher is not None:
                self.waiting.set(model.batcher.waiting)
                for size in model.batcher.taken_sizes():
                    self.batches.observe(size)
        return generate_latest(self.registry)


class Measured:
    """Around the application: times what asks for predictions."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol = protocol_of(scope)
        if not protocol:
            await self._app(scope, receive, send)
            return
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        with self._metrics.under_way.track_inprogress():
            try:
                await self._app(scope, receive, noting)
            finally:
                self._metrics.requests.labels(protocol, str(status)).inc()
                self._metrics.seconds.labels(protocol).observe(time.perf_counter() - began)


def routes(slot: Slot, metrics: Metrics) -> list[Route]:
    async def told(request: Request) -> Response:
        return Response(metrics.text(slot), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [Route(PATH, told)]
