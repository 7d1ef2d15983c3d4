"""One tick of one reconciler: look, decide, record, act at most once, and look whether that helped.

What is in sync is only looked at: the lease is taken for whatever is written or done.
"""

from __future__ import annotations

import contextlib

import msgspec

from nbmlops.errors import InterruptedRunError, NbmlopsError
from nbmlops.lib.failpoints import failpoint
from nbmlops.model.reconciler import Action, Decision, Memory, Outcome, Reconciler, Status
from nbmlops.reconcile.backoff import later, periodic
from nbmlops.reconcile.conditions import conditions, is_stalled, is_unknown
from nbmlops.reconcile.decide import decide
from nbmlops.reconcile.deeds import Desk, LostLeaseError, do, failed, interrupted
from nbmlops.reconcile.lease import Holder, Lease
from nbmlops.reconcile.memory import MemoryStore
from nbmlops.reconcile.noticed import noticed, remembered
from nbmlops.reconcile.world import Seen, Told, World

Ticked = tuple[Outcome, Decision, Memory]
_MOST_ERROR = 1000


def silent(_: str) -> None:
    """Tells nobody."""


def tick(
    spec: Reconciler, world: World, store: MemoryStore, lease: Lease, say: Told = silent, *, is_dry: bool = False
) -> Ticked:
    """`is_dry`: decide only. A deed's error is recorded, not raised; that of the memory's own file is raised."""
    before = store.peek(spec.name)
    memory, seen, decision = _looked(spec, world, before, say)
    after = remembered(spec, memory, seen, decision, world.now())
    if is_dry or (decision.action == Action.NONE and _is_old_news(spec, before, after)):
        return _outcome(decision), decision, after
    with lease.taken() as other:
        if other is not None:
            return _somebody_else(spec, before, world, other)
        memory = store.load(spec.name, world.now())
        if decision.action != Action.NONE or memory != before:
            lease.beating()
        if memory != before:
            before = memory
            memory, seen, decision = _looked(spec, world, memory, say)
            after = remembered(spec, memory, seen, decision, world.now())
        try:
            return _act(spec, world, store, lease, say, decision, Desk(spec, world, store, lease, say, after, seen))
        except LostLeaseError:
            return _somebody_else(spec, before, world, lease.holder())


def _act(
    spec: Reconciler,
    world: World,
    store: MemoryStore,
    lease: Lease,
    say: Told,
    decision: Decision,
    desk: Desk,
) -> Ticked:
    if decision.action == Action.NONE:
        desk.check()
        store.save(desk.memory, durable=is_stalled(decision.conditions))
        return _outcome(decision), decision, desk.memory
    lease.beating()
    failpoint("reconcile-decided")
    try:
        do(desk, decision)
    except LostLeaseError:
        raise
    except (KeyboardInterrupt, InterruptedRunError):
        with contextlib.suppress(LostLeaseError, NbmlopsError):
            interrupted(desk)
        raise
    except NbmlopsError as error:
        _failed(desk, " ".join(error.message.split()))
    except Exception as error:  # noqa: BLE001 - whatever a deed raises, the next tick has to know of it
        _failed(desk, f"internal: {type(error).__name__}: {' '.join(str(error).split())}")
    failpoint("reconcile-acted")
    memory, seen, found = _looked(spec, world, desk.memory, say)
    after = remembered(spec, memory, seen, found, world.now())
    if found.action != Action.NONE:
        # Once in a tick; the next one comes at once.
        after = msgspec.structs.replace(after, next_attempt=world.now())
    desk.keep(after)
    _clean(spec, world, after, say)
    done = msgspec.structs.replace(
        decision, conditions=found.conditions, next_attempt=after.next_attempt, held=found.held
    )
    return Outcome.STALLED if is_stalled(found.conditions) else Outcome.ACTED, done, after


def _failed(desk: Desk, error: str) -> None:
    failed(desk, error[:_MOST_ERROR])
    desk.say(f"{desk.spec.name}: {error[:_MOST_ERROR]}")


def _looked(spec: Reconciler, world: World, memory: Memory, say: Told) -> tuple[Memory, Seen, Decision]:
    try:
        seen = world.look(spec, memory)
    except InterruptedRunError:
        raise
    except NbmlopsError as error:
        seen = Seen(trouble=" ".join(error.message.split())[:_MOST_ERROR])
    except Exception as error:  # noqa: BLE001 - a look that breaks stops no other reconciler
        seen = Seen(trouble=f"internal: {type(error).__name__}: {' '.join(str(error).split())}"[:_MOST_ERROR])
        say(f"{spec.name}: {seen.trouble}")
    now = world.now()
    memory = noticed(spec, memory, seen, now)
    return memory, seen, decide(spec, memory, seen, now)


def _clean(spec: Reconciler, world: World, memory: Memory, say: Told) -> None:
    try:
        world.clean(spec, memory)
    except InterruptedRunError:
        raise
    except Exception as error:  # noqa: BLE001 - what is left over does no harm
        say(f"{spec.name}: what was left over could not be taken away: {' '.join(str(error).split())[:_MOST_ERROR]}")


def _is_old_news(spec: Reconciler, before: Memory, after: Memory) -> bool:
    """Nothing but the time of the look is new, and the one that is remembered is of late."""
    if before.looked is None or after.looked is None:
        return False
    age = (after.looked - before.looked).total_seconds()
    same = msgspec.structs.replace(after, looked=before.looked, next_attempt=before.next_attempt)
    return 0 <= age < spec.interval / 2 and same == before


def _outcome(decision: Decision) -> Outcome:
    """Of what nobody can tell somebody has to hear, as of what is stalled; unless it was stopped by hand."""
    is_stopped = bool(decision.held)
    if is_stalled(decision.conditions) or (is_unknown(decision.conditions) and not is_stopped):
        return Outcome.STALLED
    return Outcome.IN_SYNC


def _somebody_else(spec: Reconciler, memory: Memory, world: World, other: Holder | None) -> Ticked:
    now = world.now()
    why = f"{other or 'somebody else'} is at it"
    decision = Decision(
        action=Action.NONE,
        why=why,
        conditions=conditions(memory, now, "Busy", why, ready=Status.FALSE, is_busy=True),
        next_attempt=later(now, min(spec.retry_interval, periodic(spec))),
        held=(why,),
    )
    return Outcome.IN_SYNC, decision, memory
