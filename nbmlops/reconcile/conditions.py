"""Ready, Reconciling and Stalled: always all three, each with the time since when it is so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from nbmlops.model.reconciler import Condition, Memory, Status

READY, RECONCILING, STALLED = "Ready", "Reconciling", "Stalled"
IN_SYNC = "InSync"


def conditions(
    before: Memory,
    now: datetime,
    reason: str,
    message: str,
    *,
    ready: Status,
    is_busy: bool = False,
    is_stalled: bool = False,
) -> tuple[Condition, ...]:
    statuses = {
        READY: ready,
        RECONCILING: Status.TRUE if is_busy else Status.FALSE,
        STALLED: Status.TRUE if is_stalled else Status.FALSE,
    }
    known = {each.type: each for each in before.conditions}
    found = []
    for kind, status in statuses.items():
        old = known.get(kind)
        is_same = old is not None and old.status == status and old.reason == reason
        since = min(old.since, now) if old is not None and is_same else now
        found.append(Condition(type=kind, status=status, reason=reason, message=message, since=since))
    return tuple(found)


def condition(found: Sequence[Condition], kind: str) -> Condition | None:
    return next((each for each in found if each.type == kind), None)


def is_stalled(found: Sequence[Condition]) -> bool:
    return any(each.type == STALLED and each.status == Status.TRUE for each in found)


def is_unknown(found: Sequence[Condition]) -> bool:
    return any(each.type == READY and each.status == Status.UNKNOWN for each in found)


def reason_of(found: Sequence[Condition]) -> str:
    """In one word: InSync, CoolDown, GateRejected..."""
    ready = condition(found, READY)
    return ready.reason if ready is not None else ""
