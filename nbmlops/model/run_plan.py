"""What a kernel is told of the run that it belongs to: a batch run of a notebook, or a step of a pipeline run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

import msgspec

VARIABLE = "NBMLOPS_RUN"
"""JSON of a RunPlan, in the kernel's environment. The run is open from the first cell to the last."""


class RunPlan(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: str
    experiment: str = ""
    key: str = ""
    """Of a run that another session has opened in the experiment and will end; its scribe sends what we journal."""
    session: str = ""
    """Id that the kernel's session shall have; empty: one of its own."""
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    patience: float = 60.0
    """Seconds that the kernel waits at its end until all is in MLflow; what is not then goes on beside it."""

    def to_variable(self) -> str:
        return msgspec.json.encode(self).decode()


def plan_from(environ: Mapping[str, str] = os.environ) -> RunPlan | None:
    """The run that this kernel is to be, if any. A malformed variable counts as none."""
    text = environ.get(VARIABLE)
    if not text:
        return None
    try:
        return msgspec.convert(json.loads(text), RunPlan)
    except (ValueError, msgspec.ValidationError):
        return None
