"""What a tick does, each step recorded before the next begins. A crash anywhere leaves an attempt that goes on: a deed
that is done again finds what it did.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from nbmlops.errors import InterruptedRunError, NbmlopsError
from nbmlops.lib.failpoints import failpoint
from nbmlops.model.reconciler import (
    Action,
    Attempt,
    Decision,
    Kind,
    Memory,
    Phase,
    Proposal,
    ProposalState,
    Reconciler,
    State,
)
from nbmlops.reconcile.decide import adoption_key, open_proposal, running_attempt, taken_back
from nbmlops.reconcile.key import parameters_of, wanted
from nbmlops.reconcile.lease import Lease
from nbmlops.reconcile.memory import MemoryStore, changed, finished, proposed, told
from nbmlops.reconcile.world import Seen, Told, Verdict, World

_MOST_TABLE = 100_000


class LostLeaseError(Exception):
    """Somebody else has it now: nothing more is done or written."""


class Desk:
    """A reconciler that is ours for a tick: its memory, and what is at hand."""

    def __init__(
        self, spec: Reconciler, world: World, store: MemoryStore, lease: Lease, say: Told, memory: Memory, seen: Seen
    ) -> None:
        self.spec = spec
        self.world = world
        self.say = say
        self.memory = memory
        self.seen = seen
        self.doing = ""
        """Key of what is being done: failures are counted by it."""
        self._store = store
        self._lease = lease

    def check(self) -> None:
        if not self._lease.held():
            raise LostLeaseError

    def keep(self, memory: Memory) -> None:
        self.check()
        self._store.save(memory)
        self.memory = memory

    def note(self, attempt: Attempt, kind: str, message: str, memory: Memory | None = None) -> Attempt:
        """The attempt as it is now, and a line of the timeline, are kept; `memory`: with what else is new."""
        memory = changed(memory if memory is not None else self.memory, attempt)
        self.keep(told(memory, self.world.now(), kind, message, attempt.key))
        self.say(f"{self.spec.name}: {message}")
        failpoint(f"reconcile-{attempt.phase.value}")
        return attempt


def do(desk: Desk, decision: Decision) -> None:
    """Raises what a deed raises, and LostLeaseError."""
    desk.doing = decision.key
    if decision.action in (Action.TRAIN, Action.DEPLOY):
        _begin(desk, decision)
    elif decision.action == Action.RESUME:
        attempt = running_attempt(desk.memory)
        assert attempt is not None
        again = msgspec.structs.replace(attempt, resumed=attempt.resumed + 1)
        _go_on(desk, desk.note(again, "resumed", f"attempt {attempt.number} goes on: {attempt.why}"))
    elif decision.action == Action.ROLL_BACK:
        _roll_back(desk)
    elif (open_ := open_proposal(desk.memory)) is not None:
        there = desk.seen.proposal
        state = there.state if there is not None and there.key == open_.key else ProposalState.OPEN
        if decision.action == Action.ADOPT:
            _adopt(desk, open_)
        else:
            _close(desk, open_, ProposalState.GONE if state == ProposalState.GONE else ProposalState.REJECTED)


def failed(desk: Desk, error: str) -> None:
    """What was being done has failed: when it is tried again is `decide`'s."""
    now = desk.world.now()
    memory = desk.memory
    running = running_attempt(memory)
    if running is not None and running.key == desk.doing:
        memory = changed(memory, msgspec.structs.replace(running, state=State.FAILED, ended=now, error=error))
    failures = memory.failures + 1 if memory.failing == desk.doing else 1
    memory = msgspec.structs.replace(memory, failing=desk.doing, failures=failures, failed=now, error=error)
    desk.keep(told(memory, now, "failed", error, desk.doing))
    failpoint("reconcile-failed")


def interrupted(desk: Desk) -> None:
    """Somebody stopped it who is alive: it goes on with the next tick, and is not counted as killed."""
    running = running_attempt(desk.memory)
    if running is not None:
        again = msgspec.structs.replace(running, resumed=0)
        desk.keep(told(changed(desk.memory, again), desk.world.now(), "interrupted", running.why, running.key))


