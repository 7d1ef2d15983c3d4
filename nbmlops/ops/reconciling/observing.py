"""What a need is asked with: the project, the reconciler and what it remembers."""

from __future__ import annotations

from datetime import datetime

from nbmlops.model.reconciler import Attempt, Memory, Reconciler, State
from nbmlops.ops.call import Call


class Observing:
    """One look. Needs put into `facts` what they went by: it is kept with the attempt, for the next look."""

    def __init__(
        self,
        call: Call,
        spec: Reconciler,
        memory: Memory,
        now: datetime,
        digests: dict[tuple[str, ...], str] | None = None,
    ) -> None:
        self.call = call
        self.spec = spec
        self.memory = memory
        self.now = now
        self.facts: dict[str, str] = {}
        self.rows: int | None = None
        self.digests = digests if digests is not None else {}
        """Of files that another look of the same round has read already."""

    @property
    def last(self) -> Attempt | None:
        """The newest that made a version, whether or not the gate let it through."""
        made = (each for each in reversed(self.memory.attempts) if each.state in (State.SUCCEEDED, State.REJECTED))
        return next(made, None)

    def before(self, fact: str) -> str | None:
        """What the newest attempt went by that gate and people let through; None where there is none, or it went by
        something else. What was refused has done away with no need: it is needed as before, and not tried again.
        """
        refused = self.memory.rejected
        passed = (each for each in reversed(self.memory.attempts) if each.state == State.SUCCEEDED)
        found = next((each for each in passed if each.key not in refused and each.version not in refused), None)
        return found.seen.get(fact) if found is not None else None
