"""What people change by hand in what a reconciler remembers: under its lease, as a tick does it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from nbmlops.errors import ConflictError
from nbmlops.lib.clock import utc_now
from nbmlops.model.reconciler import Memory, Reconciler
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.reconciling.proposing import Repositories
from nbmlops.ops.reconciling.shared_memory import SharedMemory
from nbmlops.ops.reconciling.view import kept_folder, store_of
from nbmlops.reconcile.lease import Lease

WAIT_SECONDS = 10.0
_LOOK_SECONDS = 0.1


@contextlib.contextmanager
def held(call: Call, spec: Reconciler) -> Iterator[Memory]:
    """What it remembers, while nobody else changes it. Raises ConflictError where it is at work for long."""
    lease = Lease(kept_folder(call), spec.name)
    until = time.monotonic() + WAIT_SECONDS
    while (other := lease.take()) is not None:
        if time.monotonic() > until:
            raise ConflictError(
                f"{spec.name} is at work: {other}.", kind="reconciler-busy", hint="Try again when it has ended."
            )
        time.sleep(_LOOK_SECONDS)
    # A forge may take its time: nobody else is to think that whoever has it is gone.
    lease.beating()
    store = store_of(call)
    shared = SharedMemory(store, Repositories(call), lambda note: call.progress(Progress(task="memory", note=note)))
    try:
        shared.recall(spec)
        yield store.load(spec.name, utc_now())
        shared.remember(spec)
    finally:
        lease.give_back()
