"""The tree of needs, asked one by one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from nbmlops.errors import InterruptedRunError, NbmlopsError
from nbmlops.lib.redact import redact
from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.reconciling.observing import Observing
from nbmlops.reconcile.reasons import combined

_LONGEST_WHY = 300
_FILES = {
    "maxAge": "age",
    "drift": "drift",
    "performance": "performance",
    "newRows": "rows",
    "dataChanged": "data",
    "codeChanged": "code",
    "schedule": "schedule",
    "upstream": "upstream",
    "registry": "registry",
    "python": "python",
    "url": "url",
}
"""The file of each need. It is imported when a document names it: what asks a registry takes a tenth of a second."""


def observe(look: Observing, need: NeedSpec) -> Reason:
    """A need that fails cannot be told: nothing is done for it."""
    if need.need in ("any", "all"):
        return combined(need.need, [observe(look, part) for part in need.parts])
    try:
        return _asked(need.need)(look, need)
    except InterruptedRunError:
        raise
    except NbmlopsError as error:
        return Reason(need=need.need, holds=None, why=" ".join(error.message.split()))
    except Exception as error:  # noqa: BLE001 - a file that is broken is trouble of this need alone
        why = f"{type(error).__name__}: {error}"
        return Reason(need=need.need, holds=None, why=" ".join(redact(why).split())[:_LONGEST_WHY])


def _asked(need: str) -> Callable[[Observing, NeedSpec], Reason]:
    found: Callable[[Observing, NeedSpec], Reason] = import_module(f"{__package__}.{_FILES[need]}").observe
    return found
