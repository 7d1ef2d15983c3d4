"""The instructions of a pickle, one by one, and the raw bytes between them."""

from __future__ import annotations

import io
import pickletools
from typing import IO, Any

MOST_INSTRUCTIONS = 3_000_000
_MOST_ARGUMENT = 256
"""Bytes of a text or number that is kept: a longer one is no name of a module or a class."""
_MOST_KEPT = 32 << 20
"""Bytes of all of them; what comes later is not known, and a name made of it is not either."""
_PIECE = 1 << 20
_CODES = {each.code.encode("latin-1"): each for each in pickletools.opcodes}
_ENDED = "it ends before its end"

OTHER = object()
"""A value that is of no interest, or was not read."""


class Stopped(Exception):
    """Why a pickle cannot or may not be followed further."""


class Reader:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = MOST_INSTRUCTIONS
        self._kept = 0

    def instruction(self) -> tuple[pickletools.OpcodeInfo, Any]:
        """The next one with its argument: None where it has none, OTHER where that is too long to be a name."""
        code = self._file.read(1)
        if not code:
            raise Stopped(_ENDED)
        known = _CODES.get(code)
        if known is None:
            raise Stopped(f"0x{code.hex()} is no instruction")
        self._left -= 1
        if self._left < 0:
            raise Stopped(f"it has more than {MOST_INSTRUCTIONS:,} instructions")
        return known, self._argument(known.arg)

    def is_instruction(self, byte: bytes) -> bool:
        return byte in _CODES

    def take(self, size: int) -> bytes:
        data = self._file.read(size) if size > 0 else b""
        if len(data) < size:
            raise Stopped(_ENDED)
        return data

    def skip(self, size: int) -> None:
        while size > 0:
            piece = self._file.read(min(size, _PIECE))
            if not piece:
                raise Stopped(_ENDED)
            size -= len(piece)

    def _argument(self, kind: Any) -> Any:
        if kind is None:
            return None
        if kind.name == "stringnl_noescape_pair":
            return self._text_line(), self._text_line()
        if kind.n == pickletools.UP_TO_NEWLINE:
            line = self._line()
            return OTHER if line is None else kind.reader(io.BytesIO(line + b"\n"))
        if kind.n >= 0:
            return kind.reader(io.BytesIO(self.take(kind.n)))
        width = {pickletools.TAKEN_FROM_ARGUMENT1: 1, pickletools.TAKEN_FROM_ARGUMENT8U: 8}.get(kind.n, 4)
        head = self.take(width)
        size = int.from_bytes(head, "little", signed=kind.n == pickletools.TAKEN_FROM_ARGUMENT4)
        if size > _MOST_ARGUMENT or self._kept > _MOST_KEPT:
            self.skip(size)
            return OTHER
        self._kept += size
        return kind.reader(io.BytesIO(head + self.take(size)))

    def _text_line(self) -> Any:
        line = self._line()
        return OTHER if line is None else line.decode()

    def _line(self) -> bytes | None:
        """Without its end; None for one that is too long to be a name."""
        line = self._file.readline(_MOST_ARGUMENT)
        is_short = line.endswith(b"\n") and self._kept <= _MOST_KEPT
        self._kept += len(line)
        while line and not line.endswith(b"\n"):
            line = self._file.readline(_PIECE)
        if not line:
            raise Stopped(_ENDED)
        return line[:-1] if is_short else None
