"""Which notebook a verb is about: a file, or what this kernel has executed."""

from __future__ import annotations

from nbmlops.errors import UsageError
from nbmlops.model.notebook import Notebook
from nbmlops.ops.call import Call
from nbmlops.ops.live_notebook import live_notebook
from nbmlops.pipeline.source import read_notebook


def source_notebook(call: Call, name: str, example: str) -> tuple[Notebook, bool]:
    """The notebook and whether it is the kernel's. Raises UsageError where there is neither name nor kernel."""
    if name:
        return read_notebook(call.path(name)), False
    if not call.has_session:
        raise UsageError("Which notebook?", kind="arguments-malformed", hint=f"For example: nbmlops {example}")
    return live_notebook(call.session), True
