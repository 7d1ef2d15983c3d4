"""A reconciler as verbs show it: what its document says and what it remembers, together."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from nbmlops.errors import NbmlopsError, NotFoundError
from nbmlops.model.reconciler import Attempt, Condition, Happening, Kind, Memory, Proposal, Reason, Reconciler
from nbmlops.ops.call import Call
from nbmlops.reconcile.conditions import READY, STALLED, condition
from nbmlops.reconcile.decide import open_proposal
from nbmlops.reconcile.folder import Found, in_order, load_each
from nbmlops.reconcile.guard import stopped
from nbmlops.reconcile.memory import MemoryStore
from nbmlops.reconcile.spec import FOLDER

KEPT = "reconcile"
_CACHE = "documents.json"
_FEW = 5


class ReconcilerView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: Kind
    path: str
    """Of its document."""
    state: str
    """In one word, as its condition Ready says: InSync, CoolDown, ProposalOpen...; empty: nobody has looked yet, or not
    since somebody changed by hand what it waited for."""
    why: str = ""
    is_ready: bool | None = None
    """None: it cannot be told."""
    is_stalled: bool = False
    is_suspended: bool = False
    pinned: str = ""
    model: str = ""
    applied: str = ""
    """The version that was last made true."""
    looked: datetime | None = None
    next_attempt: datetime | None = None
    failures: int = 0
    last: Attempt | None = None
    proposal: Proposal | None = None
    """That waits for somebody to agree."""
    reason: Reason | None = None
    conditions: tuple[Condition, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    rejected: dict[str, str] = {}
    timeline: tuple[Happening, ...] = ()


def view(spec: Reconciler, memory: Memory, *, is_whole: bool = False) -> ReconcilerView:
    ready, stalled = condition(memory.conditions, READY), condition(memory.conditions, STALLED)
    state, why = (ready.reason, ready.message) if ready is not None else ("", "")
    proposal = open_proposal(memory)
    stops = stopped(spec, memory)
    if stops:
        state, why = stops[0].reason, f"{'; '.join(each.why for each in stops)}: wait"
    elif state in ("Suspended", "Pinned") or (state == "ProposalOpen" and proposal is None):
        # Somebody has changed that by hand since it was looked at.
        state, why = "", memory.timeline[-1].message if memory.timeline else ""
    if stops or not state:
        ready = stalled = None
    return ReconcilerView(
        name=spec.name,
        kind=spec.kind,
        path=spec.path,
        state=state,
        why=why,
        is_ready={"True": True, "False": False}.get(ready.status.value) if ready is not None else None,
        is_stalled=stalled is not None and stalled.status == "True",
        is_suspended=spec.is_suspended or memory.is_suspended,
        pinned=spec.guard.pin or memory.pinned,
        model=spec.model,
        applied=memory.applied,
        looked=memory.looked,
        next_attempt=memory.next_attempt,
        failures=memory.failures,
        last=memory.attempts[-1] if memory.attempts else None,
        proposal=proposal,
        reason=memory.reason,
        timeline=memory.timeline if is_whole else memory.timeline[-_FEW:],
        conditions=memory.conditions if is_whole else (),
        attempts=memory.attempts if is_whole else (),
        proposals=memory.proposals if is_whole else (),
        rejected=memory.rejected if is_whole else {},
    )


def store_of(call: Call) -> MemoryStore:
    return MemoryStore(kept_folder(call))


def kept_folder(call: Call) -> Path:
    return call.project.layout.folder / KEPT


def documents(call: Call) -> Found:
    """All of the project's, by name; those that cannot be read stop no other."""
    return load_each(call.project.root / FOLDER, cache=kept_folder(call) / _CACHE)


def named(call: Call, name: str) -> Reconciler:
    """Raises NotFoundError, and UsageError for a document that cannot be read."""
    found = documents(call)
    for spec in found.reconcilers:
        if spec.name == name:
            return spec
    if found.refused:
        raise found.refused[0]
    raise missing(found, name)


def chosen(found: Found, names: tuple[str, ...]) -> tuple[Reconciler, ...]:
    """Those that are named, or all, in the order of their dependencies. Raises NotFoundError for a name that there is
    none of, and UsageError where a document that cannot be read may be it.
    """
    known = {spec.name: spec for spec in found.reconcilers}
    for name in names:
        if name not in known:
            raise found.refused[0] if found.refused else missing(found, name[:60])
    return in_order(known[name] for name in names) if names else in_order(found.reconcilers)


def missing(found: Found, name: str) -> NbmlopsError:
    known = ", ".join(spec.name for spec in found.reconcilers)
    return NotFoundError(
        f"There is no reconciler {name}.",
        kind="reconciler-missing",
        hint=f"There are {known}." if known else f"Write one into {FOLDER}/; docs/reconcile.md shows how.",
    )
