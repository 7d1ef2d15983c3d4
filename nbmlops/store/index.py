"""Where each entry lies, and the digests of files that were read before: `.nbmlops/index.db`.

Nothing here is the only copy: a lost or damaged index is made again from the trailers of the packs, and a lost stat
cache costs one reading of the files.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from nbmlops.errors import IntegrityError
from nbmlops.store.database import Database, Schema
from nbmlops.store.lock import StoreLock
from nbmlops.store.pack import Entry, Kind
from nbmlops.store.packs import Packs

logger = logging.getLogger("nbmlops")
_MOST_ARGUMENTS = 900
_MANY = 100
_MOST_PASSED = 2

SCHEMA = Schema(
    version=1,
    script="""
CREATE TABLE IF NOT EXISTS packs (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS entries (
    digest BLOB NOT NULL, kind INTEGER NOT NULL, pack INTEGER NOT NULL, codec INTEGER NOT NULL,
    offset INTEGER NOT NULL, stored INTEGER NOT NULL, raw INTEGER NOT NULL, is_damaged INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (digest, kind, pack)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_by_pack ON entries (pack);
CREATE TABLE IF NOT EXISTS wanted (digest BLOB PRIMARY KEY, wanted_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stat_cache (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, changed_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL, hashed_ns INTEGER NOT NULL, digest TEXT NOT NULL
) WITHOUT ROWID;
""",
)


class Location(NamedTuple):
    pack: str
    entry: Entry


class Index:
    def __init__(self, database: Database, packs: Packs) -> None:
        self.database = database
        self.packs = packs
        self._is_synced = False
        self._told: set[str] = set()

    def locate(self, digest: bytes, kinds: Sequence[Kind]) -> list[Location]:
        """Undamaged places of an entry."""
        return self.locate_many([digest], kinds).get(digest, [])

    def locate_many(self, digests: Iterable[bytes], kinds: Sequence[Kind]) -> dict[bytes, list[Location]]:
        found: dict[bytes, list[Location]] = {}
        for some in batched(digests):
            for pack, *entry in self.read(
                "SELECT name, digest, kind, codec, offset, stored, raw FROM entries JOIN packs ON packs.id = pack"
                f" WHERE digest IN ({marks(some)}) AND kind IN ({marks(kinds)}) AND NOT is_damaged",
                (*some, *map(int, kinds)),
            ):
                location = Location(str(pack), Entry(*entry))  # type: ignore[arg-type]
                found.setdefault(location.entry.digest, []).append(location)
        return found

    def known(self, digests: Iterable[bytes], kinds: Sequence[Kind]) -> set[bytes]:
        """Those that are kept undamaged."""
        asked = set(digests)
        some = ", ".join(str(int(kind)) for kind in kinds)
        query = f"SELECT digest FROM entries WHERE NOT is_damaged AND kind IN ({some}) AND digest"
        return asked.intersection([digest for (digest,) in self.read_keys(query, asked)])

    def of_kind(self, kind: Kind) -> list[Location]:
        """Undamaged entries of one kind."""
        rows = self.read(
            "SELECT name, digest, kind, codec, offset, stored, raw FROM entries JOIN packs ON packs.id = pack"
            " WHERE kind = ? AND NOT is_damaged",
            (int(kind),),
        )
        return [Location(str(pack), Entry(*entry)) for pack, *entry in rows]  # type: ignore[arg-type]

    def is_damaged(self, digest: bytes) -> bool:
        return bool(self.read("SELECT 1 FROM entries WHERE digest = ? AND is_damaged LIMIT 1", (digest,)))

    def flag(self, damaged: Iterable[tuple[str, bytes, int]]) -> None:
        """Remember that entries (pack, digest, kind) cannot be read: putting the same content heals them."""
        self.write(
            "UPDATE entries SET is_damaged = 1 WHERE digest = ?2 AND kind = ?3"
            " AND pack = (SELECT id FROM packs WHERE name = ?1)",
            damaged,
        )

    def clear(self, pack: str) -> None:
        """Forget what was damaged in a pack: it is being checked again."""
        self.write(
            "UPDATE entries SET is_damaged = 0 WHERE is_damaged AND pack = (SELECT id FROM packs WHERE name = ?)",
            [(pack,)],
        )

    def want(self, digest: bytes) -> None:
        """Somebody counts on an entry that was here before, and no snapshot says so yet (see snapshot/mark.py)."""
        self.write("INSERT OR REPLACE INTO wanted VALUES (?, ?)", [(digest, time.time_ns())])

    def wanted_since(self, nanoseconds: int) -> set[bytes]:
        self.write("DELETE FROM wanted WHERE wanted_ns < ?", [(nanoseconds,)])
        return {row[0] for row in self.read("SELECT digest FROM wanted", ())}  # type: ignore[misc]

    def add(self, pack: str, entries: Iterable[Entry]) -> None:
        """Say what a pack that is in place holds."""
        self.replace([(pack, entries)], [])

    def replace(self, added: Iterable[tuple[str, Iterable[Entry]]], dropped: Iterable[str]) -> None:
        """Switch from some packs to others at one moment."""
        self._ready()
        self._write(added, dropped)

    def entries_of(self, pack: str) -> list[tuple[Entry, bool]]:
        """Entries of a pack, and whether each is damaged, in the order in which they lie."""
        rows = self.read(
            "SELECT digest, kind, codec, offset, stored, raw, is_damaged FROM entries"
            " WHERE pack = (SELECT id FROM packs WHERE name = ?) ORDER BY offset",
            (pack,),
        )
        return [(Entry(*row[:6]), bool(row[6])) for row in rows]  # type: ignore[arg-type]

    def sync(self) -> bool:
        """Bring the index in line with the packs that are there; whether anything was amiss."""
        there = set(self.packs.names())
        known = {str(row[0]) for row in self.database.read("SELECT name FROM packs")}
        gone, fresh = known - there, there - known
        added = []
        for name in sorted(fresh):
            try:
                added.append((name, self.packs.trailer(name)))
            except FileNotFoundError:
                continue  # gc took it meanwhile
            except IntegrityError as error:
                if name not in self._told:
                    self._told.add(name)
                    logger.warning("%s", error)
        if gone or added:
            self._write(added, gone)
        self._is_synced = True
        return bool(gone or added)

    def rebuild(self) -> int:
        """Forget everything and read all trailers; returns how many packs there are."""
        with StoreLock(self.database.path.with_suffix(".lock")).exclusive():
            self._discard()
            self.sync()
        return len(self.packs.names())

    def _write(self, added: Iterable[tuple[str, Iterable[Entry]]], dropped: Iterable[str]) -> None:
        with self.database.write() as connection:
            for name in dropped:
                connection.execute("DELETE FROM entries WHERE pack = (SELECT id FROM packs WHERE name = ?)", (name,))
                connection.execute("DELETE FROM packs WHERE name = ?", (name,))
            for name, entries in added:
                connection.execute("INSERT OR IGNORE INTO packs (name) VALUES (?)", (name,))
                number = connection.execute("SELECT id FROM packs WHERE name = ?", (name,)).fetchone()[0]
                connection.executemany(
                    "INSERT OR REPLACE INTO entries (digest, kind, pack, codec, offset, stored, raw)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [(e.digest, int(e.kind), number, e.codec, e.offset, e.stored, e.raw) for e in entries],
                )

    def read(self, query: str, arguments: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        return self._ready().read(query, arguments)

    def read_keys(self, query: str, keys: Iterable[bytes]) -> list[tuple[Any, ...]]:
        """Rows of a query that ends with the name of its key. Of many keys, rows that lie between may come along."""
        keys = list(keys)
        if len(keys) > _MANY:
            # One walk is several times faster than many searches, where it does not pass by much else.
            most = _MOST_PASSED * len(keys)
            rows = self.read(f"{query} BETWEEN ? AND ? LIMIT ?", (min(keys), max(keys), most))
            if len(rows) < most:
                return rows
        return [row for some in batched(keys) for row in self.read(f"{query} IN ({marks(some)})", some)]

    def write(self, query: str, rows: Iterable[tuple[object, ...]]) -> None:
        """One statement for many rows, in one transaction."""
        with self._ready().write() as connection:
            connection.executemany(query, rows)

    def _ready(self) -> Database:
        """The database, in line with the packs; made again where it is lost or damaged."""
        if self._is_synced and self.database.path.exists():
            return self.database
        is_lost = not self.database.path.exists()
        if is_lost:
            self.database.close()
        try:
            self.sync()
        except IntegrityError as error:
            if error.kind != "records-damaged":
                raise
            logger.warning("The index of the store is damaged and is made again from the packs.")
            self.rebuild()
        else:
            if is_lost and self.packs.names():
                logger.info("The index of the store was missing and was made from the packs.")
        return self.database

    def _discard(self) -> None:
        self.database.close()
        for ending in ("", "-wal", "-shm"):
            self.database.path.with_name(self.database.path.name + ending).unlink(missing_ok=True)
        self._is_synced = False


def batched(keys: Iterable[bytes]) -> Iterator[tuple[bytes, ...]]:
    """As many at a time as SQLite takes in one query."""
    rest = iter(keys)
    while some := tuple(islice(rest, _MOST_ARGUMENTS)):
        yield some


def marks(arguments: Sequence[object]) -> str:
    return ", ".join("?" * len(arguments))
