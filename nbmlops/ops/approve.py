"""`approve`: what a Trainer proposes is merged. Deployers see it at their next look."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.lib.clock import utc_now
from nbmlops.model.reconciler import Proposal, ProposalState
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import positional
from nbmlops.ops.reconciling.changing import held
from nbmlops.ops.reconciling.proposing import Repositories, open_one
from nbmlops.ops.reconciling.view import ReconcilerView, named, store_of, view
from nbmlops.ops.reconciling.world import RealWorld
from nbmlops.reconcile.memory import proposed, told


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("The reconciler.")]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    reconciler: ReconcilerView
    proposal: Proposal
    commit: str
    """Of the branch that deployments go by."""
    undo: str
    """The command that takes it back."""


def approve(call: Call, request: Request) -> Result:
    """The version becomes the champion, too. Raises NotFoundError, StateError where nothing is proposed, ConflictError
    for what cannot be merged, UnavailableError and DeniedError of the remote or the forge.
    """
    spec = named(call, request.name)
    with held(call, spec) as memory:
        publish, found = open_one(spec, memory)
        call.progress(Progress(task="merge", note=found.branch))
        commit = Repositories(call).merge(publish, found)
        call.progress(Progress(task="merge", state="done"))
        RealWorld(call).adopt(spec, found.value)
        now = utc_now()
        merged = msgspec.structs.replace(found, state=ProposalState.MERGED, ended=now)
        changed = told(proposed(memory, merged), now, "merged", f"{found.value} was approved", found.key)
        changed = msgspec.structs.replace(changed, applied=found.value, next_attempt=None)
        store_of(call).save(changed)
    return Result(
        reconciler=view(spec, changed), proposal=merged, commit=commit, undo=f"git revert {commit[:10]} && git push"
    )
