"""Bytes by their digest.

An object is one file, `objects/ab/cdef...`, named by the BLAKE3 of its content: five bytes of header (`NBO1`
and a codec), then the content, raw or as one zstd frame. It is written aside, synced and renamed, so a crash
leaves the whole object or none. Reading checks the digest: a damaged object is named, never returned, and set
aside so that keeping the same content again heals it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import zstandard
from blake3 import blake3

from nbmlops.errors import ConflictError, IntegrityError, NotFoundError
from nbmlops.lib.digest import CHUNK_BYTES, digest_bytes, short
from nbmlops.lib.files import atomic_writer

MAGIC = b"NBO1"
RAW, ZSTD = b"\x00", b"\x01"
_SAMPLE_BYTES = 64 * 1024
_WORTH_IT = 0.9


class Objects:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest[2:]

    def has(self, digest: str) -> bool:
        return self.path(digest).exists()

    def put_bytes(self, data: bytes) -> tuple[str, int]:
        """Keep bytes; returns their digest and how many bytes were new on the disk."""
        digest = digest_bytes(data)
        if self.has(digest):
            return digest, 0
        with atomic_writer(self.path(digest), durable=True) as file:
            packed = _compressor().compress(data)
            raw = len(packed) >= len(data) * _WORTH_IT
            file.write(MAGIC + (RAW if raw else ZSTD) + (data if raw else packed))
            stored = file.tell()
        return digest, stored

    def put_file(self, source: Path, digest: str) -> int:
        """Keep a file whose digest is known; returns how many bytes were new on the disk.

        Raises ConflictError when the file no longer has that digest.
        """
        if self.has(digest):
            return 0
        with _opened(source) as reader, atomic_writer(self.path(digest), durable=True) as file:
            sample = reader.read(_SAMPLE_BYTES)
            raw = len(_compressor().compress(sample)) >= len(sample) * _WORTH_IT
            file.write(MAGIC + (RAW if raw else ZSTD))
            hasher = blake3(sample)
            writer: Any = file if raw else _compressor().stream_writer(file, closefd=False)
            writer.write(sample)
            while piece := reader.read(CHUNK_BYTES):
                hasher.update(piece)
                writer.write(piece)
            if not raw:
                writer.flush(zstandard.FLUSH_FRAME)
            stored = file.tell()
            if hasher.hexdigest() != digest:
                raise _changed(source)
        return stored

    def read(self, digest: str) -> bytes:
        """The whole content, checked."""
        return b"".join(self.pieces(digest))

    def pieces(self, digest: str) -> Iterator[bytes]:
        """The content in pieces of at most 1 MiB; the digest is checked when the last one is given.

        Raises NotFoundError when there is no such object, IntegrityError when it is damaged.
        """
        hasher = blake3()
        try:
            with self.path(digest).open("rb") as file:
                for piece in _decoded(file):
                    hasher.update(piece)
                    yield piece
        except FileNotFoundError:
            if self._aside(digest).exists():
                raise _damaged(digest) from None
            raise NotFoundError(
                f"The store has no object {short(digest)}.", kind="object-missing", digest=digest
            ) from None
        except zstandard.ZstdError as error:
            self._set_aside(digest)
            raise _damaged(digest) from error
        if hasher.hexdigest() != digest:
            self._set_aside(digest)
            raise _damaged(digest)

    def restore(self, digest: str, target: Path, *, executable: bool = False) -> None:
        """Write an object to `target`; the name appears only after the content was checked."""
        with atomic_writer(target, mode=0o777 if executable else 0o666) as file:
            for piece in self.pieces(digest):
                file.write(piece)

    def _aside(self, digest: str) -> Path:
        return self.path(digest).with_suffix(".damaged")

    def _set_aside(self, digest: str) -> None:
        # Where even that is refused, the object stays where it is and is refused at each reading.
        with contextlib.suppress(OSError):
            os.replace(self.path(digest), self._aside(digest))


def _decoded(file: IO[bytes]) -> Iterator[bytes]:
    header = file.read(5)
    if header[:4] != MAGIC or header[4:] not in (RAW, ZSTD):
        raise zstandard.ZstdError("the header is not one of ours")
    reader = file if header[4:] == RAW else zstandard.ZstdDecompressor().stream_reader(file)
    while piece := reader.read(CHUNK_BYTES):
        yield piece


def _opened(source: Path) -> IO[bytes]:
    try:
        return source.open("rb")
    except FileNotFoundError as error:
        raise _changed(source) from error


def _changed(source: Path) -> ConflictError:
    return ConflictError(
        f"{source} changed while it was read.",
        kind="file-changed",
        hint="Take the snapshot again when nothing writes to it.",
        path=str(source),
    )


def _damaged(digest: str) -> IntegrityError:
    return IntegrityError(
        f"Object {short(digest)} is damaged: its bytes do not have their digest.",
        kind="object-damaged",
        hint="Take the snapshot again from the original files to heal it.",
        digest=digest,
    )


def _compressor() -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(level=3)
