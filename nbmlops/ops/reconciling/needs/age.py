"""maxAge: the newest version is too old."""

from __future__ import annotations

from datetime import datetime

from nbmlops.lib.durations import lasting
from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.reconciling.observing import Observing
from nbmlops.track.registry import newest_version


def observe(look: Observing, need: NeedSpec) -> Reason:
    limit = float(need.options["age"])
    version, made = _newest(look)
    if made is None:
        return Reason(need=need.need, holds=True, why=f"there is no version of {look.spec.model} yet", key="age:none")
    age = max(0.0, (look.now - made).total_seconds())
    if age <= limit:
        why = f"version {version} is {lasting(age)} old, {lasting(limit)} it may be"
        return Reason(need=need.need, holds=False, why=why, recheck=limit - age)
    return Reason(
        need=need.need,
        holds=True,
        why=f"version {version} is {lasting(age)} old, over {lasting(limit)}",
        key=f"age:{version}@{made:%Y%m%dT%H%M%S}",
    )


def _newest(look: Observing) -> tuple[str, datetime | None]:
    """Of the registry, or what this reconciler has made: the gate may have kept it from having a name."""
    version, made = newest_version(look.call.project.prepare_tracking(), look.spec.model)
    last = look.last
    if last is not None and last.ended is not None and (made is None or last.ended > made):
        return last.version or version, last.ended
    return version, made
