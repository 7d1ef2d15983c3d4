"""url: a server says so, in the words of ModelSync's needsTrain and needsSync."""

from __future__ import annotations

from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.reconciling.observing import Observing
from nbmlops.reconcile.needs_client import ask


def observe(look: Observing, need: NeedSpec) -> Reason:
    return ask(str(need.options["address"]), timeout=float(need.options.get("timeout", 10.0)))
