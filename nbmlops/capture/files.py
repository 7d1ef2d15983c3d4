"""Which files a cell reads and writes: what the audit hook, the system's notices and the readers saw, as one list.

watch = FileWatch(project.root, settings.capture)
watch.start()                     # notices; without it the hook and the readers see alone
watch.begin()
seen = watch.end()                # inputs, outputs, and how complete they are
watch.close()
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace

from nbmlops.capture import audit
from nbmlops.capture.frames import Frames
from nbmlops.capture.merge import merge
from nbmlops.capture.places import Places
from nbmlops.capture.processes import Family
from nbmlops.capture.readers.sensor import ReaderSensor
from nbmlops.capture.remote import RemoteSensor
from nbmlops.capture.sightings import (
    BY_CHILD,
    BY_SELF,
    FANOTIFY,
    INOTIFY,
    READ,
    STALE,
    WRITTEN,
    Sightings,
    witnesses,
)
from nbmlops.capture.watch import Watch
from nbmlops.lib.redact import redact_address
from nbmlops.model.cell import Completeness, FileUse
from nbmlops.settings import Capture

MOST_REASONS = 8


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one cell."""

    inputs: tuple[FileUse, ...] = ()
    outputs: tuple[FileUse, ...] = ()
    completeness: Completeness = Completeness.PARTIAL
    incomplete: tuple[str, ...] = ()


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How well files are seen, as `doctor` tells it."""

    completeness: Completeness
    incomplete: tuple[str, ...] = ()
    source: str = ""
    """`fanotify`, `inotify`, or nothing."""
    folders: int = 0


class FileWatch:
    """Collects between `begin` and `end`. One at a time per process is active."""

    def __init__(self, root: Path, settings: Capture | None = None) -> None:
        self.root = root
        self.settings = Capture() if settings is None else settings
        self.places = Places(root, self.settings.exclude, self.settings.include)
        self.frames = Frames()
        self.readers = ReaderSensor(self.frames, shown=self.places.shown)
        self.remote = RemoteSensor()
        self.watch: Watch | None = None
        self._is_started = False

    def start(self) -> None:
        """Begin to listen to the libraries and to the system. Idempotent; less where the settings say so."""
        if self.settings.inputs == "off" or self._is_started:
            return
        self._is_started = True
        self.readers.install()
        self.remote.install()
        self.listen()

    def listen(self) -> None:
        """Begin to listen to the system alone."""
        if self.settings.inputs == "auto":
            roots = (self.root, *(self.root / Path(each).expanduser() for each in self.settings.roots))
            self.watch = Watch(
                [*(os.path.normpath(each) for each in roots), *self.places.included_folders()],
                is_noise=self.places.is_noise,
                most_folders=self.settings.largest_watch,
            )
            self.watch.start()

    def close(self) -> None:
        """Everything as it was before `start`."""
        audit.end()
        self._is_started = False
        self.readers.uninstall()
        self.remote.uninstall()
        self.frames.clear()
        watch, self.watch = self.watch, None
        if watch is not None:
            watch.close()

    def patched(self) -> tuple[str, ...]:
        """What is changed in other people's modules now."""
        return (*self.readers.patched(), *self.remote.patched())

    def begin(self) -> None:
        if self.settings.inputs == "off":
            return
        if self.watch is not None:
            self.watch.discard()
        audit.begin(Sightings())

    def end(self) -> Seen:
        """Files read and files written since `begin`, those that still exist with their size and time."""
        sightings = audit.end()
        notices = []
        if self.watch is not None:
            notices = self.watch.collect()
            self.watch.rest()
        if sightings is None:
            return Seen(incomplete=("capture.inputs is off",) if self.settings.inputs == "off" else ())
        inputs: list[FileUse] = []
        outputs: list[FileUse] = []
        outside: dict[str, None] = {}
        modules: set[object] = set()
        for path, use, info in merge(sightings, notices, Family(sightings.has_children)):
            shown = self.places.shown(path)
            if not self.places.is_data(path, shown):
                continue
            if path.endswith(".py") and use & BY_SELF:
                modules = modules or _module_files()
                if path in modules:
                    continue
            now = FileUse(
                path=shown,
                seen=witnesses(use),
                by_child=bool(use & BY_CHILD and not use & BY_SELF),
                size=info.st_size,
                modified_ns=info.st_mtime_ns,
            )
            if use & WRITTEN:
                outputs.append(now)
            if use & READ:
                # What was read is gone when it was written afterwards: then only the path is known.
                inputs.append(replace(now, size=None, modified_ns=None) if use & STALE else now)
                if not use & (FANOTIFY | INOTIFY):
                    outside[path.rpartition("/")[0]] = None
        for url, remote in list(sightings.remote.items()):
            seen = FileUse(
                path=redact_address(url), seen=witnesses(remote.use), size=remote.size, version=remote.version
            )
            (outputs if remote.use & WRITTEN else inputs).append(seen)
        level, reasons = self._level(outside)
        return Seen(inputs=tuple(inputs), outputs=tuple(outputs), completeness=level, incomplete=reasons)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """What nbmlops itself reads in a cell (`%mlops export`, `%mlops snapshot`) is no input of the cell."""
        sightings = audit.end()
        before = self.watch.collect() if self.watch is not None else []
        try:
            yield
        finally:
            if self.watch is not None:
                self.watch.resume(before)
            if sightings is not None:
                audit.resume(sightings)

    def state(self) -> State:
        level, reasons = self._level({})
        watch = self.watch
        if watch is None:
            return State(completeness=level, incomplete=reasons)
        return State(completeness=level, incomplete=reasons, source=watch.name, folders=watch.folders)

    def _level(self, outside: dict[str, None]) -> tuple[Completeness, tuple[str, ...]]:
        if self.watch is None:
            return Completeness.PARTIAL, (f'capture.inputs is "{self.settings.inputs}"',)
        level, reasons = self.watch.level()
        if not self.watch.name:
            return level, reasons
        for folder in outside:
            if not self.watch.watched_by(folder):
                self.watch.add(folder)  # from the next cell on
                level = Completeness.PARTIAL
                reasons = (*reasons, f"{folder} lies outside of the watched folders (capture.roots)")
        return level, reasons[:MOST_REASONS]


def probed(root: Path, settings: Capture, patience_seconds: float = 2.0) -> State:
    """How well a kernel in this project would see: by trying. Nothing stays behind."""
    files = FileWatch(root, settings)
    files.listen()
    try:
        if files.watch is not None:
            files.watch.settle(patience_seconds)
        return files.state()
    finally:
        files.close()


def _module_files() -> set[object]:
    """Files that were read because they were imported: code, not data."""
    return {getattr(module, "__file__", None) for module in list(sys.modules.values())}
