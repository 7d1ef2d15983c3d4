"""schedule: a time has passed since the newest attempt that did not fail was begun."""

from __future__ import annotations

from nbmlops.lib import cron
from nbmlops.lib.durations import lasting
from nbmlops.model.reconciler import NeedSpec, Reason, State
from nbmlops.ops.reconciling.observing import Observing
from nbmlops.reconcile.words import zone_of


def observe(look: Observing, need: NeedSpec) -> Reason:
    """A time that nobody was there for is made up for once."""
    text, zone = str(need.options["cron"]), zone_of(str(need.options.get("zone", "UTC")))
    times = cron.parse(text)
    due, coming = times.last(look.now, zone), times.next(look.now, zone)
    # One that failed is tried again, as long as it may be, and not only at the next time.
    began = max((each.began for each in look.memory.attempts if each.state != State.FAILED), default=None)
    if due is not None and (began is None or began < due):
        why = f"{text} was due {lasting((look.now - due).total_seconds())} ago"
        return Reason(need=need.need, holds=True, why=why, key=f"schedule:{due:%Y%m%dT%H%M}")
    wait = (coming - look.now).total_seconds() if coming is not None else 0.0
    why = f"{text} is due in {lasting(wait)}" if coming is not None else f"{text} is never due"
    return Reason(need=need.need, holds=False, why=why, recheck=wait)
