"""One pack: chunks, recipes and records back to back, and a checked trailer that says where each lies.

    NBP1 | entry | entry | ... | row of each entry | BLAKE3 of the rows | number of rows | NBPE

A pack is named by the digest of its rows, which name all that is in it. It is written aside, synced and renamed, so a
crash leaves the whole pack or nothing; what an index says about packs can be read from the packs.
"""

from __future__ import annotations

import os
import struct
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

from nbmlops.errors import IntegrityError
from nbmlops.lib.digest import digest_bytes, short
from nbmlops.lib.failpoints import failpoint
from nbmlops.lib.files import ASIDE, refusing_disk_errors, sync_folder
from nbmlops.store.compression import unpack

START, END = b"NBP1", b"NBPE"
SUFFIX = ".pack"
_ROW = struct.Struct("<32sBBQQQ")
_FOOT = struct.Struct("<32sQ4s")
_GATHER_COUNT = 512


class Kind(IntEnum):
    CHUNK = 0
    """Named by the digest of its bytes. An object of one chunk has the same name."""
    RECIPE = 1
    """Named by the digest of the object it makes: its own checksum, then digest and length of each chunk."""
    RECORD = 2
    """A SnapshotRecord, named by the digest of its bytes."""


class Entry(NamedTuple):
    digest: bytes
    kind: int
    codec: int
    offset: int
    stored: int
    """Bytes in the pack."""
    raw: int
    """Bytes of the content."""


class PackWriter:
    """A pack on its way. What is added waits in memory until `flush`. Call `finish` or `abandon`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: list[Entry] = []
        self.size = 0
        self._waiting: list[bytes | memoryview] = []
        self.waiting_bytes = 0
        with refusing_disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._aside = folder / f"{ASIDE}{os.urandom(8).hex()}"
            self._handle = os.open(self._aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        self._append(START)

    def add(self, digest: bytes, kind: Kind, codec: int, data: bytes | memoryview, raw: int) -> Entry:
        """Put one entry at the end. A memoryview may be overwritten once it was flushed."""
        entry = Entry(digest, kind, codec, self.size, len(data), raw)
        self._append(data)
        self.entries.append(entry)
        return entry

    def flush(self) -> None:
        self.flush_all(self.take())

    def take(self) -> list[bytes | memoryview]:
        """What waits to be written: the caller hands it to `flush_all`, before anything that is taken later."""
        taken, self._waiting, self.waiting_bytes = self._waiting, [], 0
        return taken

    def flush_all(self, taken: list[bytes | memoryview]) -> None:
        with refusing_disk_errors(self.folder):
            for start in range(0, len(taken), _GATHER_COUNT):
                some = taken[start : start + _GATHER_COUNT]
                while some:
                    failpoint("pack-write")
                    written = os.writev(self._handle, some)
                    # A disk that is nearly full takes a part.
                    while some and written >= len(some[0]):
                        written -= len(some.pop(0))
                    if written:
                        some[0] = memoryview(some[0])[written:]

    def finish(self) -> str:
        """Make it a pack that outlives a crash; returns its name. The same content is the same pack."""
        rows = b"".join(_ROW.pack(*entry) for entry in self.entries)
        self._append(rows)
        self._append(_FOOT.pack(blake3(rows).digest(), len(self.entries), END))
        name = digest_bytes(rows)
        try:
            self.flush()
            with refusing_disk_errors(self.folder):
                failpoint("pack-sync")
                os.fsync(self._handle)
                os.close(self._handle)
                self._handle = -1
                failpoint("pack-rename")
                os.replace(self._aside, self.folder / (name + SUFFIX))
                failpoint("pack-folder-sync")
                sync_folder(self.folder)
        except BaseException:
            self.abandon()
            raise
        return name

    def abandon(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        self._aside.unlink(missing_ok=True)

    def _append(self, data: bytes | memoryview) -> None:
        self._waiting.append(data)
        self.waiting_bytes += len(data)
        self.size += len(data)


def read_trailer(path: Path, name: str) -> tuple[Entry, ...]:
    """What a pack holds. Raises IntegrityError when the trailer is not whole or not that of this pack."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < len(START) + _FOOT.size:
            raise damaged_pack(name, "it is too short")
        file.seek(size - _FOOT.size)
        checksum, count, end = _FOOT.unpack(file.read(_FOOT.size))
        begin = size - _FOOT.size - count * _ROW.size
        if end != END or begin < len(START):
            raise damaged_pack(name, "its end is not one of ours")
        file.seek(begin)
        rows = file.read(count * _ROW.size)
    if blake3(rows).digest() != checksum or checksum.hex() != name:
        raise damaged_pack(name, "its trailer does not have its digest")
    entries = tuple(Entry(*row) for row in _ROW.iter_unpack(rows))
    if any(entry.offset + entry.stored > begin for entry in entries):
        raise damaged_pack(name, "its trailer names bytes that it does not have")
    return entries


def read_entry(handle: int, entry: Entry) -> bytes:
    """The content of an entry, checked. Raises ValueError when it is not what its digest says."""
    data = unpack(entry.codec, os.pread(handle, entry.stored, entry.offset), entry.raw)
    if len(data) != entry.raw:
        raise ValueError("the length is wrong")
    checksum = data[:32] if entry.kind == Kind.RECIPE else entry.digest
    if blake3(data[32:] if entry.kind == Kind.RECIPE else data).digest() != checksum:
        raise ValueError("the digest is wrong")
    return data


def damaged_pack(name: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"Pack {short(name)} is damaged: {why}.",
        kind="pack-damaged",
        hint="See what it held: nbmlops verify",
        pack=name,
    )
