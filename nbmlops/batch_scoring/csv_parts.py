"""CSV files, cut between rows: one look at all bytes finds their digest, and where parts may begin.

A line end within quotes is none of a row's, as RFC 4180 has it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import IO

import msgspec
from blake3 import blake3

from nbmlops.batch_scoring.inputs import Source, is_url, object_digest, opened
from nbmlops.errors import UsageError
from nbmlops.model.batch_scoring import InputFile

PART_BYTES = 16 << 20
_PIECE = 1 << 20
_BOM = b"\xef\xbb\xbf"
_LONGEST_ROW = 64 << 20

Cuts = list[tuple[int, int]]


class _Seen(msgspec.Struct):
    """How far a file was read."""

    quotes: int = 0
    at: int = 0


def look_at(source: Source, part_rows: int = 0) -> tuple[InputFile, Cuts]:
    """What the file is, and its parts as bytes from and to; the header is in none of them. `part_rows` is met about, by
    the length of the first rows.

    Raises UsageError for a file without a header, and for one that is no text.
    """
    hasher, seen, cuts = blake3(), _Seen(), []
    head, header, start, part_bytes = b"", -1, 0, PART_BYTES
    with opened(source.path) as file:
        for piece in _pieces(file):
            hasher.update(piece)
            if header < 0:
                head += piece
                header = _row_end(head, 0, is_quoted=False)
                if len(head) > _LONGEST_ROW:
                    raise _malformed(source, "its first line does not end")
                start = max(header, 0)
                if header >= 0 and part_rows:
                    part_bytes = _bytes_of(head[header:], part_rows)
            while header >= 0 and (cut := _row_end_from(start + part_bytes, piece, seen)) > 0:
                cuts.append((start, cut))
                start = cut
            seen.quotes += piece.count(b'"')
            seen.at += len(piece)
    if header < 0:
        header = start = len(head)
    if start < seen.at:
        cuts.append((start, seen.at))
    digest = object_digest(source.path) if is_url(source.path) else str(hasher.hexdigest())
    return InputFile(
        path=source.path,
        name=source.name,
        size=seen.at,
        digest=digest,
        columns=_names(head[:header], source),
        has_line_ends=seen.quotes > 0,
    ), cuts


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _bytes_of(rows: bytes, count: int) -> int:
    lines = rows.count(b"\n")
    return max(1, len(rows) * count // lines if lines else PART_BYTES)


def _row_end_from(wanted: int, piece: bytes, seen: _Seen) -> int:
    """One past the first end of a row from there on; 0 where this piece has none."""
    skipped = max(0, wanted - 1 - seen.at)
    if skipped >= len(piece):
        return 0
    is_quoted = bool((seen.quotes + piece.count(b'"', 0, skipped)) % 2)
    found = _row_end(piece, skipped, is_quoted=is_quoted)
    return seen.at + found if found >= 0 else 0


def _row_end(data: bytes, at: int, *, is_quoted: bool) -> int:
    """One past the next line end that is in no quotes; -1 where there is none."""
    while (line_end := data.find(b"\n", at)) >= 0:
        is_quoted ^= bool(data.count(b'"', at, line_end) % 2)
        if not is_quoted:
            return line_end + 1
        at = line_end + 1
    return -1


def _names(head: bytes, source: Source) -> tuple[str, ...]:
    try:
        text = head.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError:
        raise _malformed(source, "it is not in UTF-8") from None
    found = next(csv.reader(io.StringIO(text, newline="")), [])
    if not found:
        raise _malformed(source, "it has no header" if text else "it is empty")
    return tuple(found)


def _malformed(source: Source, why: str) -> UsageError:
    return UsageError(
        f"{source.name} is no CSV file with a header: {why}.", kind="input-malformed", hint="Look at its first line."
    )
