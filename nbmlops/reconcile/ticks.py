"""Several reconcilers: which of them are due, in the order of their dependencies, one's trouble being no other's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec

from nbmlops.errors import InterruptedRunError, NbmlopsError
from nbmlops.model.reconciler import Decision, Memory, Outcome, Reconciler
from nbmlops.reconcile.backoff import periodic
from nbmlops.reconcile.folder import in_order
from nbmlops.reconcile.lease import Lease
from nbmlops.reconcile.memory import MemoryStore
from nbmlops.reconcile.tick import silent, tick
from nbmlops.reconcile.world import Told, World


class Ticked(msgspec.Struct, frozen=True, kw_only=True):
    spec: Reconciler
    outcome: Outcome
    decision: Decision | None = None
    memory: Memory | None = None
    error: NbmlopsError | None = None
    """Why there was no tick: its memory cannot be read or written."""


class Rounds:
    """Rounds of ticks in one process. What was looked at when is known without reading a file."""

    def __init__(self, world: World, store: MemoryStore, lease: Callable[[str], Lease], say: Told = silent) -> None:
        self._world = world
        self._store = store
        self._lease = lease
        self._say = say
        self._looked: dict[str, tuple[str, datetime, datetime | None]] = {}
        """Digest of the document, when it was looked at, and when it wants to be."""

    def all(self, specs: Iterable[Reconciler], *, is_dry: bool = False) -> tuple[Ticked, ...]:
        """Each once; back-off and guards hold."""
        return tuple(self._one(spec, is_dry) for spec in in_order(specs))

    def due(self, specs: Iterable[Reconciler]) -> tuple[Ticked, ...]:
        """Those whose time it is."""
        return tuple(self._one(spec, False) for spec in in_order(specs) if self.is_due(spec))

    def is_due(self, spec: Reconciler) -> bool:
        known = self._looked.get(spec.name)
        if known is None or known[0] != spec.digest:
            return True
        return is_due(spec, known[1], known[2], self._world.now())

    def next_due(self, specs: Iterable[Reconciler]) -> datetime | None:
        """When the first of them is; None: there is none."""
        return min((self._due_at(spec) for spec in specs), default=None)

    def _due_at(self, spec: Reconciler) -> datetime:
        now = self._world.now()
        known = self._looked.get(spec.name)
        if known is None or self.is_due(spec):
            return now
        _, looked, wanted = known
        regular = looked + timedelta(seconds=periodic(spec))
        return regular if wanted is None or wanted < looked else min(regular, wanted)

    def _one(self, spec: Reconciler, is_dry: bool) -> Ticked:
        error: NbmlopsError
        try:
            outcome, decision, memory = tick(
                spec, self._world, self._store, self._lease(spec.name), self._say, is_dry=is_dry
            )
        except InterruptedRunError:
            raise
        except NbmlopsError as raised:
            error = raised
            self._say(f"{spec.name}: {error}")
            now = self._world.now()
            self._looked[spec.name] = spec.digest, now, now + timedelta(seconds=spec.retry_interval)
            return Ticked(spec=spec, outcome=Outcome.STALLED, error=error)
        if not is_dry:
            self._looked[spec.name] = spec.digest, self._world.now(), decision.next_attempt
        return Ticked(spec=spec, outcome=outcome, decision=decision, memory=memory)


def is_due(spec: Reconciler, looked: datetime | None, next_attempt: datetime | None, now: datetime) -> bool:
    """Whether it is to be looked at: its interval is over, or what it waits for has come. A clock that went back makes
    it so, too.
    """
    if looked is None or looked > now or (now - looked).total_seconds() >= periodic(spec):
        return True
    return next_attempt is not None and next_attempt <= now


def worst(found: Iterable[Ticked]) -> Outcome:
    """Of all: stalled if one is, else acted if one did."""
    outcomes = {each.outcome for each in found}
    return next((each for each in (Outcome.STALLED, Outcome.ACTED) if each in outcomes), Outcome.IN_SYNC)
