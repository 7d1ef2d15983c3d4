"""Tar entries as Go's `archive/tar` writes those of `kit`: the same folder gives the same digest.

Unlike Python's tarfile: device numbers are written as zeros, folders have no slash at their end, and the archive ends
with two empty blocks, not with a record of 10 KiB. Owner 1000:0, time 0; images ask for others, and have links.
"""

from __future__ import annotations

from typing import NamedTuple

BLOCK = 512
END = b"\0" * (2 * BLOCK)
_MOST_USTAR = 0o77777777777
MOST_ID = 0o7777777
"""The largest number of a user or a group that a header has room for."""
FILE, LINK, FOLDER, EXTENDED = b"0", b"2", b"5", b"x"


class Stamp(NamedTuple):
    """What a header says about an entry beside its name and mode."""

    owner: int = 1000
    group: int = 0
    seconds: int = 0
    """Since 1970."""


_KIT = Stamp()
_NOBODY = Stamp(owner=0)


def header(path: str, *, mode: int, size: int, is_folder: bool, link: str = "", stamp: Stamp = _KIT) -> bytes:
    """The blocks before an entry's content.

    `path` without a slash at its end; `size` in bytes, 0 of a folder and of a symbolic link, which leads to `link`.
    """
    kind = LINK if link else FOLDER if is_folder else FILE
    extended: dict[str, str] = {}
    prefix, name = "", path
    if not path.isascii() or len(path) > 100:
        split = _split(path) if path.isascii() else None
        if split is not None:
            prefix, name = split
        else:
            extended["path"] = path
    if size > _MOST_USTAR:
        extended["size"] = str(size)
    if not link.isascii() or len(link) > 100:
        extended["linkpath"] = link
    short = _ascii(link)[:100]
    if not extended:
        return _block(name, mode, size, kind, prefix, stamp, link=short)
    records = b"".join(_record(key, extended[key]) for key in sorted(extended))
    folder, _, last = path.rpartition("/")
    before = _ascii(f"{folder}/PaxHeaders.0/{last}" if folder else f"PaxHeaders.0/{last}")[:100].rstrip("/")
    main = (prefix and name) or _ascii(path)[:100]
    return (
        _block(before, 0, len(records), EXTENDED, "", _NOBODY, has_device=False)
        + records
        + padding(len(records))
        + _block(main, mode, 0 if size > _MOST_USTAR else size, kind, prefix, stamp, link=short)
    )


def padding(size: int) -> bytes:
    """After a content of that many bytes."""
    return b"\0" * (-size % BLOCK)


def _split(path: str) -> tuple[str, str] | None:
    at = path[: min(len(path), 156)].rfind("/")
    rest = len(path) - at - 1
    return (path[:at], path[at + 1 :]) if 0 < at <= 155 and 0 < rest <= 100 else None


def _record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode()
    length = len(body) + 1
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def _ascii(text: str) -> str:
    return "".join(letter for letter in text if ord(letter) < 128 and letter != "\0")


def _octal(number: int, width: int) -> bytes:
    return f"{number:0{width - 1}o}".encode() + b"\0"


def _block(
    name: str,
    mode: int,
    size: int,
    kind: bytes,
    prefix: str,
    stamp: Stamp,
    *,
    link: str = "",
    has_device: bool = True,
) -> bytes:
    block = bytearray(BLOCK)
    block[0 : len(name)] = name.encode()
    block[100:108] = _octal(mode, 8)
    block[108:116] = _octal(stamp.owner, 8)
    block[116:124] = _octal(stamp.group, 8)
    block[124:136] = _octal(size, 12)
    block[136:148] = _octal(stamp.seconds, 12)
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[157 : 157 + len(link)] = link.encode()
    block[257:265] = b"ustar\x0000"
    if has_device:
        block[329:345] = _octal(0, 8) * 2
    block[345 : 345 + len(prefix)] = prefix.encode()
    block[148:156] = _octal(sum(block), 7) + b" "
    return bytes(block)