def _begin(desk: Desk, decision: Decision) -> None:
    spec, seen, memory = desk.spec, desk.seen, desk.memory
    reason = decision.reason
    attempt = Attempt(
        key=decision.key,
        number=1 + max((each.number for each in memory.attempts if each.key == decision.key), default=0),
        began=desk.world.now(),
        why=decision.why,
        wanted=tuple(sorted(wanted(reason))) if reason is not None else (),
        inputs=seen.inputs,
        parameters=parameters_of(spec, reason),
        seen=seen.facts,
        version=(seen.desired or "") if spec.kind == Kind.DEPLOYER else "",
    )
    _go_on(desk, desk.note(attempt, "began", f"attempt {attempt.number}: {attempt.why}"))


def _go_on(desk: Desk, attempt: Attempt) -> None:
    if desk.spec.kind == Kind.DEPLOYER:
        _deploy(desk, attempt)
        return
    if attempt.phase == Phase.BEGUN:
        attempt = _train(desk, attempt)
    if attempt.phase == Phase.TRAINED and attempt.state == State.RUNNING:
        attempt = _judge(desk, attempt)
    if attempt.phase == Phase.JUDGED and attempt.state == State.RUNNING:
        _publish(desk, attempt)


def _deploy(desk: Desk, attempt: Attempt) -> None:
    desk.check()
    desk.world.deploy(desk.spec, attempt, desk.say)
    failpoint("reconcile-deed-deploy")
    memory = msgspec.structs.replace(desk.memory, applied=attempt.version)
    attempt = desk.note(
        msgspec.structs.replace(attempt, phase=Phase.DEPLOYED), "deployed", f"{attempt.version} is deployed", memory
    )
    # It ends with a look: killed before it, and broken by somebody since, it is deployed once more.
    try:
        seen = desk.world.look(desk.spec, desk.memory)
    except InterruptedRunError:
        raise
    except NbmlopsError:
        return
    if seen.trouble and seen.actual is None:
        return
    memory = finished(desk.memory, attempt.key)
    if seen.actual == attempt.version:
        memory = msgspec.structs.replace(memory, settled=attempt.key)
    desk.keep(changed(memory, _ended(attempt, desk.world.now())))
    failpoint("reconcile-settled")


def _train(desk: Desk, attempt: Attempt) -> Attempt:
    desk.check()
    found = desk.world.train(desk.spec, attempt, desk.say)
    failpoint("reconcile-deed-train")
    trained = msgspec.structs.replace(
        attempt, phase=Phase.TRAINED, run=found.run, version=found.version, cpu_seconds=found.cpu_seconds
    )
    if found.version in desk.memory.rejected:
        return _refuse(desk, trained, f"{found.version} was rejected before: {desk.memory.rejected[found.version]}")
    return desk.note(trained, "trained", f"{found.version} is made")


def _judge(desk: Desk, attempt: Attempt) -> Attempt:
    desk.check()
    verdict = Verdict(passed=True, why="there is no gate")
    if desk.spec.gate is not None:
        verdict = desk.world.judge(desk.spec, attempt, desk.say)
    failpoint("reconcile-deed-judge")
    judged = msgspec.structs.replace(
        attempt, phase=Phase.JUDGED, verdict=verdict.why, table=verdict.table[:_MOST_TABLE]
    )
    if not verdict.passed:
        return _refuse(desk, judged, verdict.why)
    return desk.note(judged, "judged", f"{attempt.version} was let through: {verdict.why}")


def _refuse(desk: Desk, attempt: Attempt, why: str) -> Attempt:
    """Not let through: neither its key nor its version is tried again."""
    ended = _ended(attempt, desk.world.now(), state=State.REJECTED, verdict=why)
    rejected = {**desk.memory.rejected, attempt.key: f"the gate did not let it through: {why}"}
    rejected.setdefault(attempt.version, why)
    memory = msgspec.structs.replace(desk.memory, rejected=rejected)
    return desk.note(ended, "rejected", f"{attempt.version} was not let through: {why}", memory)


