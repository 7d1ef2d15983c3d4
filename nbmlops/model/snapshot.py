"""A content-addressed tree of data or code."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from nbmlops.model.documents import Document
from nbmlops.model.environment import GitState


class Scope(StrEnum):
    DATA = "data"
    CODE = "code"


class Reference(msgspec.Struct, frozen=True, kw_only=True, order=True, omit_defaults=True):
    """Where the bytes of an entry are that the store does not have, and by what they are known again."""

    uri: str
    """A URL; a path as entries have them, for a file that is too large; `dvc:` or `lfs:` and the digest that the
    pointer gives.
    """
    size: int
    version: str = ""
    """The object store's name of this version, where it keeps versions."""
    etag: str = ""
    """The object store's mark of this content, which only it can compare."""
    md5: str = ""
    sha256: str = ""
    blake3: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True, order=True, gc=False):
    """One file of a tree."""

    path: str
    """Relative to the project with forward slashes; absolute for a file outside of it."""
    digest: str
    """BLAKE3 of the whole content."""
    size: int
    executable: bool = False
    link: str | None = None
    """Target of a symbolic link; then digest is that of the target's text."""
    reference: Reference | msgspec.UnsetType = msgspec.UNSET
    """Where the bytes are, when they are not in the store; then digest is that of the reference's canonical form."""

    @property
    def content(self) -> str:
        """BLAKE3 of the whole content also of what is kept by reference, where that is known; else `digest`."""
        known = self.reference.blake3 if isinstance(self.reference, Reference) else ""
        return known or self.digest


class Snapshot(Document, frozen=True, kw_only=True, tag="snapshot"):
    """Equal content is the same snapshot: time, message and parent are in SnapshotRecord."""

    scope: Scope
    entries: tuple[Entry, ...]
    """Sorted by path."""
    environment: str | None = None
    """Identity of the Environment (code snapshots)."""
    git: GitState | None = None

    @property
    def size(self) -> int:
        """Bytes of all files, before deduplication."""
        return sum(entry.size for entry in self.entries)


class SnapshotRecord(Document, frozen=True, kw_only=True, tag="snapshot-record"):
    """That a snapshot was taken, when and why."""

    id: str
    snapshot: str
    """Identity of the Snapshot."""
    taken: datetime
    scope: Scope
    files: int
    size: int
    stored: int
    """Bytes that were new to the store."""
    message: str = ""
    notebook: str = ""
    run: str | None = None
    parent: str | None = None
    """Identity of the snapshot of the same scope taken before this one."""
    skipped: tuple[str, ...] = ()
    """Files that could not be stored, each with the reason."""


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Change(msgspec.Struct, frozen=True, kw_only=True, order=True):
    path: str
    change: ChangeKind
    before: int | None = None
    """Size in bytes."""
    after: int | None = None
