"""What ran, kept so that it can run again: outputs, random states, and the trace that names them."""

from __future__ import annotations

from typing import Any

import msgspec

from nbmlops.model.cell import Execution
from nbmlops.model.documents import Document


class CellOutputs(Document, frozen=True, kw_only=True, tag="cell-outputs"):
    """What one execution showed, as nbformat's outputs."""

    execution: str
    outputs: tuple[dict[str, Any], ...]
    left_out: int = 0
    """Bytes that were too many to keep."""


class RandomStates(Document, frozen=True, kw_only=True, tag="random-states"):
    """The global random generators before an execution: those of `random`, `numpy.random` and `torch`."""

    execution: str
    states: dict[str, Any]
    """By module; capture/random_states.py reads them back."""


class SessionTrace(msgspec.Struct, frozen=True, kw_only=True):
    """One kernel's part of a run."""

    session: str
    notebook: str
    """Relative to the project; empty when the front end did not say."""
    folder: str
    """Where the kernel stood, relative to the project."""
    door: str
    executions: tuple[Execution, ...]
    """In the order in which they ran, up to the last one that belongs to the run. Files carry their digests."""
    variables: dict[str, str] = {}
    """What the pipeline's run told this step alone, as environment variables."""


class Trace(Document, frozen=True, kw_only=True, tag="trace"):
    """What a run is made of, beside its data and its code: with these, it can be executed again anywhere.

    Executions are written out in it, and are not raised on their own when it is read: a new version of theirs needs one
    of the trace, whose upgrade raises them.
    """

    sessions: tuple[SessionTrace, ...]
    random: dict[str, str] = {}
    """Execution -> digest of the RandomStates before it; absent where nothing had moved."""
    executed: str = ""
    """Digest of the executed notebook, with outputs."""
    imported: tuple[str, ...] = ()
    """Distributions that were really imported, as `name==version`."""

    @property
    def executions(self) -> tuple[Execution, ...]:
        return tuple(execution for session in self.sessions for execution in session.executions)
