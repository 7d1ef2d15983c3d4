"""Digests of files that have not changed since they were last read, by size, times and inode.

A file touched within the tick in which it was hashed could change again without its times changing: such an entry
is not trusted (the rule git uses for its index).
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from nbmlops.errors import ConflictError
from nbmlops.lib.digest import digest_file
from nbmlops.store.database import Database

TICK_NS = 50_000_000
_TRIES = 3


class StatCache:
    def __init__(self, database: Database) -> None:
        self.database = database

    def digest(self, path: Path) -> str:
        """The digest of a regular file, read only if it may have changed.

        Raises ConflictError when it keeps changing while it is read.
        """
        stat = path.stat()
        known = self._lookup(path, stat)
        if known is not None:
            return known
        for _ in range(_TRIES):
            hashed_ns = time.time_ns()
            digest = digest_file(path)
            again = path.stat()
            if _key(again) == _key(stat):
                self._remember(path, stat, hashed_ns, digest)
                return digest
            stat = again
        raise ConflictError(
            f"{path} changed while it was read.",
            kind="file-changed",
            hint="Take the snapshot again when nothing writes to it.",
            path=str(path),
        )

    def _lookup(self, path: Path, stat: os.stat_result) -> str | None:
        rows = self.database.read(
            "SELECT size, modified_ns, changed_ns, inode, hashed_ns, digest FROM stat_cache WHERE path = ?",
            (str(path),),
        )
        if not rows or rows[0][:4] != _key(stat):
            return None
        hashed_ns, digest = rows[0][4], rows[0][5]
        assert isinstance(hashed_ns, int)
        is_racy = max(stat.st_mtime_ns, stat.st_ctime_ns) + TICK_NS >= hashed_ns
        return None if is_racy else str(digest)

    def _remember(self, path: Path, stat: os.stat_result, hashed_ns: int, digest: str) -> None:
        with self.database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO stat_cache VALUES (?, ?, ?, ?, ?, ?, ?)",
                (str(path), *_key(stat), hashed_ns, digest),
            )


def _key(stat: os.stat_result) -> tuple[int, int, int, int]:
    return (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
