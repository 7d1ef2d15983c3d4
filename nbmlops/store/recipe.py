"""How an object of several chunks is made: digest and length of each, under a checksum of their own."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from blake3 import blake3

_PART = struct.Struct("<32sI")


class RecipeWriter:
    """Parts are gathered packed: 36 bytes for each chunk of about 64 KiB."""

    def __init__(self) -> None:
        self._parts = bytearray()

    def add(self, digest: bytes, length: int) -> None:
        self._parts += _PART.pack(digest, length)

    @property
    def count(self) -> int:
        return len(self._parts) // _PART.size

    def encode(self) -> bytes:
        return bytes(blake3(self._parts).digest()) + bytes(self._parts)


def parts(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Digest and length of each chunk, in order, of a recipe that was checked."""
    return _PART.iter_unpack(memoryview(data)[32:])
