"""What a proposal says: why, how good the challenger is, what the pipeline computes, and how to take it back."""

from __future__ import annotations

import msgspec

from nbmlops.model.reconciler import Attempt, Reconciler
from nbmlops.ops.call import Call
from nbmlops.reconcile.world import Verdict


class Text(msgspec.Struct, frozen=True):
    title: str
    body: str


def text_of(call: Call, spec: Reconciler, attempt: Attempt, verdict: Verdict) -> Text:
    return Text(f"{spec.model}: version {attempt.version}", "\n\n".join(filter(None, (attempt.why, verdict.table))))
