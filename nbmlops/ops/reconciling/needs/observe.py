"""The tree of needs, asked one by one."""

from __future__ import annotations

from collections.abc import Callable

from nbmlops.errors import NbmlopsError
from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.reconciling.needs import (
    age,
    code,
    data,
    drift,
    performance,
    python,
    registry,
    rows,
    schedule,
    upstream,
    url,
)
from nbmlops.ops.reconciling.observing import Observing
from nbmlops.reconcile.reasons import combined

_NEEDS: dict[str, Callable[[Observing, NeedSpec], Reason]] = {
    "maxAge": age.observe,
    "drift": drift.observe,
    "performance": performance.observe,
    "newRows": rows.observe,
    "dataChanged": data.observe,
    "codeChanged": code.observe,
    "schedule": schedule.observe,
    "upstream": upstream.observe,
    "registry": registry.observe,
    "python": python.observe,
    "url": url.observe,
}


def observe(look: Observing, need: NeedSpec) -> Reason:
    """A need that fails cannot be told: nothing is done for it."""
    if need.need in ("any", "all"):
        return combined(need.need, [observe(look, part) for part in need.parts])
    try:
        return _NEEDS[need.need](look, need)
    except NbmlopsError as error:
        return Reason(need=need.need, holds=None, why=error.message)
