"""What a look changes in memory: before it is decided, and by what was decided. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from nbmlops.model.reconciler import Decision, Kind, Memory, Reconciler, State
from nbmlops.reconcile.conditions import IN_SYNC, is_stalled, reason_of
from nbmlops.reconcile.decide import running_attempt
from nbmlops.reconcile.memory import changed, on_time, told, trimmed
from nbmlops.reconcile.world import Seen


def noticed(spec: Reconciler, memory: Memory, seen: Seen, now: datetime) -> Memory:
    """What is no longer so is put right: times after now, failures of another document, attempts of which nothing can
    come.
    """
    memory = on_time(memory, spec, now)
    if memory.observed and memory.observed != spec.digest:
        memory = forgiven(memory)
    if spec.guard.pin and memory.pinned and spec.guard.pin != memory.pinned:
        memory = msgspec.structs.replace(memory, pinned="")
    running = running_attempt(memory)
    if running is None:
        return memory
    if spec.kind == Kind.DEPLOYER and seen.desired and running.version != seen.desired:
        error = f"{seen.desired} is wanted meanwhile"
        ended = msgspec.structs.replace(running, state=State.FAILED, ended=now, error=error)
        return told(changed(memory, ended), now, "left", f"{running.version}: {error}", running.key)
    if running.resumed >= spec.most_attempts:
        error = f"whoever was at it was killed {running.resumed + 1} times"
        ended = msgspec.structs.replace(running, state=State.FAILED, ended=now, error=error)
        memory = msgspec.structs.replace(
            changed(memory, ended), failing=running.key, failures=spec.most_attempts, failed=now, error=error
        )
        return told(memory, now, "failed", error, running.key)
    return memory


def remembered(spec: Reconciler, memory: Memory, seen: Seen, decision: Decision, now: datetime) -> Memory:
    """With what was decided."""
    word, before = reason_of(decision.conditions), reason_of(memory.conditions)
    if word == IN_SYNC:
        memory = forgiven(memory)
        last = memory.finished[-1] if memory.finished else ""
        if last and last not in memory.rejected:
            memory = msgspec.structs.replace(memory, settled=last)
        if spec.kind == Kind.DEPLOYER and seen.desired:
            memory = msgspec.structs.replace(memory, applied=seen.desired)
    if word != before:
        if is_stalled(decision.conditions):
            memory = told(memory, now, "stalled", decision.why, decision.key)
        elif word == IN_SYNC and before:
            memory = told(memory, now, "in-sync", decision.why)
        elif word in ("Unknown", "Suspended", "Pinned"):
            memory = told(memory, now, word.lower(), decision.why)
    return trimmed(
        msgspec.structs.replace(
            memory,
            observed=spec.digest,
            conditions=decision.conditions,
            reason=decision.reason,
            looked=now,
            next_attempt=decision.next_attempt,
        ),
        spec,
        now,
    )


def again(memory: Memory) -> Memory:
    """As if the last attempt had not been: what is stalled by it may be tried once more. For somebody who asks."""
    last = memory.attempts[-1] if memory.attempts else None
    memory = forgiven(memory)
    if last is None or last.state == State.RUNNING:
        return memory
    return msgspec.structs.replace(
        memory,
        finished=tuple(each for each in memory.finished if each != last.key),
        rejected={each: why for each, why in memory.rejected.items() if each not in (last.key, last.version)},
    )


def forgiven(memory: Memory) -> Memory:
    """Without failures."""
    if not memory.failures and not memory.failing:
        return memory
    return msgspec.structs.replace(memory, failures=0, failing="", failed=None, error="")
