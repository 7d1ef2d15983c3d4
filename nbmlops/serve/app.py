"""One application, several protocols, one model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from nbmlops.lib.version import VERSION
from nbmlops.serve import health, kserve_v1, logs, metrics, mlflow_scoring, open_inference, openapi, page
from nbmlops.serve.access import Access
from nbmlops.serve.limits import MOST_OF_ONE
from nbmlops.serve.shares import Shared
from nbmlops.serve.slot import Slot

if TYPE_CHECKING:
    from nbmlops.quality.door import Door
    from nbmlops.serve.request_log.log import RequestLog

FREE = frozenset({*health.PATHS, *open_inference.PATHS, *mlflow_scoring.PATHS, page.PATH})
"""What probes ask, and the page, which tells nothing but the model's name."""


def service(
    slot: Slot,
    *,
    token: str,
    is_token_in_front: bool = False,
    revision: str = "",
    log_requests: bool = False,
    write: logs.Write = logs.to_stdout,
    kept: RequestLog | None = None,
    apart: RequestLog | None = None,
    door: Door | None = None,
    most_of_one: int = MOST_OF_ONE,
) -> Starlette:
    """`is_token_in_front`: callers have met somebody who asks for one. `write` takes the log's lines, without their
    ends; `kept` what was asked and answered, `apart` that of which the rows break the contract, at whose `door` the
    model of the slot asks. `most_of_one`: requests that one caller may have under way.
    """
    counts = metrics.Metrics(kept, door)
    return Starlette(
        routes=[
            *health.routes(slot),
            *open_inference.routes(slot, VERSION),
            *mlflow_scoring.routes(slot),
            *kserve_v1.routes(slot),
            *metrics.routes(slot, counts),
            *openapi.routes(
                slot, free=FREE, needs_token=bool(token) or is_token_in_front, takes_labels=kept is not None
            ),
            *page.routes(slot),
            *_kept_routes(kept),
        ],
        middleware=[
            Middleware(logs.Logged, all_requests=log_requests, revision=revision, write=write, kept=kept, apart=apart),
            Middleware(metrics.Measured, metrics=counts),
            Middleware(Access, token=token, free=FREE),
            Middleware(Shared, most=most_of_one),
        ],
    )


def _kept_routes(kept: RequestLog | None) -> list[Route]:
    if kept is None:
        return []
    from nbmlops.serve.request_log import labels

    return labels.routes(labels.LabelLog(kept.folder, kept.process))
