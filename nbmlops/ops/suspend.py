"""`suspend`: a reconciler does nothing, until it is told to go on."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.errors import StateError
from nbmlops.lib.clock import utc_now
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.reconciling.changing import held
from nbmlops.ops.reconciling.view import ReconcilerView, named, store_of, view
from nbmlops.reconcile.memory import told


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("The reconciler.")]
    off: Annotated[bool, option("Let it go on, and lift the pin that a rollback has set.")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    reconciler: ReconcilerView
    unpinned: str = ""
    """The version that it was pinned to."""


def suspend(call: Call, request: Request) -> Result:
    """Here, on this machine; `suspend: true` in the document holds everywhere. Raises NotFoundError, ConflictError for
    one that is at work, and StateError where the document itself suspends it or pins it.
    """
    spec = named(call, request.name)
    if request.off and spec.is_suspended:
        raise StateError(
            f"{spec.path} suspends {spec.name}.", kind="reconciler-suspended", hint="Take `suspend: true` out of it."
        )
    if request.off and spec.guard.pin:
        raise StateError(
            f"{spec.path} pins {spec.name} to {spec.guard.pin}.", kind="reconciler-pinned", hint="Take `pin` out of it."
        )
    with held(call, spec) as memory:
        unpinned = memory.pinned if request.off else ""
        changed = msgspec.structs.replace(
            memory,
            is_suspended=not request.off,
            pinned="" if request.off else memory.pinned,
            failures=0 if request.off else memory.failures,
            next_attempt=None if request.off else memory.next_attempt,
        )
        word = "goes on" if request.off else "suspended"
        changed = told(changed, utc_now(), "resumed" if request.off else "suspended", f"{spec.name} {word} by hand")
        store_of(call).save(changed)
    return Result(reconciler=view(spec, changed), unpinned=unpinned)
