"""Content cut where its own bytes say so: an edit in the middle of a file moves only the chunks around it.

    for chunk in cut(reader): ...      # memoryviews of about 64 KiB, each valid until the next buffer is asked for

Where a chunk ends depends on nothing but the bytes since its beginning (FastCDC), so equal stretches of two files give
equal chunks. The sizes below are part of how a store saves room: changing them makes every file new once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from pyfastcdc import FastCDC

WHOLE_BYTES = 64 * 1024
"""Content up to this is one chunk, uncut."""
AVERAGE_BYTES, LEAST_BYTES, MOST_BYTES = 48 * 1024, 16 * 1024, 256 * 1024
BUFFER_BYTES = 4 * 1024 * 1024


class Reader(Protocol):
    def readinto(self, buffer: memoryview, /) -> int | None: ...


def cut(data: bytes | memoryview) -> list[memoryview]:
    """The chunks of content that lies in memory, in order; empty content is one empty chunk."""
    view = memoryview(data)
    if len(view) <= WHOLE_BYTES:
        return [view]
    return [view[chunk.offset : chunk.offset + chunk.length] for chunk in _cutter().cut_buf(view)]


def cut_stream(reader: Reader) -> Iterator[tuple[memoryview, list[memoryview]]]:
    """A stretch of a stream and its chunks, again and again: two buffers of BUFFER_BYTES for any length.

    The views are overwritten when the stretch after the next one is asked for. Empty content is one empty chunk.
    """
    buffer = memoryview(bytearray(BUFFER_BYTES))
    other = memoryview(bytearray(0))
    cutter = _cutter()
    filled = _fill(reader, buffer, 0)
    if filled <= WHOLE_BYTES:
        yield buffer[:filled], [buffer[:filled]]
        return
    while filled:
        is_last = filled < BUFFER_BYTES
        chunks = [buffer[each.offset : each.offset + each.length] for each in cutter.cut_buf(buffer[:filled])]
        # The last chunk ends where the buffer does, not where the content says: it is cut again with what follows.
        rest = b"" if is_last else bytes(chunks.pop())
        yield buffer[: filled - len(rest)], chunks
        if is_last:
            return
        other = other or memoryview(bytearray(BUFFER_BYTES))
        buffer, other = other, buffer
        buffer[: len(rest)] = rest
        filled = _fill(reader, buffer, len(rest))


def _fill(reader: Reader, buffer: memoryview, start: int) -> int:
    """Read until the buffer is full or the stream ends; where the content in it ends."""
    while start < len(buffer):
        count = reader.readinto(buffer[start:])
        if not count:
            break
        start += count
    return start


def _cutter() -> FastCDC:
    return FastCDC(AVERAGE_BYTES, min_size=LEAST_BYTES, max_size=MOST_BYTES)
