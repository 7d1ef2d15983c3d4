"""What a reconciler remembers, in git beside `.nbmlops/`: a fresh clone, in CI or on a new machine, goes on with it.

Only what matters is compared: that somebody looked again is no news.
"""

from __future__ import annotations

import msgspec

from nbmlops.errors import NbmlopsError
from nbmlops.model.reconciler import LAYOUT, Memory, Place, Reconciler
from nbmlops.ops.reconciling.proposing import Repositories
from nbmlops.reconcile.memory import MemoryStore
from nbmlops.reconcile.world import Told


class SharedMemory:
    def __init__(self, store: MemoryStore, git: Repositories, told: Told) -> None:
        self._store = store
        self._git = git
        self._told = told
        self._before: dict[str, Memory] = {}

    def recall(self, spec: Reconciler) -> None:
        """Where nothing is remembered here, what git remembers is."""
        place = _place(spec)
        if place is None:
            return
        if not self._store.path(spec.name).exists():
            try:
                data = self._git.repository(place).recall(spec.name)
                found = msgspec.json.decode(data, type=Memory) if data is not None else None
            except (NbmlopsError, msgspec.MsgspecError, UnicodeError, RecursionError) as error:
                self._told(f"{spec.name}: what git remembers cannot be read: {' '.join(str(error).split())[:200]}")
                found = None
            if found is not None and found.name == spec.name and found.layout <= LAYOUT:
                self._store.save(found)
        self._before[spec.name] = self._store.peek(spec.name)

    def remember(self, spec: Reconciler) -> None:
        """Says what it cannot write; the tick has been made all the same."""
        place = _place(spec)
        if place is None:
            return
        now = self._store.peek(spec.name)
        if _essence(now) == _essence(self._before.get(spec.name, Memory(name=spec.name))):
            return
        try:
            self._git.repository(place).remember(spec.name, msgspec.json.encode(now))
        except NbmlopsError as error:
            self._told(f"{spec.name}: git does not take what is remembered: {error.message}")
        else:
            self._before[spec.name] = now


def _place(spec: Reconciler) -> Place | None:
    return spec.publish.place if spec.publish is not None else spec.desired


def _essence(memory: Memory) -> Memory:
    return msgspec.structs.replace(
        memory, looked=None, next_attempt=None, conditions=(), reason=None, observed="", timeline=()
    )
