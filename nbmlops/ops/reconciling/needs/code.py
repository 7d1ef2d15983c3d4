"""codeChanged: the pipeline, or what is installed for it, is not what made the newest version."""

from __future__ import annotations

from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.reconciling.inputs import code_digest
from nbmlops.ops.reconciling.needs.data import changed
from nbmlops.ops.reconciling.observing import Observing


def observe(look: Observing, need: NeedSpec) -> Reason:
    return changed(look, need, "digest of code", code_digest(look), f"pipeline {look.spec.pipeline}")
