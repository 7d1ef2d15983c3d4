"""What is in a layer of a package, checked while it is read: its digests, its bounds, and each entry of its archive."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import IO

import zstandard

from nbmlops.errors import IntegrityError
from nbmlops.package.layout import Layout
from nbmlops.package.mediatypes import Compression, compression_of
from nbmlops.package.opened import PackageLayer
from nbmlops.package.paths import clean
from nbmlops.package.untar import Entry, entries

_PIECE = 1 << 20
FREE_BYTES = 256 << 20
"""A compressed layer may always unpack to this much; beyond it, ..."""
MOST_TIMES = 200
"""...to so many times its own size."""


def name_of(layer: PackageLayer) -> str:
    """For people: what it is and where it lies."""
    return f"{layer.kind} {layer.entry.path}"


def layer_entries(layout: Layout, layer: PackageLayer) -> Iterator[Entry]:
    """To be read to the end: what is wrong with its digests shows only there.

    Raises IntegrityError for a layer that is damaged or hostile.
    """
    name = name_of(layer)
    with layout.open(layer.descriptor.digest) as blob:
        checked = _Checked(blob)
        if layer.kind == "mcpserver":
            path = clean(layer.entry.path)
            if path is None:
                raise IntegrityError(
                    f"{name} of the package is refused: its path leads out of the folder.",
                    kind="archive-refused",
                    hint="Nothing was written.",
                )
            yield Entry(path, False, 0o644, layer.descriptor.size, _pieces(checked))
        else:
            raw = _Raw(checked, compression_of(layer.descriptor.media_type), layer.descriptor.size, name)
            yield from entries(raw, name)  # type: ignore[arg-type]
            while raw.read(_PIECE):
                pass
            if layer.entry.diff_id and raw.digest != layer.entry.diff_id:
                raise _damaged(name)
        while checked.read(_PIECE):
            pass
        if checked.digest != layer.descriptor.digest or checked.size != layer.descriptor.size:
            raise _damaged(name)


def _pieces(blob: _Checked) -> Iterator[bytes]:
    while piece := blob.read(_PIECE):
        yield piece


class _Checked:
    """A blob that is hashed while it is read."""

    def __init__(self, blob: IO[bytes]) -> None:
        self._blob = blob
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def read(self, count: int) -> bytes:
        data = self._blob.read(count)
        self._hash.update(data)
        self.size += len(data)
        return data


class _Raw:
    """The tar of a layer, within the bound of what it may unpack to."""

    def __init__(self, blob: _Checked, compression: Compression, size: int, layer: str) -> None:
        self._blob = blob
        self._layer = layer
        self._most = max(FREE_BYTES, MOST_TIMES * size)
        self._read = 0
        self._hash = hashlib.sha256() if compression != "none" else None
        self._gzip = zlib.decompressobj(31) if compression == "gzip" else None
        self._zstd: IO[bytes] | None = None
        if compression == "zstd":
            decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27)
            self._zstd = decompressor.stream_reader(blob)  # type: ignore[arg-type]

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}" if self._hash else self._blob.digest

    def read(self, count: int) -> bytes:
        """That many bytes, fewer only at the end."""
        if self._hash is None:
            return self._blob.read(count)
        parts = []
        left = count
        while left and (piece := self._some(left)):
            parts.append(piece)
            left -= len(piece)
        data = b"".join(parts)
        self._hash.update(data)
        self._read += len(data)
        if self._read > self._most:
            raise IntegrityError(
                f"{self._layer} of the package is refused: it unpacks to more than {MOST_TIMES} times its size.",
                kind="archive-bomb",
                hint="Nothing was written.",
            )
        return data

    def _some(self, most: int) -> bytes:
        try:
            if self._zstd is not None:
                return self._zstd.read(most)
            assert self._gzip is not None
            while True:
                if self._gzip.eof:
                    return b""
                data = self._gzip.unconsumed_tail or self._blob.read(_PIECE)
                found = self._gzip.decompress(data, most)
                if found or not data:
                    return found
        except (zlib.error, zstandard.ZstdError) as error:
            raise _damaged(self._layer) from error


def _damaged(layer: str) -> IntegrityError:
    return IntegrityError(
        f"{layer} of the package is damaged: its bytes do not match its digest.",
        kind="blob-damaged",
        hint="Pull the package again; nothing was written.",
    )
