"""Digests of files that have not changed since they were last read, by size, times and inode.

A file touched within the tick in which it was hashed could change again without its times changing: such an entry
is not trusted (the rule git uses for its index). Neither is one from the future: the clock has gone back since, and a
change might get the very times that the entry has.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from nbmlops.lib.digest import digest_file
from nbmlops.store.index import Index
from nbmlops.store.writing import Writer, file_changed

TICK_NS = 50_000_000
_TRIES = 3
_TRUSTED = (
    "SELECT path, size, modified_ns, changed_ns, inode, digest FROM stat_cache"
    " WHERE max(modified_ns, changed_ns) + {tick} < hashed_ns AND hashed_ns <= {now} AND path"
)
Key = tuple[int, int, int, int]
"""Size, times of the last changes of content and of state, inode: by these a file is known to be the one read."""


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
        query = _TRUSTED.format(tick=TICK_NS, now=time.time_ns())
        found = {}
        for name, size, modified_ns, changed_ns, inode, digest in self.index.read_keys(query, map(os.fsencode, files)):
            path = os.fsdecode(name)
            if files.get(path) == (size, modified_ns, changed_ns, inode):
                found[path] = digest
        return found

    def remember(self, seen: Iterable[Seen]) -> None:
        # In the order in which the table lies: each row then goes where the last one went.
        rows = sorted((os.fsencode(each.path), *each.key, each.hashed_ns, each.digest) for each in seen)
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


def put_small(writer: Writer, files: Mapping[str, Key]) -> list[Seen]:
    """Read and keep some files of at most WHOLE_BYTES that still are as `files` says. The others are left out."""
    moments: list[int] = []
    contents: list[tuple[bytes, str]] = []
    for path, key in files.items():
        moment = time.time_ns()
        if (data := _read_small(path, key)) is not None:
            moments.append(moment)
            contents.append((data, path))
    digests = writer.put_whole(contents)
    return [
        Seen(path, files[path], moment, digest)
        for (_, path), moment, digest in zip(contents, moments, digests, strict=True)
    ]


def _read_small(path: str, key: Key) -> bytes | None:
    """The content of a file that has held still since it had that key."""
    try:
        # Should it have become a pipe since we looked, opening it must not wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        data = os.read(handle, key[0] + 1)
        after = os.fstat(handle)
    except OSError:
        return None
    finally:
        os.close(handle)
    is_same = key_of(after) == key and len(data) == after.st_size and stat.S_ISREG(after.st_mode)
    return data if is_same else None


def key_of(info: os.stat_result) -> Key:
    return (info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino)
