"""One layer: a folder's files as a tar, streamed into the layout; the same files give the same bytes anywhere."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import zstandard

from nbmlops.errors import ConflictError, UsageError
from nbmlops.package.contents import Item
from nbmlops.package.layout import Incoming, Layout
from nbmlops.package.mediatypes import Compression
from nbmlops.package.tar import END, header, padding

_PIECE = 1 << 20
_ZSTD_LEVEL = 3
GZIP_LEVEL = 6
_GZIP = 31
"""zlib's word for a gzip header and trailer; the header has no time and no name."""


class Layer(NamedTuple):
    digest: str
    size: int
    """Bytes of the blob."""
    diff_id: str
    """Digest of the tar before compression; of a raw file, of the file."""


def write_layer(
    layout: Layout,
    folder: Path,
    items: Sequence[Item],
    *,
    compression: Compression = "none",
    keeps_modes: bool = False,
    on_bytes: Callable[[int], None] = lambda count: None,
) -> Layer:
    """`keeps_modes`: as they are on disk; else 0755 for folders and programs, 0644 for other files.

    Memory does not grow with the files. Raises ConflictError for a file that changes meanwhile.
    """
    with layout.incoming() as blob:
        out = Squeezed(blob, compression)
        buffer = memoryview(bytearray(_PIECE))
        for item in items:
            mode = item.mode if keeps_modes else 0o755 if item.is_folder or item.mode & 0o100 else 0o644
            out.write(header(item.path, mode=mode, size=item.size, is_folder=item.is_folder))
            if not item.is_folder:
                _copy(folder / item.path, item, out, buffer, on_bytes)
                out.write(padding(item.size))
        out.write(END)
        out.finish()
    return Layer(blob.digest, blob.size, out.diff_id or blob.digest)


def write_bundle(layout: Layout, folder: Path, item: Item) -> Layer:
    """An MCP bundle: the ZIP as it is. Raises UsageError for a file that is none, or has no manifest.json."""
    path = folder / item.path
    try:
        with zipfile.ZipFile(path) as archive:
            has_manifest = "manifest.json" in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise _no_bundle(item.path, "it is no ZIP archive") from error
    if not has_manifest:
        raise _no_bundle(item.path, "it has no manifest.json at its top")
    with layout.incoming() as blob:
        out = Squeezed(blob, "none")
        _copy(path, item, out, memoryview(bytearray(_PIECE)), lambda count: None)
    return Layer(blob.digest, blob.size, blob.digest)


def _copy(path: Path, item: Item, out: Squeezed, buffer: memoryview, on_bytes: Callable[[int], None]) -> None:
    left = item.size
    # No link is followed that has taken the file's place since it was seen.
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb", buffering=0) as file:
        while left:
            count = file.readinto(buffer[: min(left, _PIECE)])
            if not count:
                raise _changed(item.path)
            out.write(buffer[:count])
            on_bytes(count)
            left -= count
        if file.read(1):
            raise _changed(item.path)


class _Compressor(Protocol):
    def compress(self, data: bytes | memoryview, /) -> bytes: ...
    def flush(self) -> bytes: ...


class Squeezed:
    """Compresses, and hashes what comes in; uncompressed, the blob's own digest says it already."""

    def __init__(self, blob: Incoming, compression: Compression, gzip_level: int = GZIP_LEVEL) -> None:
        self._blob = blob
        self._compressor: _Compressor | None = None
        if compression == "gzip":
            self._compressor = zlib.compressobj(gzip_level, zlib.DEFLATED, _GZIP)
        elif compression == "zstd":
            self._compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compressobj()
        self._hash = hashlib.sha256() if self._compressor else None

    @property
    def diff_id(self) -> str:
        return f"sha256:{self._hash.hexdigest()}" if self._hash else ""

    def write(self, data: bytes | memoryview) -> None:
        if self._compressor is None or self._hash is None:
            self._blob.write(data)
        else:
            self._hash.update(data)
            self._blob.write(self._compressor.compress(data))

    def finish(self) -> None:
        if self._compressor is not None:
            self._blob.write(self._compressor.flush())


def _changed(path: str) -> ConflictError:
    return ConflictError(
        f"{path} changed while it was packed.", kind="file-changed", hint="Pack again when nobody writes.", path=path
    )


def _no_bundle(path: str, why: str) -> UsageError:
    return UsageError(
        f"{path} is no MCP bundle: {why}.", kind="bundle-malformed", hint="Correct its path in the Kitfile."
    )
