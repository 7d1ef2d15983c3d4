"""Reconcilers: what is wanted, why something is to be done or not, and what has been done.

A `Trainer` makes a model anew when it is not fresh; a `Deployer` makes what runs equal to what git says. Source:
issue 9; the words of conditions are those of Flux and kstatus.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

API_VERSION = "nbmlops.dev/v1"
LAYOUT = 1
"""Of the memory that is kept."""


class Kind(StrEnum):
    TRAINER = "Trainer"
    DEPLOYER = "Deployer"


class NeedSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is to be done: one need, or several of which `any` or `all` have to hold."""

    need: str
    """any, all, or the name of a need: maxAge, drift, performance..."""
    options: dict[str, Any] = {}
    parts: tuple[NeedSpec, ...] = ()
    line: int = 0


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """When something may be done: on these days, from one time of the day to another."""

    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    """0 is Monday."""
    start: int = 0
    """Minutes after midnight."""
    end: int = 24 * 60
    """Before the start: it goes on over midnight."""
    zone: str = "UTC"


class GuardSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Why something that is needed is not done now."""

    cooldown: float = 0.0
    """Seconds between the end of an attempt and the next."""
    most_runs_a_day: int = 0
    """Within 24 hours; 0: any number."""
    cpu_hours: float = 0.0
    """That the attempts of 30 days may have taken; 0: any number."""
    least_rows: int = 0
    """Of training data, below which nothing is trained."""
    windows: tuple[Window, ...] = ()
    """Empty: always."""
    pin: str = ""
    """The version that stays, whatever is needed."""


class GateSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a challenger has to be: `evaluate`'s gate, with what else is asked of it."""

    file: str = ""
    """Of rules, as docs/evaluate.md has them."""
    data: str = ""
    """Held-out data, as `evaluate --data` takes it."""
    target: str = ""
    against: str = "champion"
    contract: str = ""
    """That the held-out data have to keep."""
    is_certified: bool = False
    """The pipeline has to carry a certificate that it computes what its notebook computed."""
    is_alike: bool = False
    """It has to take what the champion takes, by the models' signatures. (Who has signed a package is asked when it is
    deployed, by the policy.)
    """


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A value in git: one scalar of a YAML or JSON file."""

    file: str
    """In the repository, with slashes."""
    pointer: str
    """RFC 6901: `/model/version`."""
    remote: str = ""
    """Name or address of a git remote. Empty: `origin` where there is one, else this repository."""
    branch: str = ""
    """Empty: the remote's own."""


class PublishSpec(msgspec.Struct, frozen=True, kw_only=True):
    place: Place
    branch: str = ""
    """Empty: `auto-update/NAME`."""
    approve: str = "pr"
    """pr: somebody merges it. auto: it goes straight to the place's branch. manual: as pr, but no forge is asked."""
    forge: str = ""
    """github, gitlab or what a plug-in is called; empty: the branch is all there is."""


class Reconciler(msgspec.Struct, frozen=True, kw_only=True):
    """A document in `reconcilers/`. Times are seconds."""

    name: str
    kind: Kind
    path: str = ""
    """Of the document, in the project."""
    digest: str = ""
    """Of the document: which generation was seen."""
    interval: float = 600.0
    retry_interval: float = 60.0
    timeout: float = 7200.0
    is_suspended: bool = False
    depends_on: tuple[str, ...] = ()
    most_attempts: int = 5
    """Of one thing that fails; then it is stalled until something else is wanted."""
    kept_successful: int = 10
    kept_failed: int = 10
    needs: NeedSpec | None = None
    """None: for a Deployer, that what runs is not what is wanted."""
    guard: GuardSpec = GuardSpec()
    model: str = ""
    """Registered model: of a Trainer the one that it makes; of a Deployer the one whose version is wanted."""
    pipeline: str = ""
    """Folder of the exported pipeline, in the project."""
    engine: str = ""
    parameters: dict[str, Any] = {}
    """Of the pipeline. `{from: NAME}` takes what a need gave under that name."""
    gate: GateSpec | None = None
    publish: PublishSpec | None = None
    """None: the gate moves the alias `champion`, and that is all."""
    desired: Place | None = None
    """Of a Deployer: where git says the version."""
    desired_tag: str = ""
    """Of a Deployer: a package's tag in a registry whose digest is wanted; instead of a place in git."""
    deployment: str = ""
    """Of a Deployer: its name."""
    deployment_options: dict[str, Any] = {}
    """As `deploy` takes them: port, workers, canary, monitor..."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a need holds, and why; of `any` and `all` with the reasons of the parts."""

    need: str
    holds: bool | None
    """None: it cannot be told, and then nothing is done."""
    why: str
    """`psi(age) is 0.31, over 0.2`: with the figures."""
    key: str = ""
    """What makes it this need and not the next one of its kind: the version that is too old, the data's digest."""
    parameters: dict[str, str] = {}
    """That it gives to the pipeline: of a need that is a function or an address."""
    recheck: float = 0.0
    """Seconds after which it wants to be asked again; 0: it does not say."""
    parts: tuple[Reason, ...] = ()


