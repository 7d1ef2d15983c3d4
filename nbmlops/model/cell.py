"""One cell executed once: the record that capture leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

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
    """Relative to the project with forward slashes; absolute when outside of it; an address when it is remote."""
    seen: tuple[str, ...] = ("audit",)
    """Its witnesses: `audit` (the interpreter's hook), `fanotify` or `inotify` (the system's notices), `reader` (the
    library that read it), `remote` (fsspec)."""
    by_child: bool = False
    """Only a process that the cell started has opened it."""
    size: int | None = None
    modified_ns: int | None = None
    digest: str | None = None
    version: str = ""
    """Of a remote object: its version id or ETag, where the server gives one."""

    @property
    def is_remote(self) -> bool:
        return "://" in self.path


class Completeness(StrEnum):
    """How much of what a cell read can have been seen."""

    FULL = "full"
    """The system told of every open in the watched folders, with the process."""
    WATCHED = "watched"
    """The system told of every open, but not by whom."""
    PARTIAL = "partial"
    """What native code and child processes opened may be missing."""


def worst(levels: Iterable[Completeness]) -> Completeness:
    """Of no levels at all: `full`, as nothing is missing."""
    order = tuple(Completeness)
    return max(levels, key=order.index, default=Completeness.FULL)


def _name_witnesses(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 1 knew one witness, the audit hook."""
    for side in ("inputs", "outputs"):
        for use in raw.get(side, ()):
            use["seen"] = [use.get("seen", "audit")]
    return {**raw, "completeness": Completeness.PARTIAL.value, "incomplete": ["recorded by the audit hook alone"]}


class Execution(Document, frozen=True, kw_only=True, tag="execution"):
    """A cell as it ran. `source` is what the kernel was asked to run, never what is saved on disk."""

    VERSION: ClassVar[int] = 2
    upgrades: ClassVar[dict[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {1: _name_witnesses}

    version: int = 2
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
    frames: dict[str, str] = {}
    """Variables that held a table when the cell had ended, and the file each was read from."""
    completeness: Completeness = Completeness.PARTIAL
    """How much of the inputs can have been seen."""
    incomplete: tuple[str, ...] = ()
    """Why it is not more."""
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
    is_on: bool = True
    """False while tracking is switched off."""
    imported: tuple[str, ...] = ()
    """Top-level names of the modules that were loaded when it ended."""
    modules: tuple[str, ...] = ()
    """Files of the project's own modules among them, relative to the project."""
