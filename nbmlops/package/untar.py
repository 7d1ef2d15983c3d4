"""Reading a layer that anybody may have made: nothing but folders and files, each at a path inside, each once.

    for entry in entries(stream):
        entry.path, entry.size
        for piece in entry.pieces: ...

Extended headers are read within a bound; links, devices and sparse files are refused, as is a path that leads out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from nbmlops.errors import IntegrityError
from nbmlops.package.paths import clean
from nbmlops.package.tar import BLOCK

_PIECE = 1 << 20
MACHINERY = frozenset({".git", ".hg", ".svn", ".nbmlops"})
"""Folders in which files decide what programs run and what a project remembers."""
_MOST_EXTENDED = 1 << 20
MOST_ENTRIES = 2_000_000
_RECORD = re.compile(rb"(\d{1,8}) ([^=\n]{1,256})=", re.ASCII)
_LINKS = {b"1": "a hard link", b"2": "a symbolic link", b"3": "a device", b"4": "a device", b"6": "a pipe"}


class Entry(NamedTuple):
    path: str
    is_folder: bool
    mode: int
    size: int
    pieces: Iterator[bytes]
    """To be read before the next entry; what is left of it is skipped."""


def entries(stream: IO[bytes], layer: str) -> Iterator[Entry]:
    """Raises IntegrityError for an archive that is cut short, is none, or holds what no package may hold."""
    extended: dict[str, str] = {}
    count = 0
    while True:
        block = stream.read(BLOCK)
        if not block.strip(b"\0"):
            if len(block) != BLOCK:
                raise _refused(layer, "its archive is cut short")
            return
        _check(block, layer)
        kind, size = block[156:157], _number(block[124:136], layer)
        if kind in (b"x", b"g", b"L"):
            if size > _MOST_EXTENDED:
                raise _refused(layer, "an extended header is too long")
            data = _exactly(stream, size + -size % BLOCK, layer)[:size]
            if kind == b"L":
                extended["path"] = _text(data.rstrip(b"\0"), layer)
            else:
                extended.update(_records(data, layer))
            continue
        count += 1
        if count > MOST_ENTRIES:
            raise _refused(layer, f"it has more than {MOST_ENTRIES} entries")
        name = extended.pop("path", "") or _name(block, layer)
        size = int(extended.pop("size", size))
        if any(key.startswith("GNU.sparse") for key in extended):
            raise _refused(layer, f"{name!r} is a sparse file")
        extended.clear()
        if kind not in (b"0", b"\0", b"5", b"7"):
            raise _refused(layer, f"{name!r} is {_LINKS.get(kind, 'of a kind that no package has')}")
        path = clean(name.rstrip("/") if kind == b"5" else name)
        if path is None or (path == "." and kind != b"5"):
            raise _refused(layer, f"the path {name!r} leads out of the folder")
        if not MACHINERY.isdisjoint(path.lower().split("/")):
            raise _refused(layer, f"{path!r} would change what a program of yours does")
        is_folder = kind == b"5"
        size = 0 if is_folder else size
        body = _body(stream, size, layer)
        yield Entry(path, is_folder, _number(block[100:108], layer) & 0o777, size, body)
        for _ in body:
            pass


def _body(stream: IO[bytes], size: int, layer: str) -> Iterator[bytes]:
    left = size
    while left:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            raise _refused(layer, "its archive is cut short")
        left -= len(piece)
        yield piece
    _exactly(stream, -size % BLOCK, layer)


def _exactly(stream: IO[bytes], size: int, layer: str) -> bytes:
    data = stream.read(size) if size else b""
    if len(data) != size:
        raise _refused(layer, "its archive is cut short")
    return data


def _check(block: bytes, layer: str) -> None:
    if len(block) != BLOCK:
        raise _refused(layer, "its archive is cut short")
    plain = sum(block) - sum(block[148:156]) + 8 * ord(" ")
    if _number(block[148:156], layer) != plain:
        raise _refused(layer, "it is no tar archive, or is damaged")


def _name(block: bytes, layer: str) -> str:
    name = block[:100].partition(b"\0")[0]
    if block[257:263] == b"ustar\0" and (prefix := block[345:500].partition(b"\0")[0]):
        name = prefix + b"/" + name
    return _text(name, layer)


def _number(field: bytes, layer: str) -> int:
    """Octal digits, or GNU's binary form for what is larger."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    text = field.strip(b" \0")
    if not re.fullmatch(rb"[0-7]*", text):
        raise _refused(layer, "it is no tar archive, or is damaged")
    return int(text or b"0", 8)


def _records(data: bytes, layer: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        match = _RECORD.match(data, at)
        end = at + int(match[1]) if match else 0
        if match is None or not match.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            raise _refused(layer, "an extended header is malformed")
        key = match[2].decode("latin-1")
        value = _text(data[match.end() : end - 1], layer)
        if key == "size" and not re.fullmatch(r"\d{1,15}", value):
            raise _refused(layer, "an extended header is malformed")
        found[key] = value
        at = end
    return found


def _text(data: bytes, layer: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _refused(layer, "a name is not UTF-8") from error


def _refused(layer: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"{layer} of the package is refused: {why}.",
        kind="archive-refused",
        hint="Nothing was written.",
        layer=layer,
    )
