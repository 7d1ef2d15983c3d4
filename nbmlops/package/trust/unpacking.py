"""Reading what others have compressed: in small pieces, and never more than a limit."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from typing import IO, Any

MOST_BYTES = 1 << 30
"""Of what is unpacked to be looked at."""
_MOST_MEMORY = 128 << 20
"""What a file may ask for to be unpacked."""
_PACKED = 1 << 16


class UnpackingError(Exception):
    """Why there is no more to read."""


class Budget:
    """Bytes that may still be read, shared by all that come out of one file."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.most = most
        self.left = most


def buffered(file: IO[bytes], budget: Budget | None = None) -> io.BufferedReader:
    """Raises UnpackingError while it is read, when the budget is used up."""
    return io.BufferedReader(_Bounded(file, budget), _PACKED)


def unpacked(file: io.BufferedReader) -> io.BufferedReader | None:
    """What is inside of zlib, gzip, bzip2, xz or LZMA, told by its first bytes; None for anything else."""
    head = file.peek(6)[:6]
    decoder: Any
    if head.startswith(b"\x1f\x8b") or (head[:1] == b"\x78" and int.from_bytes(head[:2], "big") % 31 == 0):
        decoder = _Zlib()
    elif head.startswith(b"BZh"):
        decoder = bz2.BZ2Decompressor()
    elif head.startswith((b"\xfd7zXZ\x00", b"\x5d\x00\x00")):
        decoder = lzma.LZMADecompressor(memlimit=_MOST_MEMORY)
    else:
        return None
    return io.BufferedReader(_Unpacked(file, decoder, Budget()), _PACKED)


class _Bounded(io.RawIOBase):
    def __init__(self, file: IO[bytes], budget: Budget | None) -> None:
        super().__init__()
        self._file = file
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        filled = 0
        while filled < len(target) and (data := self._file.read(len(target) - filled)):
            target[filled : filled + len(data)] = data
            filled += len(data)
        _spend(self._budget, filled)
        return filled


class _Unpacked(io.RawIOBase):
    def __init__(self, file: io.BufferedReader, decoder: Any, budget: Budget) -> None:
        super().__init__()
        self._file = file
        self._decoder = decoder
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        try:
            while not self._decoder.eof:
                packed = self._file.read(_PACKED) if self._decoder.needs_input else b""
                if self._decoder.needs_input and not packed:
                    raise UnpackingError("its compressed bytes are cut off")
                data = self._decoder.decompress(packed, len(target))
                if data:
                    target[: len(data)] = data
                    _spend(self._budget, len(data))
                    return len(data)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise UnpackingError(f"its compressed bytes are damaged ({type(error).__name__})") from error
        return 0


class _Zlib:
    """zlib's own object, with the manners of the others."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=47)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not self._decoder.unconsumed_tail

    def decompress(self, packed: bytes, most: int) -> bytes:
        return self._decoder.decompress(packed or self._decoder.unconsumed_tail, most)


def _spend(budget: Budget | None, size: int) -> None:
    if budget is not None:
        budget.left -= size
        if budget.left < 0:
            raise UnpackingError(f"it unpacks to more than {budget.most >> 20} MiB")
