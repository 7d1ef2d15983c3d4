"""Cheap signs that something has changed: asked again and again, each says whether it has since it was asked last.

A thing that is not there yet, is locked, replaced or damaged is no error here: the sign goes on, and once it can be
read again that counts as a change.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import msgspec
from blake3 import blake3

from nbmlops.errors import NbmlopsError
from nbmlops.track.lists import list_runs

logger = logging.getLogger("nbmlops")

FILES_SECONDS = 1.0
SERVER_SECONDS = 2.0
_LONGEST_SECONDS = 60.0
"""Between two questions to a server that does not answer."""
_FOLDERS = 1000
_NEWEST = 20


class Sign(Protocol):
    def has_changed(self) -> bool: ...

    def close(self) -> None: ...


class DatabaseSign:
    """A SQLite file: `PRAGMA data_version` of a connection that stays open says whether another one has committed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, ...] | None = None
        self._version: int | None = None
        self._is_lost = False
        self.has_changed()

    def has_changed(self) -> bool:
        file = self._identity()
        is_other = file != self._file
        if is_other:
            self.close()
            self._file = file
        if file is None:
            return is_other
        try:
            version = self._data_version()
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                return is_other
            return self._lost(error) or is_other
        except sqlite3.Error as error:
            return self._lost(error) or is_other
        if self._is_lost:
            self._is_lost = False
            self._file = self._identity()
        is_new, self._version = version != self._version, version
        return is_other or is_new

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        # The versions of one connection say nothing about those of another.
        self._connection, self._version = None, None

    def _identity(self) -> tuple[int, ...] | None:
        """Of the file behind the path; of one that cannot be read, its time and size as well."""
        try:
            stat = os.stat(self.path)
        except OSError:
            return None
        more = (stat.st_mtime_ns, stat.st_size) if self._is_lost else ()
        return stat.st_dev, stat.st_ino, *more

    def _data_version(self) -> int:
        if self._connection is None:
            address = f"file:{quote(str(self.path))}?mode=ro"
            self._connection = sqlite3.connect(address, uri=True, timeout=0, check_same_thread=False)
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _lost(self, error: sqlite3.Error) -> bool:
        """Whether it could be read a moment ago: then whoever shows it should hear of that."""
        was_good = self._version is not None
        self.close()
        if not self._is_lost:
            logger.warning("%s cannot be watched: %s.", self.path, error)
            self._is_lost = True
            self._file = self._identity()
        return was_good


class _FilesSign(ABC):
    """Files below a folder, told by their states. At most once a second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._asked = time.monotonic()
        self._seen = self._states()

    def has_changed(self) -> bool:
        if time.monotonic() - self._asked < FILES_SECONDS:
            return False
        self._asked = time.monotonic()
        before, self._seen = self._seen, self._states()
        return before != self._seen

    def close(self) -> None:  # noqa: B027 - there is nothing to close: no file stays open
        pass

    @abstractmethod
    def _states(self) -> dict[str, tuple[int, ...]]:
        """Of each file."""


class FoldersSign(_FilesSign):
    """Pipelines: their folders and documents, by their times."""

    DOCUMENTS = ("pipeline.yaml", "certificate.json")

    def _states(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        with contextlib.suppress(OSError):
            found["."] = (self.folder.stat().st_mtime_ns,)
            with os.scandir(self.folder) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))[:_FOLDERS]
            for name in names:
                for path in (self.folder / name, *(self.folder / name / document for document in self.DOCUMENTS)):
                    with contextlib.suppress(OSError):
                        found[str(path)] = (path.stat().st_mtime_ns,)
        return found


class PackagesSign(_FilesSign):
    """Packages of this machine: their lists, which `kit` may write in place."""

    LISTS = ("-index.json", "-tags.json")

    def _states(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(self.LISTS):
                    with contextlib.suppress(OSError):
                        stat = entry.stat()
                        found[entry.name] = stat.st_ino, stat.st_mtime_ns, stat.st_size
        return found


class DeploymentsSign(_FilesSign):
    """What is wanted of each deployment: its document is put in the place of the one before."""

    DOCUMENT = "spec.json"

    def _states(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            for name in sorted(entry.name for entry in entries)[:_FOLDERS]:
                with contextlib.suppress(OSError):
                    stat = (self.folder / name / self.DOCUMENT).stat()
                    found[name] = stat.st_ino, stat.st_mtime_ns, stat.st_size
        return found


class ReconcilersSign(_FilesSign):
    """Documents of reconcilers, and what they remember."""

    SUFFIXES = (".yaml", ".json")

    def __init__(self, documents: Path, kept: Path) -> None:
        self.documents = documents
        super().__init__(kept)

    def _states(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        # A document that came and went between two looks may have been read meanwhile: the folder's own time tells.
        with contextlib.suppress(OSError):
            found["."] = (self.documents.stat().st_mtime_ns,)
        for folder in (self.documents, self.folder):
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for name in sorted(entry.name for entry in entries if entry.name.endswith(self.SUFFIXES))[:_FOLDERS]:
                    with contextlib.suppress(OSError):
                        stat = (folder / name).stat()
                        found[name] = stat.st_ino, stat.st_mtime_ns, stat.st_size
        return found


class ServerSign:
    """Runs that a server keeps: its newest ones, asked for every two seconds, and less often while it is silent."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._seen: bytes | None = None
        self._pause = SERVER_SECONDS
        self._due = 0.0

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self._due

    def has_changed(self) -> bool:
        """The first answer counts as a change: what was read before it may be older."""
        try:
            newest = list_runs(self.uri, limit=_NEWEST)
        except NbmlopsError as error:
            if self._pause == SERVER_SECONDS:
                logger.warning("The runs cannot be watched: %s", error.message)
            self._pause = min(_LONGEST_SECONDS, self._pause * 2)
            return False
        finally:
            self._due = time.monotonic() + self._pause
        self._pause = SERVER_SECONDS
        before, self._seen = self._seen, blake3(msgspec.json.encode(newest)).digest()
        return before != self._seen

    def close(self) -> None:
        pass