def _publish(desk: Desk, attempt: Attempt) -> None:
    if attempt.version in desk.memory.rejected:
        _refuse(desk, attempt, desk.memory.rejected[attempt.version])
        return
    desk.check()
    # Where git says it already there is nothing to propose.
    if desk.spec.publish is None or desk.seen.desired == attempt.version:
        desk.world.adopt(desk.spec, attempt.version)
        failpoint("reconcile-deed-adopt")
        done = _ended(attempt, desk.world.now(), phase=Phase.PUBLISHED)
        memory = msgspec.structs.replace(finished(desk.memory, attempt.key), applied=attempt.version)
        desk.note(done, "promoted", f"{attempt.version} is the champion", memory)
        return
    verdict = Verdict(passed=True, why=attempt.verdict, table=attempt.table)
    found = desk.world.propose(desk.spec, attempt, verdict)
    failpoint("reconcile-deed-propose")
    done = _ended(attempt, desk.world.now(), phase=Phase.PUBLISHED)
    # Open, whatever became of it: that is recorded when something was done about it.
    open_ = msgspec.structs.replace(found, key=attempt.key, value=attempt.version, state=ProposalState.OPEN, ended=None)
    memory = finished(proposed(desk.memory, open_), attempt.key)
    desk.note(done, "proposed", f"{attempt.version} is proposed on {found.url or found.branch}", memory)
    if found.state == ProposalState.MERGED:
        _adopt(desk, open_)
    elif found.state != ProposalState.OPEN:
        _close(desk, open_, found.state)


def _adopt(desk: Desk, proposal: Proposal) -> None:
    desk.doing = adoption_key(proposal.value)
    desk.check()
    desk.world.adopt(desk.spec, proposal.value)
    failpoint("reconcile-deed-adopt")
    now = desk.world.now()
    merged = msgspec.structs.replace(proposal, state=ProposalState.MERGED, ended=now)
    memory = msgspec.structs.replace(proposed(desk.memory, merged), applied=proposal.value)
    desk.keep(told(memory, now, "promoted", f"{proposal.value} was merged and is the champion", proposal.key))
    desk.say(f"{desk.spec.name}: {proposal.value} is the champion")
    failpoint("reconcile-adopted")


def _close(desk: Desk, proposal: Proposal, state: ProposalState) -> None:
    now = desk.world.now()
    there = desk.seen.proposal
    memory = proposed(desk.memory, msgspec.structs.replace(proposal, state=state, ended=now))
    if state == ProposalState.GONE:
        message = f"the branch of {proposal.value} is gone, and nobody said what that means"
    else:
        said = there.title if there is not None and there.key == proposal.key and there.title != proposal.title else ""
        message = f"the proposal of {proposal.value} was closed and not merged{f': {said}' if said else ''}"
        rejected = {**memory.rejected, proposal.key: message, proposal.value: message}
        memory = msgspec.structs.replace(memory, rejected=rejected)
    desk.keep(told(memory, now, state.value, message, proposal.key))
    desk.say(f"{desk.spec.name}: {message}")
    failpoint("reconcile-closed")


def _roll_back(desk: Desk) -> None:
    memory, version = desk.memory, desk.memory.applied
    earlier = taken_back(memory, desk.seen)
    assert earlier is not None
    desk.check()
    desk.world.adopt(desk.spec, earlier)
    failpoint("reconcile-deed-roll-back")
    now = desk.world.now()
    message = f"{version} was taken back in git: {earlier} is the champion again, and stays"
    keys = {each.key: message for each in memory.proposals if each.value == version}
    memory = msgspec.structs.replace(
        memory, applied=earlier, pinned=earlier, rejected={**memory.rejected, version: message, **keys}
    )
    desk.keep(told(memory, now, "rolled-back", message))
    desk.say(f"{desk.spec.name}: {message}")
    failpoint("reconcile-rolled-back")


def _ended(attempt: Attempt, now: datetime, *, state: State = State.SUCCEEDED, **fields: Any) -> Attempt:
    return msgspec.structs.replace(attempt, state=state, ended=now, **fields)
