"""Digests of files that have not changed since they were last read, by size, times and inode.

A file touched within the tick in which it was hashed could change again without its times changing: such an entry
is not trusted (the rule git uses for its index). Neither is one from the future: the clock has gone back since, and a
change might get the very times that the entry has.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

from nbmlops.lib.digest import digest_file
from nbmlops.store.index import Index, batched, marks
from nbmlops.store.writing import file_changed

TICK_NS = 50_000_000
_TRIES = 3
T = TypeVar("T")


class Seen(NamedTuple):
    """A file whose digest was found, and the state in which it was read."""

    path: Path
    key: tuple[int, int, int, int]
    hashed_ns: int
    digest: str


class StatCache:
    def __init__(self, index: Index) -> None:
        self.index = index

    def digest(self, path: Path) -> str:
        """The digest of a regular file, read only if it may have changed.

        Raises ConflictError when it keeps changing while it is read.
        """
        known = self.known([(path, path.stat())])
        if known:
            return known[path]
        digest, seen = read_steadily(path, digest_file, str)
        self.remember([seen])
        return digest

    def known(self, files: Iterable[tuple[Path, os.stat_result]]) -> dict[Path, str]:
        """Of many files, the digests of those that need not be read."""
        asked = {os.fsencode(path): (path, stat) for path, stat in files}
        now = time.time_ns()
        found = {}
        for names in batched(asked):
            rows = self.index.read(
                "SELECT path, size, modified_ns, changed_ns, inode, hashed_ns, digest FROM stat_cache"
                f" WHERE path IN ({marks(names)})",
                names,
            )
            for name, *row in rows:
                path, stat = asked[name]  # type: ignore[index]
                hashed_ns, digest = row[4], row[5]
                assert isinstance(hashed_ns, int)
                is_racy = max(stat.st_mtime_ns, stat.st_ctime_ns) + TICK_NS >= hashed_ns
                if tuple(row[:4]) == _key(stat) and not is_racy and hashed_ns <= now:
                    found[path] = str(digest)
        return found

    def remember(self, seen: Iterable[Seen]) -> None:
        rows = [(os.fsencode(each.path), *each.key, each.hashed_ns, each.digest) for each in seen]
        if rows:
            self.index.write("INSERT OR REPLACE INTO stat_cache VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def read_steadily(path: Path, read: Callable[[Path], T], digest: Callable[[T], str]) -> tuple[T, Seen]:
    """Read a file until it does not change meanwhile; what `read` gave, and its state.

    Raises ConflictError when it keeps changing.
    """
    before = path.stat()
    for _ in range(_TRIES):
        hashed_ns = time.time_ns()
        found = read(path)
        after = path.stat()
        if _key(after) == _key(before):
            return found, Seen(path, _key(after), hashed_ns, digest(found))
        before = after
    raise file_changed(path)


def _key(stat: os.stat_result) -> tuple[int, int, int, int]:
    return (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