class Status(StrEnum):
    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    """Ready, Reconciling or Stalled."""
    status: Status
    reason: str
    """In one word: InSync, CoolDown, PipelineFailed..."""
    message: str
    since: datetime


class State(StrEnum):
    """Of an attempt."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Something broke: it may be tried again."""
    REJECTED = "rejected"
    """The gate did not let it through: trying it again would tell the same."""


class Phase(StrEnum):
    """How far an attempt has come: each is recorded when it is done."""

    BEGUN = "begun"
    TRAINED = "trained"
    JUDGED = "judged"
    PUBLISHED = "published"
    DEPLOYED = "deployed"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    """Idempotency key: of the reconciler, what is wanted, pipeline, code and data."""
    number: int
    """Of those with this key, from 1."""
    began: datetime
    ended: datetime | None = None
    state: State = State.RUNNING
    phase: Phase = Phase.BEGUN
    why: str = ""
    """The need, in a line."""
    wanted: tuple[str, ...] = ()
    """The needs that held, each with what makes it this one."""
    inputs: str = ""
    """Digest of what it is made of."""
    parameters: dict[str, Any] = {}
    seen: dict[str, str] = {}
    """What it was begun with: rows and digests of data, digest of code, versions of other models."""
    run: str = ""
    """The pipeline's, in MLflow."""
    version: str = ""
    """That it made, or that it deploys."""
    verdict: str = ""
    """Of the gate, in a line."""
    table: str = ""
    """Of the gate: champion and challenger, as Markdown."""
    error: str = ""
    cpu_seconds: float = 0.0
    resumed: int = 0
    """How often it was gone on with after somebody was killed in it."""


class ProposalState(StrEnum):
    OPEN = "open"
    MERGED = "merged"
    REJECTED = "rejected"
    """Closed and not merged: never proposed again."""
    GONE = "gone"
    """Its branch was taken away or written over, and nobody said what that means."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """An edit of one value in git that somebody has to agree to."""

    key: str
    """Of the attempt."""
    value: str
    before: str
    """What the value was."""
    branch: str
    commit: str
    opened: datetime
    state: ProposalState = ProposalState.OPEN
    url: str = ""
    """Of the pull request; empty: there is no forge."""
    title: str = ""
    ended: datetime | None = None


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the timeline."""

    time: datetime
    kind: str
    """needed, began, trained, judged, proposed, merged, rejected, promoted, deployed, failed, stalled..."""
    message: str
    key: str = ""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """All that a reconciler remembers. What is in git (proposals, what was taken back) can be found again there."""

    layout: int = LAYOUT
    name: str
    observed: str = ""
    """Digest of the document that was last acted upon."""
    conditions: tuple[Condition, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    """Newest last."""
    proposals: tuple[Proposal, ...] = ()
    """Newest last; at most one is open."""
    rejected: dict[str, str] = {}
    """What is not tried or proposed again: version or key -> why."""
    finished: tuple[str, ...] = ()
    """Keys of attempts that went well, newest last: none is run again."""
    settled: str = ""
    """The key of the last of them after which the need was gone. What is needed after that is something new."""
    applied: str = ""
    """The value that was last made true: merged, or deployed."""
    pinned: str = ""
    """The version that was gone back to. It stays until `suspend --off`, or until the document names another pin."""
    is_suspended: bool = False
    """By hand, here; the document has its own."""
    failures: int = 0
    """One after the other, of the present key."""
    failing: str = ""
    """That key."""
    failed: datetime | None = None
    """When, the last time."""
    error: str = ""
    """What was said then."""
    next_attempt: datetime | None = None
    looked: datetime | None = None
    reason: Reason | None = None
    """As it was last seen."""
    timeline: tuple[Happening, ...] = ()


class Action(StrEnum):
    """What a tick comes to."""

    NONE = "none"
    """In sync, or nothing may be done now."""
    TRAIN = "train"
    DEPLOY = "deploy"
    RESUME = "resume"
    """An attempt that somebody was killed in goes on."""
    ADOPT = "adopt"
    """A proposal was merged: its version is the champion."""
    ROLL_BACK = "roll-back"
    """The merge was taken back: the version before is the champion again, and stays."""
    REJECT = "reject"
    """A proposal was closed."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    action: Action
    why: str
    """`drift psi(age) is 0.31, over 0.2; cool-down, 4 h left: wait`."""
    key: str = ""
    conditions: tuple[Condition, ...] = ()
    next_attempt: datetime | None = None
    reason: Reason | None = None
    held: tuple[str, ...] = ()
    """Guards that keep it from being done."""


class Outcome(StrEnum):
    IN_SYNC = "in-sync"
    ACTED = "acted"
    STALLED = "stalled"


EXIT_CODES = {Outcome.IN_SYNC: 0, Outcome.ACTED: 10, Outcome.STALLED: 20}
