"""upstream: a model that this one is made from has another version."""

from __future__ import annotations

from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.reconciling.observing import Observing
from nbmlops.track.registry import version_of


def observe(look: Observing, need: NeedSpec) -> Reason:
    address = f"models:/{need.options['model']}@{need.options.get('alias', 'champion')}"
    version = version_of(look.call.project.prepare_tracking(), address)
    if version is None:
        return Reason(need=need.need, holds=None, why=f"there is no {address}")
    look.facts[address] = version
    before = look.before(address)
    if before == version:
        return Reason(need=need.need, holds=False, why=f"{address} is version {version} as before")
    was = f", it was {before}" if before is not None else ""
    return Reason(need=need.need, holds=True, why=f"{address} is version {version}{was}", key=f"{address}:{version}")
