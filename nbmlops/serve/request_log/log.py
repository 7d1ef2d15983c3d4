"""The log of one process: requests are handed over at once and written by a thread.

A full disk, or requests that come faster than they can be written, cost entries of the log and never an answer: what is
lost is counted.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import msgspec
import pyarrow as pa

from nbmlops.serve.request_log.probabilities import Probabilities
from nbmlops.serve.request_log.segment import GROWING, WHOLE, Segment, is_written, whole
from nbmlops.serve.request_log.tables import Entry, table_of

logger = logging.getLogger("nbmlops.serve")

SEGMENT_BYTES = 32 << 20
SEGMENT_SECONDS = 600.0
MOST_BYTES = 1 << 30
_MOST_WAITING = 4096
_MOST_TOGETHER = 512
_FLUSH_SECONDS = 0.5
_PAUSE_SECONDS = 5.0
"""After the disk has said no."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    share: float = 1.0
    """Of requests, by their ids: each replica and a shadow keep the same ones."""
    redacted: frozenset[str] = frozenset()
    """Columns whose values are left out."""
    most_bytes: int = MOST_BYTES
    """Of all segments in the folder; the oldest go first."""


Now: TypeAlias = Callable[[], float]


class RequestLog:
    def __init__(self, wanted: Wanted, *, revision: str = "", now: Now = time.time) -> None:
        """Raises OSError where there can be no such folder."""
        wanted.folder.mkdir(parents=True, exist_ok=True)
        self._wanted = wanted
        self._revision = revision
        self._now = now
        self._queue: queue.Queue[Entry | None] = queue.Queue(_MOST_WAITING)
        self._segment: Segment | None = None
        self._began = 0.0
        self.process = secrets.token_hex(4)
        """That tells its files from those of others."""
        self._count = 0
        self._fails_until = 0.0
        self.kept = 0
        """Requests."""
        self.lost = 0
        self.probabilities: Probabilities | None = None
        """That are kept beside the labels of a classifier."""
        self._recover()
        self._thread = threading.Thread(target=self._write_all, name="request-log", daemon=True)
        self._thread.start()

    @property
    def folder(self) -> Path:
        return self._wanted.folder

    def wants(self, request_id: str) -> bool:
        """Whether that request is one of the sample."""
        share = self._wanted.share
        if share >= 1:
            return True
        digest = hashlib.blake2b(request_id.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") < share * 2**64

    def put(self, entry: Entry) -> None:
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            self.lost += 1

    def close(self) -> None:
        """What was handed over is written."""
        self._queue.put(None)
        self._thread.join()

    def _write_all(self) -> None:
        while True:
            entries, is_end = self._taken()
            if entries:
                self._write(entries)
            if is_end or self._is_due():
                self._rotate()
            if is_end:
                return

    def _taken(self) -> tuple[list[Entry], bool]:
        """What has come within half a second, and whether that is all."""
        found: list[Entry] = []
        until = time.monotonic() + _FLUSH_SECONDS
        while len(found) < _MOST_TOGETHER and (left := until - time.monotonic()) > 0:
            try:
                entry = self._queue.get(timeout=left)
            except queue.Empty:
                break
            if entry is None:
                return found, True
            found.append(entry)
        return found, False

    def _write(self, entries: list[Entry]) -> None:
        if time.monotonic() < self._fails_until:
            self.lost += len(entries)
            return
        tables: list[pa.Table] = []
        likely = self.probabilities.of(entries) if self.probabilities is not None else [{} for _ in entries]
        for entry, more in zip(entries, likely, strict=True):
            try:
                tables.append(table_of(entry, revision=self._revision, redacted=self._wanted.redacted, more=more))
            except (pa.ArrowException, ValueError, TypeError) as error:
                self.lost += 1
                logger.warning("A request cannot be kept: %s", type(error).__name__)
        for count, together in _runs(tables):
            try:
                self._segment_for(together.schema).write(together)
                self.kept += count
            except OSError as error:
                self.lost += count
                self._fails_until = time.monotonic() + _PAUSE_SECONDS
                logger.warning("Requests cannot be kept in %s: %s", self._wanted.folder, error.strerror or error)
                self._rotate()

    def _segment_for(self, schema: pa.Schema) -> Segment:
        if self._segment is not None and not self._segment.schema.equals(schema):
            self._rotate()
        if self._segment is None:
            self._count += 1
            self._began = time.monotonic()
            stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(self._now()))
            name = f"requests-{stamp}-r{self._revision or '0'}-{self.process}-{self._count:04d}{GROWING}"
            self._segment = Segment(self._wanted.folder / name, schema)
        return self._segment

    def _is_due(self) -> bool:
        segment = self._segment
        return segment is not None and (
            segment.bytes > SEGMENT_BYTES or time.monotonic() - self._began > SEGMENT_SECONDS
        )

    def _rotate(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        try:
            segment.close()
            self._prune()
        except OSError as error:
            logger.warning("Requests stay in %s for now: %s", segment.path.name, error.strerror or error)

    def _prune(self) -> None:
        segments = sorted(self._wanted.folder.glob(f"requests-*{WHOLE}"))
        sizes = {each: each.stat().st_size for each in segments}
        total = sum(sizes.values())
        for each in segments:
            if total <= self._wanted.most_bytes:
                return
            each.unlink(missing_ok=True)
            total -= sizes[each]

    def _recover(self) -> None:
        """Of processes that have died without saying good-bye."""
        for path in sorted(self._wanted.folder.glob(f"requests-*{GROWING}")):
            try:
                if not is_written(path):
                    whole(path)
            except OSError as error:
                logger.warning("%s cannot be read: %s", path.name, error.strerror or error)


def _runs(tables: list[pa.Table]) -> list[tuple[int, pa.Table]]:
    """Neighbours of one schema as one table, with how many they are."""
    found: list[list[pa.Table]] = []
    for table in tables:
        if found and found[-1][0].schema.equals(table.schema):
            found[-1].append(table)
        else:
            found.append([table])
    return [(len(each), pa.concat_tables(each).combine_chunks()) for each in found]
