"""A deployment: a model that answers at one address, in numbered revisions. What is wanted, and what is seen.

Source: issue 7; the words are those of KServe and Knative.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

LAYOUT = 1
Target = Literal["process", "container"]
OnBreach = Literal["warn", "reject", "quarantine"]
"""What is done with rows that break the contract: counted, refused, or answered and kept apart."""


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One version of what is deployed. It never changes."""

    number: int
    """From 1 on."""
    package: str
    """As it was called."""
    digest: str
    created: datetime
    model: str = ""
    """Its MLflow model, relative to the revision's files."""
    image: str = ""
    """That a container runs."""
    run: str = ""
    """That made it, where the package says so."""
    version: str = ""
    """Of a registered model, where it was deployed as one: `wine/3`."""
    contract: str = ""
    """What rows have to be, as the file was called; empty: nothing is asked of them."""
    on_breach: OnBreach = "warn"


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted. Whoever watches makes it so."""

    name: str
    target: Target = "process"
    host: str = "127.0.0.1"
    port: int = 0
    replicas: int = 1
    memory: int = 0
    """Bytes that a replica may take; 0: as many as there are."""
    stable: int = 0
    """Revision that answers; 0: none yet."""
    canary: int = 0
    """Revision that answers a share."""
    percent: int = 0
    """Of requests, that the canary answers."""
    shadow: int = 0
    """Revision that is asked as well and whose answers are only compared."""
    candidate: int = 0
    """Revision that is started and that nobody asks yet."""
    history: tuple[int, ...] = ()
    """Revisions that answered before the stable one, the last one last."""
    is_wanted: bool = True
    """False: it is stopped."""
    monitored: bool = False
    """What is asked and answered is kept."""
    share: float = 1.0
    """Of requests, that is kept."""
    redacted: tuple[str, ...] = ()
    """Columns whose values are not kept."""
    revisions: tuple[Revision, ...] = ()
    """Oldest first."""
    layout: int = LAYOUT

    @property
    def running(self) -> tuple[int, ...]:
        """Revisions that there are processes of."""
        if not self.is_wanted:
            return ()
        return tuple(dict.fromkeys(n for n in (self.stable, self.canary, self.shadow, self.candidate) if n))

    def revision(self, number: int) -> Revision | None:
        return next((each for each in self.revisions if each.number == number), None)


class ReplicaState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting"
    """It has ended and is started again in a while."""
    FAILED = "failed"
    """It has never been ready and is not tried again."""
    STOPPING = "stopping"


class Replica(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    state: ReplicaState
    pid: int = 0
    restarts: int = 0
    why: str = ""
    """The last words of one that has ended."""


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """What a revision has answered since the router runs."""

    requests: int = 0
    failed: int = 0
    """With a status of 500 or more."""
    p50: float = 0.0
    """Seconds, of the newest thousand."""
    p99: float = 0.0
    differing: int = 0
    """Answers of a shadow that were others than those that were given."""


class RevisionStatus(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    role: Literal["stable", "canary", "shadow", "candidate", "stopping"]
    replicas: tuple[Replica, ...]
    traffic: Traffic = Traffic()

    @property
    def ready(self) -> int:
        return sum(each.state is ReplicaState.READY for each in self.replicas)

    @property
    def has_failed(self) -> bool:
        return any(each.state is ReplicaState.FAILED for each in self.replicas)


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen."""

    pid: int
    """Of the router."""
    address: str
    since: datetime
    revisions: tuple[RevisionStatus, ...] = ()
    problem: str = ""

    def of(self, number: int) -> RevisionStatus | None:
        return next((each for each in self.revisions if each.number == number), None)
