"""One list out of what was seen by different eyes: pure but for one `stat` per file.

The hook and the readers know what was meant by an open; the system's notices know what happened. Where both tell
of a file the meaning counts, and the notices add what neither knew: a native library that read or wrote as well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator

from nbmlops.capture.notices import CLOSED_WRITTEN, CREATED, MODIFIED, MOVED_HERE, OPENED, Notice
from nbmlops.capture.processes import Family, Kin
from nbmlops.capture.sightings import (
    AUDIT,
    BY_CHILD,
    BY_SELF,
    EITHER,
    FANOTIFY,
    INOTIFY,
    READ,
    READER,
    STALE,
    WRITTEN,
    Sightings,
    Use,
)

_BY = {Kin.SELF: FANOTIFY | BY_SELF, Kin.CHILD: FANOTIFY | BY_CHILD, Kin.STRANGER: 0}

Found = tuple[str, Use, os.stat_result]


def merge(sightings: Sightings, notices: Iterable[Notice], family: Family) -> Iterator[Found]:
    """Each regular file that still exists, once, with its use and its state now."""
    places: dict[tuple[int, int], str] = {}
    merged: dict[str, tuple[Use, os.stat_result]] = {}
    for path, use in _normal(sightings.uses).items():
        info = _regular(path)
        if info is not None:
            places[info.st_dev, info.st_ino] = path
            merged[path] = use, info
    for (path, by), bits in _told(sightings, notices, family).items():
        known = merged.get(path)
        if known is None:
            info = _regular(path)
            if info is None:
                continue
            # The same file by another name: through a link that the user's code went through.
            path = places.get((info.st_dev, info.st_ino), path)
            known = merged.get(path, (0, info))
        use, info = known
        merged[path] = use | _happened(use, bits, by, info, sightings.begun_ns) | by, info
    for path, (use, info) in merged.items():
        if use & EITHER and not use & (WRITTEN | FANOTIFY | INOTIFY) and info.st_mtime_ns > sightings.begun_ns:
            use |= WRITTEN | STALE
        yield path, use, info


def _told(sightings: Sightings, notices: Iterable[Notice], family: Family) -> dict[tuple[str, Use], int]:
    """All that happened to a path, per witness and doer. Strangers are left out."""
    told: dict[tuple[str, Use], int] = {}
    has_children = sightings.has_children
    by_pid: dict[int, Use] = {}
    for path, bits, pid in notices:
        if pid is None:
            if path.endswith(".ipynb"):  # the front end saves the notebook while its cells run
                continue
            is_child = has_children and path not in sightings.uses
            by = INOTIFY | (BY_CHILD if is_child else BY_SELF)
        else:
            by = by_pid.get(pid, -1)
            if by < 0:
                by = by_pid[pid] = _BY[family.kin(pid)]
            if not by:
                continue
        key = path, by
        told[key] = told.get(key, 0) | bits
    return told


def _happened(meant: Use, bits: int, by: Use, info: os.stat_result, begun_ns: int) -> Use:
    """What to add to `meant`, which the hook and the readers know of this process, and notices of others."""
    is_written = bool(bits & (MODIFIED | CREATED | MOVED_HERE)) or (
        # Written through memory: the system does not say so, but the file has changed.
        bool(bits & CLOSED_WRITTEN) and info.st_mtime_ns > begun_ns
    )
    # Opened and not changed: read. (Another file may have been moved into its place.)
    is_read = bool(bits & OPENED) and not (is_written and bits & (MODIFIED | CREATED | CLOSED_WRITTEN))
    if by & BY_SELF and meant & (AUDIT | READER):
        is_read = False  # it is known whether it was
    use = (READ if is_read else 0) | (WRITTEN if is_written else 0)
    is_told = meant & READ and meant & WRITTEN
    if (meant | use) & READ and use & WRITTEN and not is_told and not bits & CREATED:
        use |= STALE  # which came first is not known; what was read may be gone
    return use


def _normal(uses: dict[str, Use]) -> dict[str, Use]:
    """The hook notes absolute paths as they were given. Copied, because another thread may be opening files."""
    normal: dict[str, Use] = {}
    for path, use in list(uses.items()):
        place = os.path.normpath(path) if "/." in path or "//" in path or path.endswith("/") else path
        before = normal.get(place, 0)
        # The same file under two spellings: which came first is not known.
        unordered = STALE if (before | use) & READ and (before ^ use) & WRITTEN and before else 0
        normal[place] = before | use | unordered
    return normal


def _regular(path: str) -> os.stat_result | None:
    try:
        info = os.stat(path)
    except (OSError, ValueError):  # gone, or no path at all
        return None
    return info if stat.S_ISREG(info.st_mode) else None
