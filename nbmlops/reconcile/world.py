"""What a tick sees and can do: everything outside of the reconciler's own memory.

`ops/reconcile_world.py` is the real one; the property tests have one of git, functions and a clock of their own. Each
deed is idempotent: done again with the same attempt it finds what it did, so that a crash anywhere is survived.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from nbmlops.model.reconciler import Attempt, Memory, Proposal, Reason, Reconciler

Told = Callable[[str], None]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is so. Of a Trainer: needs and inputs; of a Deployer: what is wanted and what runs."""

    reason: Reason | None = None
    """None: the document names no needs."""
    inputs: str = ""
    """Digest of pipeline, code and data: of what an attempt would be made."""
    facts: dict[str, str] = {}
    """What needs go by, to be kept with an attempt: digests of data and code, rows, versions of other models."""
    rows: int | None = None
    """Of training data; None: it cannot be told, and nobody asked."""
    desired: str | None = None
    """What git says; None: it says nothing, or cannot be reached."""
    earlier: tuple[str, ...] = ()
    """What git said before, the newest first."""
    actual: str | None = None
    """Of a Deployer: what runs; None: nothing."""
    proposal: Proposal | None = None
    """The one that memory has open, as it stands in git or at the forge now: with its key. None: it cannot be seen."""
    trouble: str = ""
    """Why something could not be seen."""


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    run: str
    version: str
    cpu_seconds: float = 0.0


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    passed: bool
    why: str
    """In a line."""
    table: str = ""
    """Champion and challenger, as Markdown."""


class World(Protocol):
    """Deeds raise NbmlopsError for what failed; a tick records it and tries later."""

    def now(self) -> datetime: ...

    def look(self, spec: Reconciler, memory: Memory) -> Seen:
        """Changes nothing: it is called without a lease, too, and again after a deed."""

    def train(self, spec: Reconciler, attempt: Attempt, told: Told) -> Trained:
        """Runs the pipeline, or finds the run that this key has made already."""

    def judge(self, spec: Reconciler, attempt: Attempt, told: Told) -> Verdict: ...

    def propose(self, spec: Reconciler, attempt: Attempt, verdict: Verdict) -> Proposal:
        """Opens the proposal, or finds it. With `approve: auto` it comes back merged, also one that was found open."""

    def adopt(self, spec: Reconciler, version: str) -> None:
        """The version is the champion."""

    def deploy(self, spec: Reconciler, attempt: Attempt, told: Told) -> None:
        """What runs is what is wanted, and answers."""

    def clean(self, spec: Reconciler, memory: Memory) -> None:
        """Takes away what attempts have left that nobody needs: branches, folders."""
