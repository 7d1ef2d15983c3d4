"""The tree of needs, asked one by one."""

from __future__ import annotations

from collections.abc import Callable

from nbmlops.errors import InterruptedRunError, NbmlopsError
from nbmlops.lib.redact import redact
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

_LONGEST_WHY = 300
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
    except InterruptedRunError:
        raise
    except NbmlopsError as error:
        return Reason(need=need.need, holds=None, why=" ".join(error.message.split()))
    except Exception as error:  # noqa: BLE001 - a file that is broken is trouble of this need alone
        why = f"{type(error).__name__}: {error}"
        return Reason(need=need.need, holds=None, why=" ".join(redact(why).split())[:_LONGEST_WHY])
