"""BLAKE3 digests of bytes and files, as 64 lower-case hexadecimal characters."""

from __future__ import annotations

from pathlib import Path

from blake3 import blake3

CHUNK_BYTES = 1 << 20
SHORT = 12


def digest_bytes(data: bytes) -> str:
    return str(blake3(data).hexdigest())


def digest_file(path: Path) -> str:
    """Digest of a file's content, read in 1 MiB pieces: memory does not grow with the file."""
    hasher = blake3()
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            hasher.update(piece)
    return str(hasher.hexdigest())


def short(digest: str) -> str:
    """The form people see and type."""
    return digest[:SHORT]
