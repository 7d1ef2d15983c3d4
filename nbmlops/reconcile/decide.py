"""What is to be done: of what is seen, what is remembered and the time. Pure; whoever acts is `tick.py`.

In this order: what is stopped does nothing. What cannot be told does nothing. What git took back is gone back to. An
open proposal is waited for. An attempt that somebody was killed in goes on. Then needs, and of what is needed nothing
that was done, refused or used up before; then back-off and guards; then an attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from nbmlops.lib.durations import lasting
from nbmlops.model.reconciler import (
    Action,
    Attempt,
    Decision,
    Kind,
    Memory,
    Proposal,
    ProposalState,
    Reason,
    Reconciler,
    State,
    Status,
)
from nbmlops.reconcile.backoff import after_failure, later, periodic
from nbmlops.reconcile.conditions import IN_SYNC, conditions
from nbmlops.reconcile.guard import Held, holding, stopped
from nbmlops.reconcile.key import key_of, parameters_of, wanted
from nbmlops.reconcile.memory import on_time
from nbmlops.reconcile.reasons import headline
from nbmlops.reconcile.world import Seen


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    spec: Reconciler
    memory: Memory
    seen: Seen
    now: datetime
    reason: Reason | None


def decide(spec: Reconciler, memory: Memory, seen: Seen, now: datetime) -> Decision:
    reason = _deployed(seen) if spec.kind == Kind.DEPLOYER else seen.reason
    case = _Case(spec=spec, memory=on_time(memory, spec, now), seen=seen, now=now, reason=reason)
    if stops := stopped(spec, memory):
        return _held(case, stops, ready=Status.UNKNOWN)
    if unknown := _untold(case):
        return _unknown(case, unknown)
    if spec.kind == Kind.TRAINER and spec.publish is not None:
        if (earlier := taken_back(case.memory, seen)) is not None:
            why = f"git says {earlier} again, {case.memory.applied} was taken back"
            return _does(case, Action.ROLL_BACK, why, roll_back_key(case.memory.applied, earlier))
        if (open_ := open_proposal(case.memory)) is not None:
            return _on_proposal(case, open_)
    if (running := running_attempt(case.memory)) is not None:
        why = f"attempt {running.number} goes on from where it was {running.phase.value}: {running.why}"
        return _does(case, Action.RESUME, why, running.key)
    return _on_need(case)


def open_proposal(memory: Memory) -> Proposal | None:
    return next((each for each in reversed(memory.proposals) if each.state == ProposalState.OPEN), None)


def running_attempt(memory: Memory) -> Attempt | None:
    return next((each for each in reversed(memory.attempts) if each.state == State.RUNNING), None)


def taken_back(memory: Memory, seen: Seen) -> str | None:
    """What git says in place of the value that was made true: one that it said before that."""
    applied, desired = memory.applied, seen.desired
    if not applied or not desired or desired == applied or applied not in seen.earlier:
        return None
    before = seen.earlier[seen.earlier.index(applied) + 1 :]
    proposed = any(each.value == applied and each.before == desired for each in memory.proposals)
    return desired if desired in before or proposed else None


def adoption_key(version: str) -> str:
    return f"adopt {version}"


def roll_back_key(version: str, earlier: str) -> str:
    return f"roll back {version} to {earlier}"


def _deployed(seen: Seen) -> Reason | None:
    if not seen.desired:
        return None
    runs = f"{seen.actual} runs" if seen.actual else "nothing runs"
    is_so = seen.actual == seen.desired
    why = f"{seen.desired} is wanted and runs" if is_so else f"{seen.desired} is wanted, {runs}"
    holds = None if seen.trouble and not seen.actual else not is_so
    return Reason(need="deployed", holds=holds, why=why, key=seen.desired)


def _untold(case: _Case) -> str:
    """Why nothing can be decided; empty: it can."""
    spec, seen = case.spec, case.seen
    trouble = f": {seen.trouble}" if seen.trouble else ""
    if (spec.kind == Kind.DEPLOYER or spec.publish is not None) and not seen.desired:
        return f"nothing says which version is wanted{trouble}"
    if case.reason is None:
        return f"whether something is needed cannot be told{trouble}"
    return ""


def _on_proposal(case: _Case, remembered: Proposal) -> Decision:
    found = case.seen.proposal
    state = found.state if found is not None and found.key == remembered.key else ProposalState.OPEN
    value, where = remembered.value, remembered.url or remembered.branch
    if state == ProposalState.MERGED or case.seen.desired == value:
        return _does(case, Action.ADOPT, f"{value} was merged", adoption_key(value))
    if state == ProposalState.REJECTED:
        return _does(case, Action.REJECT, f"the proposal of {value} was closed and not merged", remembered.key)
    if state == ProposalState.GONE:
        return _does(case, Action.REJECT, f"the branch of {value}, {remembered.branch}, is gone", remembered.key)
    return _waits(case, "ProposalOpen", f"{value} is proposed on {where} and waits for somebody to agree", is_busy=True)


def _on_need(case: _Case) -> Decision:
    spec, memory, seen, reason = case.spec, case.memory, case.seen, case.reason
    assert reason is not None
    if reason.holds is None:
        return _unknown(case, headline(reason, None) or reason.why or "it cannot be told whether it is needed")
    if reason.holds is False:
        seconds = min(filter(None, (periodic(spec), reason.recheck)))
        why = reason.why if spec.kind == Kind.DEPLOYER else headline(reason, False) or reason.why
        return _decision(case, Action.NONE, why, word=IN_SYNC, ready=Status.TRUE, next_attempt=later(case.now, seconds))
    key, why = key_of(spec, seen, memory), headline(reason)
    if spec.kind == Kind.DEPLOYER:
        why = reason.why
        if seen.desired in memory.rejected:
            return _stalls(
                case, "Rejected", f"{seen.desired} is wanted and was rejected: {memory.rejected[seen.desired]}"
            )
    elif done := _done(case, key):
        return _stalls(case, done[0], f"{why}; {done[1]}", key=key)
    if key in memory.rejected:
        return _stalls(case, "Rejected", f"{why}; {memory.rejected[key]}", key=key)
    if key in memory.finished:
        return _stalls(case, "PostconditionNotMet", f"{why}, though it was done already", key=key)
    if blocked := _blocked(case, key):
        return blocked
    if held := holding(spec, memory, seen, case.now, key):
        return _held(case, held, why=why, key=key)
    return _decision(
        case,
        Action.DEPLOY if spec.kind == Kind.DEPLOYER else Action.TRAIN,
        why,
        word="Deploying" if spec.kind == Kind.DEPLOYER else "Training",
        ready=Status.FALSE,
        is_busy=True,
        key=key,
        next_attempt=later(case.now, periodic(spec)),
    )


def _done(case: _Case, key: str) -> tuple[str, str] | None:
    """How an attempt ended of which another would be made the same: of this key, or for the same needs and more."""
    memory = case.memory
    needs = wanted(case.reason) if case.reason is not None else set()
    last = next((each for each in reversed(memory.attempts) if each.state != State.FAILED), None)
    is_covered = (
        last is not None
        and (last.key in memory.finished or last.key in memory.rejected)
        and last.key != memory.settled
        and needs <= set(last.wanted)
        and last.inputs == case.seen.inputs
        and last.parameters == parameters_of(case.spec, case.reason)
    )
    if key not in memory.finished and key not in memory.rejected and not is_covered:
        return None
    same = last.key if is_covered and last is not None else key
    proposal = next((each for each in reversed(memory.proposals) if each.key == same), None)
    if proposal is not None and proposal.state == ProposalState.REJECTED:
        return "ProposalRejected", f"the proposal of {proposal.value} was rejected"
    if proposal is not None and proposal.state == ProposalState.GONE:
        return "ProposalGone", f"the branch of {proposal.value} was taken away, and nobody said what that means"
    attempt = next((each for each in reversed(memory.attempts) if each.key == same), None)
    if attempt is not None and attempt.state == State.REJECTED:
        return "GateRejected", f"{attempt.version or 'what was made'} was not let through: {attempt.verdict}"
    if same in memory.rejected:
        return "Rejected", memory.rejected[same]
    version = f" made {attempt.version}" if attempt is not None and attempt.version else " went well"
    return "PostconditionNotMet", f"an attempt{version}, and it is needed as before"


def _does(case: _Case, action: Action, why: str, key: str) -> Decision:
    """Unless it failed lately, or too often."""
    return _blocked(case, key) or _decision(
        case,
        action,
        why,
        word=_WORDS[action],
        ready=Status.FALSE,
        is_busy=True,
        key=key,
        next_attempt=later(case.now, periodic(case.spec)),
    )


_WORDS = {
    Action.RESUME: "Resuming",
    Action.ADOPT: "Adopting",
    Action.ROLL_BACK: "RollingBack",
    Action.REJECT: "Rejecting",
}


def _blocked(case: _Case, key: str) -> Decision | None:
    spec, memory = case.spec, case.memory
    if memory.failing != key or not memory.failures or memory.failed is None:
        return None
    times = "once" if memory.failures == 1 else f"{memory.failures} times"
    if memory.failures >= spec.most_attempts:
        return _stalls(case, "AttemptsUsedUp", f"failed {times}: {memory.error}", key=key)
    until = later(memory.failed, after_failure(spec, memory.failures))
    if until <= case.now:
        return None
    held = f"back-off, {lasting((until - case.now).total_seconds())} left"
    why = f"failed {times}: {memory.error}; {held}"
    return _waits(case, "BackOff", why, is_busy=True, next_attempt=until, held=(held,), key=key)


def _held(case: _Case, held: Sequence[Held], *, why: str = "", key: str = "", ready: Status = Status.FALSE) -> Decision:
    sentences = tuple(each.why for each in held)
    ends = [each.until for each in held if each.until is not None]
    until = max(ends) if len(ends) == len(held) else later(case.now, periodic(case.spec))
    said = "; ".join(filter(None, (why, *sentences)))
    return _waits(
        case, held[0].reason, f"{said}: wait", next_attempt=until, held=sentences, key=key, ready=ready,
        is_busy=ready == Status.FALSE,
    )  # fmt: skip


def _waits(
    case: _Case,
    word: str,
    why: str,
    *,
    next_attempt: datetime | None = None,
    held: tuple[str, ...] = (),
    key: str = "",
    ready: Status = Status.FALSE,
    is_busy: bool = False,
) -> Decision:
    at = next_attempt or later(case.now, periodic(case.spec))
    return _decision(
        case, Action.NONE, why, word=word, ready=ready, is_busy=is_busy, key=key, next_attempt=at, held=held
    )


def _stalls(case: _Case, word: str, why: str, *, key: str = "") -> Decision:
    at = later(case.now, periodic(case.spec))
    return _decision(case, Action.NONE, why, word=word, ready=Status.FALSE, is_stalled=True, key=key, next_attempt=at)


def _unknown(case: _Case, why: str) -> Decision:
    at = later(case.now, min(case.spec.retry_interval, periodic(case.spec)))
    return _decision(case, Action.NONE, why, word="Unknown", ready=Status.UNKNOWN, next_attempt=at)


def _decision(
    case: _Case,
    action: Action,
    why: str,
    *,
    word: str,
    ready: Status,
    next_attempt: datetime,
    is_busy: bool = False,
    is_stalled: bool = False,
    key: str = "",
    held: tuple[str, ...] = (),
) -> Decision:
    return Decision(
        action=action,
        why=why,
        key=key,
        conditions=conditions(case.memory, case.now, word, why, ready=ready, is_busy=is_busy, is_stalled=is_stalled),
        next_attempt=next_attempt,
        reason=case.reason,
        held=held,
    )
