"""Python's audit events: what the interpreter itself opens, and when it starts a process.

An audit hook cannot be taken out again, so there is one for the process, and it asks a flag first: with
tracking off an event costs one comparison. It does no I/O and never raises into the user's call.
"""

from __future__ import annotations

import contextlib
import os
import sys

from nbmlops.capture.processes import SCRIBE
from nbmlops.capture.sightings import AUDIT, BY_SELF, EITHER, READ, WRITTEN, RemoteUse, Sightings
from nbmlops.lib.process import is_asking

STARTS = frozenset(
    {"subprocess.Popen", "os.system", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn"}
)
"""Events that tell of a new process."""
_OTHERS = STARTS | {"os.chdir", "os.rename", "sqlite3.connect", "urllib.Request"}
_WRITING = os.O_WRONLY | os.O_RDWR
_SEEN = AUDIT | BY_SELF
_READ_SEEN = READ | _SEEN
_SAVED_AS = READ | WRITTEN | AUDIT | BY_SELF

_active: Sightings | None = None
_is_installed = False
_absolute: dict[str, str] = {}
"""Relative paths as they were resolved in the current folder."""


def begin(sightings: Sightings) -> None:
    global _active, _is_installed
    if not _is_installed:
        sys.addaudithook(_hook)
        _is_installed = True
    _absolute.clear()
    _active = sightings


def resume(sightings: Sightings) -> None:
    """After a pause."""
    global _active
    _active = sightings


def active() -> Sightings | None:
    """Where the running cell's files are noted; None between cells and in a pause."""
    return _active


def end() -> Sightings | None:
    """Stop; returns what `begin` was given, if it had not ended already."""
    global _active
    ended, _active = _active, None
    return ended


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    sightings = _active  # looked at once: a cell may end in another thread meanwhile
    if sightings is None:
        return
    if event == "open":
        if len(arguments) != 3:
            return
        path, mode, flags = arguments
        # The ordinary case has no calls: a cell may open thousands of files.
        if type(flags) is int and not flags & _WRITING and type(path) is str and path[:1] == "/":
            before = sightings.uses.get(path, 0)
            if before & _READ_SEEN != _READ_SEEN:
                sightings.uses[path] = before | _READ_SEEN
        else:
            _opened(sightings, path, mode, flags)
    elif event in _OTHERS:
        with contextlib.suppress(Exception):  # whatever others put into their events
            _other(sightings, event, arguments)


def _opened(sightings: Sightings, given: object, mode: object, flags: object) -> None:
    path = _path(given)
    if path is None:
        return
    if isinstance(flags, int):
        is_written = bool(flags & _WRITING)
        is_read = not is_written or (flags & (os.O_RDWR | os.O_TRUNC | os.O_EXCL)) == os.O_RDWR
    else:
        is_written, is_read = any(char in str(mode) for char in "wax+"), "r" in str(mode)
    sightings.add(path, (READ if is_read else 0) | (WRITTEN if is_written else 0) | _SEEN)


def _path(given: object) -> str | None:
    """Absolute now, since the cell may change its folder; None for what is no path."""
    if not isinstance(given, (str, bytes, os.PathLike)):  # a file descriptor: it was opened by name before
        return None
    try:
        text = os.fsdecode(given)
        found = _absolute.get(text)
        if found is None:
            found = _absolute[text] = os.path.abspath(text)
    except (OSError, ValueError, TypeError):  # the current folder is gone, or it is no path: `open` will say so
        return None
    return found


def _other(sightings: Sightings, event: str, arguments: tuple[object, ...]) -> None:
    if event in STARTS:
        is_scribe = event == "subprocess.Popen" and SCRIBE in arguments[1]  # type: ignore[operator]
        if not is_scribe and not is_asking():
            sightings.has_started = True
    elif event == "os.chdir":
        _absolute.clear()
    elif event == "os.rename":
        old, new = _path(arguments[0]), _path(arguments[1])
        # What was written aside and then put in place, as careful writers do.
        if old is not None and new is not None and sightings.uses.get(old, 0) & WRITTEN:
            sightings.add(new, sightings.uses[old] & _SAVED_AS & ~READ)
    elif event == "sqlite3.connect":
        path = _database(arguments[0])
        if path is not None:
            # A rare event: one look at the disk tells a new database from one that is read.
            sightings.add(path, (READ | EITHER if os.path.exists(path) else WRITTEN) | _SEEN)
    elif event == "urllib.Request":
        url, method = str(arguments[0]), str(arguments[3])
        if method == "GET" and url.startswith(("http://", "https://", "ftp://")):
            sightings.remote.setdefault(url, RemoteUse()).use |= READ | _SEEN


def _database(given: object) -> str | None:
    """The file of `sqlite3.connect`: a path, `:memory:`, or a URI with options."""
    text = os.fsdecode(given) if isinstance(given, (str, bytes, os.PathLike)) else ""
    if text.startswith("file:"):
        if "mode=memory" in text:
            return None
        text = text.removeprefix("file:").partition("?")[0]
        text = "/" + text.lstrip("/") if text.startswith("//") else text
    return None if text in ("", ":memory:") else _path(text)
