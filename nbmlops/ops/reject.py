"""`reject`: what a Trainer proposes is closed, and never proposed again."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.lib.clock import utc_now
from nbmlops.model.reconciler import Proposal, ProposalState
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.reconciling.changing import held
from nbmlops.ops.reconciling.proposing import Repositories, open_one
from nbmlops.ops.reconciling.view import ReconcilerView, named, store_of, view
from nbmlops.reconcile.memory import proposed, told


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("The reconciler.")]
    why: Annotated[str, option("For whoever reads it later.", metavar="TEXT")] = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    reconciler: ReconcilerView
    proposal: Proposal


def reject(call: Call, request: Request) -> Result:
    """Raises NotFoundError, StateError where nothing is proposed, ConflictError for what is merged by now."""
    spec = named(call, request.name)
    why = request.why or "rejected by hand"
    with held(call, spec) as memory:
        publish, found = open_one(spec, memory)
        Repositories(call).reject(publish, found, why)
        now = utc_now()
        closed = msgspec.structs.replace(found, state=ProposalState.REJECTED, ended=now)
        changed = told(proposed(memory, closed), now, "rejected", f"{found.value}: {why}", found.key)
        changed = msgspec.structs.replace(changed, rejected={**changed.rejected, found.value: why, found.key: why})
        store_of(call).save(changed)
    return Result(reconciler=view(spec, changed), proposal=closed)
