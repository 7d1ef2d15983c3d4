"""What the server answers beside results of verbs. `labextension/src/api/types.ts` is made from these."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec

from nbmlops.model.run import RunView
from nbmlops.track.query import Columns

API = 1
"""Goes up when answers change shape."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One argument of a verb, with all that a form needs."""

    name: str
    """As JSON and queries call it."""
    flag: str
    """As a prompt and a magic line call it: `--no-verify`; empty for a positional argument."""
    short: str
    """Its one letter, or empty."""
    help: str
    positional: bool
    many: bool
    """May be given more than once: a list in JSON."""
    required: bool
    type: Literal["text", "int", "float", "flag", "choice"]
    """Of one value."""
    choices: tuple[str, ...]
    default: Any
    metavar: str
    """What stands for the value in the usage."""


class VerbEntry(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    summary: str
    group: str
    effect: Literal["read", "write"]
    usage: str
    schema: dict[str, Any]
    """JSON Schema of the arguments."""
    fields: tuple[Field, ...]
    """Positional ones first."""
    needs_kernel: bool
    """Works as a magic line in a notebook only: `%mlops NAME ...`."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What can be asked for."""

    version: str
    api: int
    verbs: tuple[VerbEntry, ...]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every answer that is a refusal, and the error of a job."""

    error: str
    """Family: `UsageError`, `NotFoundError`, ..."""
    kind: str
    """Stable code: `run-not-found`."""
    message: str
    hint: str
    facts: dict[str, Any]


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a verb in a process of its own."""

    id: str
    verb: str
    folder: str
    """Where it acts, from the server's root."""
    project: str | None
    """Folder of its project, as events and changes call it; null where there was none."""
    arguments: dict[str, Any]
    state: JobState
    is_ending: bool
    """It has been told to stop, and has not ended yet."""
    created: datetime
    started: datetime | None
    ended: datetime | None
    last: int
    """Number of its newest event; 0 before the first."""
    progress: tuple[JobEvent, ...]
    """The newest event of each task that is under way."""
    code: int
    """What the command line ends with: not 0 where it was done and what it found is bad."""
    error: Failure | None
    output: str
    """The last of what it wrote to standard error, where it failed."""


class JobEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Progress of one task of a job. Of a task under way only the newest event is kept."""

    number: int
    """Counts from 1 within its job; there are gaps where newer events have taken the place of older ones."""
    at: datetime
    task: str
    """A step, a file, a phase."""
    done: int
    total: int | None
    note: str
    state: str
    """running, done, failed, skipped or killed."""


class Jobs(msgspec.Struct, frozen=True, kw_only=True):
    jobs: tuple[Job, ...]
    """Newest first."""


ToneName = Literal["plain", "good", "bad", "warn", "dim", "strong"]


class PageCell(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    tone: ToneName = "plain"


class PageBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what a result looks like at every door; all of it is text."""

    kind: Literal["line", "fields", "table", "source"]
    title: str = ""
    text: str = ""
    """Of a line and of a source."""
    tone: ToneName = "plain"
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[PageCell, ...], ...] = ()
    """Of a table; of fields, a name and a value each."""
    numeric: tuple[int, ...] = ()
    """Columns set flush right."""


class JobDetail(msgspec.Struct, frozen=True, kw_only=True):
    job: Job
    events: tuple[JobEvent, ...]
    """Those after the number that was asked for, oldest first."""
    result: Any
    """The verb's result once the job is done, else null."""
    page: tuple[PageBlock, ...]
    """What that result looks like on the command line and in a notebook."""


class JobRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    verb: str
    folder: str = ""
    arguments: dict[str, Any] = {}


class Kind(StrEnum):
    """What may have changed in a project."""

    RUNS = "runs"
    RECORDS = "records"
    """Executions, sessions, snapshots, results of pipelines."""
    JOBS = "jobs"
    FILES = "files"
    """Folders of pipelines."""
    PACKAGES = "packages"
    """Those on this machine, whatever project they are of."""
    DEPLOYMENTS = "deployments"
    """What is wanted of them; how they are is asked of their routers."""
    RECONCILERS = "reconcilers"
    """Their documents, and what they remember."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    folder: str
    """The project's folder, as events call it."""
    rev: int
    """Grows with each change, also across restarts of the server."""
    changed: tuple[Kind, ...]
    """What has changed since the rev that was asked for; everything where that is not known any more."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """The event `nbmlops/changed`."""

    folder: str
    rev: int
    changed: tuple[Kind, ...]


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """A window of the list of runs."""

    rev: int
    """Of the project, before the list was read."""
    total: int
    """Runs that match, whatever the window."""
    is_total: bool
    """False where a server has more than `total`: it has not counted them."""
    order: tuple[str, ...]
    """Ids of the runs in the window."""
    rows: tuple[RunView, ...]
    """Those of them, and of the runs that they lie in, that this token has not been shown as they are now."""
    token: str
    """To be sent as `known` with the next request."""
    columns: Columns | None
    """With `columns`: the names of all metrics, parameters and experiments."""
    now: datetime


class EditorCell(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    kind: Literal["code", "markdown", "raw"]
    source: str
    tags: tuple[str, ...] = ()
    count: int | None = None
    """`[n]` as the editor shows it."""


class EditorCells(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A notebook as the editor holds it now, saved or not. Answered with the result of the verb `cells`."""

    notebook: str
    """Path, seen from the folder."""
    cells: tuple[EditorCell, ...]
    folder: str = ""
    language: str = "python"
    kernel: str = "python3"


ANSWERS: tuple[type[msgspec.Struct], ...] = (
    Table, Failure, Job, Jobs, JobDetail, Changes, Changed, Rows,
)  # fmt: skip
BODIES: tuple[type[msgspec.Struct], ...] = (JobRequest, EditorCells)
