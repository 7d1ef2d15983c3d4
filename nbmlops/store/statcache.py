"""Digests of files that have not changed since they were last read, by size, times and inode.

A file touched within the tick in which it was hashed could change again without its times changing: such an entry
is not trusted (the rule git uses for its index). Neither is one from the future: the clock has gone back since, and a
change might get the very times that the entry has.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from nbmlops.lib.digest import digest_file
from nbmlops.store.chunks import WHOLE_BYTES
from nbmlops.store.index import Index
from nbmlops.store.writing import Writer, file_changed

TICK_NS = 50_000_000
_TRIES = 3
_BY_PATH = "SELECT path, size, modified_ns, changed_ns, inode, hashed_ns, digest FROM stat_cache WHERE path"


class Key(NamedTuple):
    """By what a file is known to be the one that was read."""

    size: int
    modified_ns: int
    changed_ns: int
    inode: int


_NOT_ASKED = ("", Key(-1, 0, 0, 0))


class Seen(NamedTuple):
    """A file whose digest was found, and the state in which it was read."""

    path: str
    key: Key
    hashed_ns: int
    digest: str


class StatCache:
    def __init__(self, index: Index) -> None:
        self.index = index

    def digest(self, path: Path) -> str:
        """The digest of a regular file, read only if it may have changed.

        Raises ConflictError when it keeps changing while it is read.
        """
        known = self.known({str(path): key_of(path.stat())})
        if known:
            return known[str(path)]
        seen = read_steadily(str(path), digest_file)
        self.remember([seen])
        return seen.digest

    def known(self, files: Mapping[str, Key]) -> dict[str, str]:
        """Of many files, the digests of those that need not be read."""
        asked = {os.fsencode(path): (path, key) for path, key in files.items()}
        now = time.time_ns()
        found = {}
        for name, size, modified_ns, changed_ns, inode, hashed_ns, digest in self.index.read_keys(_BY_PATH, asked):
            path, key = asked.get(name, _NOT_ASKED)
            is_racy = max(modified_ns, changed_ns) + TICK_NS >= hashed_ns
            if key == (size, modified_ns, changed_ns, inode) and not is_racy and hashed_ns <= now:
                found[path] = digest
        return found

    def remember(self, seen: Iterable[Seen]) -> None:
        rows = [(os.fsencode(each.path), *each.key, each.hashed_ns, each.digest) for each in seen]
        if rows:
            self.index.write("INSERT OR REPLACE INTO stat_cache VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def read_steadily(path: str, digest: Callable[[Path], str]) -> Seen:
    """Read a file until it does not change meanwhile. Raises ConflictError when it keeps changing."""
    before = os.stat(path)
    for _ in range(_TRIES):
        hashed_ns = time.time_ns()
        found = digest(Path(path))
        after = os.stat(path)
        if key_of(after) == key_of(before):
            return Seen(path, key_of(after), hashed_ns, found)
        before = after
    raise file_changed(Path(path))


def put_small(writer: Writer, paths: Sequence[str]) -> list[Seen | None]:
    """Read and keep some files of at most WHOLE_BYTES. None where that did not go well: read that one by itself."""
    found = [_read_small(path) for path in paths]
    digests = writer.put_whole([(read[0], path) for read, path in zip(found, paths, strict=True) if read is not None])
    fresh = iter(digests)
    return [
        Seen(path, read[1], read[2], next(fresh)) if read is not None else None
        for read, path in zip(found, paths, strict=True)
    ]


def _read_small(path: str) -> tuple[bytes, Key, int] | None:
    """Content, state and moment, of a file that holds still."""
    hashed_ns = time.time_ns()
    try:
        # Should it have become a pipe since we looked, opening it must not wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        before = os.fstat(handle)
        data = os.read(handle, WHOLE_BYTES + 1)
        after = os.fstat(handle)
    except OSError:
        return None
    finally:
        os.close(handle)
    if key_of(before) != key_of(after) or len(data) != after.st_size or not stat.S_ISREG(after.st_mode):
        return None
    return data, key_of(after), hashed_ns


def key_of(info: os.stat_result) -> Key:
    return Key(info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino)
