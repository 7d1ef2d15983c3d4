"""One application, several protocols, one model."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware

from nbmlops.lib.version import VERSION
from nbmlops.serve import health, kserve_v1, metrics, mlflow_scoring, open_inference
from nbmlops.serve.access import Access
from nbmlops.serve.slot import Slot

FREE = frozenset({*health.PATHS, *open_inference.PATHS, *mlflow_scoring.PATHS})
"""What probes ask."""


def service(slot: Slot, *, token: str) -> Starlette:
    counts = metrics.Metrics()
    return Starlette(
        routes=[
            *health.routes(slot),
            *open_inference.routes(slot, VERSION),
            *mlflow_scoring.routes(slot),
            *kserve_v1.routes(slot),
            *metrics.routes(slot, counts),
        ],
        middleware=[
            Middleware(metrics.Measured, metrics=counts),
            Middleware(Access, token=token, free=FREE),
        ],
    )
