"""One cell executed once: the record that capture leaves."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from nbmlops.model.documents import Document


class Outcome(StrEnum):
    OK = "ok"
    ERROR = "error"
    INTERRUPTED = "interrupted"


class CellFailure(msgspec.Struct, frozen=True, kw_only=True):
    error: str
    """Class name of the exception."""
    message: str
    traceback: str = ""
    """Plain text, without colour codes, secrets redacted."""


class FileUse(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a cell read or wrote, and how that was seen."""

    path: str
    """Relative to the project with forward slashes; absolute when outside of it."""
    seen: str = "audit"
    size: int | None = None
    modified_ns: int | None = None
    digest: str | None = None


class Execution(Document, frozen=True, kw_only=True, tag="execution"):
    """A cell as it ran. `source` is what the kernel was asked to run, never what is saved on disk."""

    id: str
    session: str
    notebook: str
    """Relative to the project; empty when the front end did not say."""
    order: int
    """Position within the session, from 1."""
    count: int | None = None
    cell_id: str | None = None
    source: str
    started: datetime
    seconds: float
    outcome: Outcome = Outcome.OK
    failure: CellFailure | None = None
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    inputs: tuple[FileUse, ...] = ()
    outputs: tuple[FileUse, ...] = ()
    run: str | None = None
    """The MLflow run that was open while the cell ran."""


class SessionInfo(Document, frozen=True, kw_only=True, tag="session"):
    """One kernel with tracking on. Alive while its process is."""

    id: str
    notebook: str
    host: str
    pid: int
    process_started: float
    """Seconds since boot, as the kernel of the machine counts: tells a reused pid from the same process."""
    boot: str
    started: datetime
    door: str = "notebook"
    folder: str = "."
    """Where the kernel stood when it began, relative to the project."""
    ended: datetime | None = None
