"""Objects of the first layout, one file each: `objects/ab/cdef...`. They are read, and set aside where damaged.

Five bytes of header (`NBO1` and a codec), then the content, raw or as one zstd frame. New objects go into packs;
`nbmlops gc` folds these into packs as well.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import IO

import zstandard

from nbmlops.lib.digest import CHUNK_BYTES

MAGIC = b"NBO1"
RAW, ZSTD = b"\x00", b"\x01"
_FOLDER = re.compile("[0-9a-f]{2}")
_NAME = re.compile("[0-9a-f]{62}")


class Loose:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest[2:]

    def has(self, digest: str) -> bool:
        return digest[:2] in self._folders and self.path(digest).exists()

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Nothing makes new ones: a store that never had any is not asked file by file."""
        return frozenset(_listed(self.folder, _FOLDER))

    def digests(self) -> Iterator[str]:
        """All of them, unordered."""
        for folder in _listed(self.folder, _FOLDER):
            for name in _listed(self.folder / folder, _NAME):
                yield folder + name

    def pieces(self, digest: str) -> Iterator[bytes]:
        """The content, unchecked. Raises FileNotFoundError, or ValueError when it cannot be decoded."""
        with self.path(digest).open("rb") as file:
            try:
                yield from _decoded(file)
            except zstandard.ZstdError as error:
                raise ValueError(str(error)) from error

    def was_damaged(self, digest: str) -> bool:
        return self._aside(digest).exists()

    def set_aside(self, digest: str) -> None:
        """So that keeping the same content again heals it."""
        # Where even that is refused, the object stays where it is and is refused at each reading.
        with contextlib.suppress(OSError):
            os.replace(self.path(digest), self._aside(digest))

    def remove(self, digest: str) -> None:
        self.path(digest).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path(digest).parent.rmdir()

    def _aside(self, digest: str) -> Path:
        return self.path(digest).with_suffix(".damaged")


def _decoded(file: IO[bytes]) -> Iterator[bytes]:
    header = file.read(5)
    if header[:4] != MAGIC or header[4:] not in (RAW, ZSTD):
        raise ValueError("the header is not one of ours")
    reader = file if header[4:] == RAW else zstandard.ZstdDecompressor().stream_reader(file)
    while piece := reader.read(CHUNK_BYTES):
        yield piece


def _listed(folder: Path, pattern: re.Pattern[str]) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError):
        yield from (name for name in os.listdir(folder) if pattern.fullmatch(name))
