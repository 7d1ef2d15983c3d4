"""`reconcile`: what documents in `reconcilers/` say is made so: models are fresh, deployments are what git says.

reconcile                    each is looked at once, and what is needed is done
reconcile --dry-run          only what would be done, and why
reconcile --watch            again and again, each at its interval
"""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from nbmlops.errors import NbmlopsError, UsageError
from nbmlops.lib.clock import utc_now
from nbmlops.model.reconciler import EXIT_CODES, Action, Kind, Outcome, Reason, Reconciler
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.reconciling.shared_memory import SharedMemory
from nbmlops.ops.reconciling.view import chosen, documents, kept_folder, missing, store_of
from nbmlops.reconcile.conditions import reason_of
from nbmlops.reconcile.folder import Found
from nbmlops.reconcile.lease import Lease
from nbmlops.reconcile.memory import MemoryStore
from nbmlops.reconcile.ticks import Rounds, Ticked, worst
from nbmlops.reconcile.words import is_name

if TYPE_CHECKING:
    from nbmlops.ops.reconciling.world import RealWorld

_LONGEST_SLEEP = 30.0
"""Seconds: documents may change meanwhile."""
_LEAST_SLEEP = 0.2


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    names: Annotated[tuple[str, ...], positional("Only these. Default: all of the project.")] = ()
    once: Annotated[bool, option("Look at each once, and do what is needed. That is the default.")] = False
    watch: Annotated[bool, option("Look again and again, each at its interval, until it is stopped.", short="w")] = (
        False
    )
    dry_run: Annotated[bool, option("Only say what would be done, and why.", short="n")] = False


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """One tick of one reconciler."""

    name: str
    kind: Kind
    outcome: Outcome
    action: Action = Action.NONE
    state: str = ""
    """In one word: InSync, CoolDown, ProposalOpen, GateRejected..."""
    why: str = ""
    reason: Reason | None = None
    held: tuple[str, ...] = ()
    """Guards that keep it from being done."""
    next_attempt: datetime | None = None
    problem: str = ""
    """Why nothing could be looked at."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    ran: tuple[Ran, ...]
    outcome: Outcome
    refused: tuple[str, ...] = ()
    """Documents that cannot be read, and why."""
    is_dry: bool = False
    rounds: int = 1

    @property
    def exit_code(self) -> int:
        """0: all is as it is wanted. 10: something was done. 20: something is stalled, or cannot be told."""
        return EXIT_CODES[self.outcome]


def reconcile(call: Call, request: Request) -> Result:
    """A deed that fails is recorded and told, not raised. Raises UsageError for what contradicts itself, NotFoundError
    for a name that there is none of.
    """
    if request.watch and (request.once or request.dry_run):
        raise UsageError(
            f"--watch and --{'once' if request.once else 'dry-run'} contradict each other.", kind="watch-contradicted"
        )
    for name in request.names:
        if not is_name(name):
            raise missing(documents(call), name[:60])
    from nbmlops.ops.reconciling.world import RealWorld

    world, store = RealWorld(call), _store(call)
    rounds = Rounds(world, store, lambda name: Lease(kept_folder(call), name), lambda note: _say(call, note))
    shared = SharedMemory(store, world.git, lambda note: _say(call, note))
    if request.watch:
        return _watched(call, request, rounds, world, shared)
    found = documents(call)
    specs = chosen(found, request.names)
    for spec in specs:
        shared.recall(spec)
    ticked = rounds.all(specs, is_dry=request.dry_run)
    for spec in specs if not request.dry_run else ():
        shared.remember(spec)
    return _result(ticked, found, is_dry=request.dry_run, is_named=bool(request.names))


def _watched(call: Call, request: Request, rounds: Rounds, world: RealWorld, shared: SharedMemory) -> Result:
    newest: dict[str, Ticked] = {}
    found, count, told = documents(call), 0, ""
    specs: tuple[Reconciler, ...] = ()
    try:
        while True:
            found = documents(call)
            try:
                specs = chosen(found, request.names)
            except NbmlopsError as error:
                if not count:
                    raise
                # Somebody is writing it: the one that was read before goes on.
                if error.message != told:
                    _say(call, error.message)
                told = error.message
            world.refresh()
            for spec in specs:
                if rounds.is_due(spec):
                    shared.recall(spec)
            for each in rounds.due(specs):
                newest[each.spec.name] = each
                _tell(call, each)
                shared.remember(each.spec)
            count += 1
            due = rounds.next_due(specs)
            wait = (due - utc_now()).total_seconds() if due is not None else _LONGEST_SLEEP
            time.sleep(min(max(wait, _LEAST_SLEEP), _LONGEST_SLEEP))
    except KeyboardInterrupt:
        return msgspec.structs.replace(
            _result(tuple(newest.values()), found, is_named=bool(request.names)), rounds=count
        )


def _store(call: Call) -> MemoryStore:
    folder: Path = kept_folder(call)
    folder.mkdir(parents=True, exist_ok=True)
    return store_of(call)


def _result(ticked: tuple[Ticked, ...], found: Found, *, is_dry: bool = False, is_named: bool = False) -> Result:
    # Whoever names one is told of the other documents, and no more.
    outcome = Outcome.STALLED if found.refused and not is_named else worst(ticked)
    return Result(
        ran=tuple(_ran(each) for each in ticked),
        outcome=outcome,
        refused=tuple(error.message for error in found.refused),
        is_dry=is_dry,
    )


def _ran(found: Ticked) -> Ran:
    spec, decision = found.spec, found.decision
    if decision is None:
        problem = found.error.message if found.error is not None else ""
        return Ran(name=spec.name, kind=spec.kind, outcome=found.outcome, problem=problem)
    return Ran(
        name=spec.name,
        kind=spec.kind,
        outcome=found.outcome,
        action=decision.action,
        state=reason_of(decision.conditions),
        why=decision.why,
        reason=decision.reason,
        held=decision.held,
        next_attempt=decision.next_attempt,
    )


def _say(call: Call, note: str) -> None:
    call.progress(Progress(task="reconcile", note=note))


def _tell(call: Call, found: Ticked) -> None:
    ran = _ran(found)
    state = "failed" if ran.outcome is Outcome.STALLED else "done"
    call.progress(
        Progress(task="reconcile", note=f"{utc_now():%H:%M:%S} {ran.name}: {ran.problem or ran.why}", state=state)
    )
