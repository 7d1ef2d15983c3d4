"""zstd where it pays: content that does not shrink is recognised by its first chunk and then left alone."""

from __future__ import annotations

import zstandard

RAW, ZSTD = 0, 1
LEVEL = 3
_WORTH_IT = 0.9
_PROBE_EVERY = 64
_LEAST_BYTES = 64


class Compression:
    """Decides chunk by chunk, for one kind of content (one file, or files with one ending). Not for several threads."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=LEVEL)
        self._until_probe = 0

    def pack(self, data: bytes | memoryview) -> tuple[int, bytes | memoryview]:
        """The codec and the bytes to store: the very ones given where zstd does not save a tenth."""
        if self._until_probe:
            self._until_probe -= 1
            return RAW, data
        if len(data) < _LEAST_BYTES:
            return RAW, data
        packed = self._compressor.compress(data)
        if len(packed) < len(data) * _WORTH_IT:
            return ZSTD, packed
        self._until_probe = _PROBE_EVERY
        return RAW, data


def unpack(codec: int, data: bytes, raw_bytes: int) -> bytes:
    """What was packed. Raises ValueError when the bytes are not what that codec writes."""
    if codec == RAW:
        return data
    if codec != ZSTD:
        raise ValueError(f"codec {codec} is not known")
    try:
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=max(raw_bytes, 1))
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error
