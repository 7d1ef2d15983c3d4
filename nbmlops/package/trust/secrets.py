"""Secrets that would be packed by mistake: tokens, keys and passwords in files, and files that are nothing else.

    found = scan([("notebook.ipynb", Path("notebook.ipynb"))])
    found.secrets[0]     # notebook.ipynb:12  AWS access key  `key = "[redacted]"`

Few false alarms come first: a shape counts where hardly anything else has it. No finding shows what it found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import msgspec

from nbmlops.errors import ExternalError
from nbmlops.lib.redact import MARK, redact
from nbmlops.package.trust.secret_rules import RULES, Match, Rule, is_code, of_name

MOST_TEXT_BYTES = 256 << 20
"""Of one file; the rest of a longer one is not looked at, and the answer says so."""
MOST_BINARY_BYTES = 1 << 20
"""Files without text are looked at up to this size: settings and small databases, not weights."""
_MOST_FOUND = 100
_PIECE = 1 << 20
_OVERLAP = 8 << 10
"""Longer than any shape: what lies across two pieces is whole in one of them."""
_SNIFFED = 8 << 10
_BEFORE = 40
_ACCOUNT = b"service_account"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    line: int
    """From 1; 0 where the file as a whole is meant."""
    kind: str
    excerpt: str = ""
    """What stands before it in its line, and a mark instead of it."""


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    secrets: tuple[Secret, ...] = ()
    partly: tuple[str, ...] = ()
    """Paths of files that were not read to their end."""


def scan(files: Iterable[tuple[str, Path]]) -> Scan:
    """Each file with the path that it will have in the package. Raises ExternalError for one that cannot be read."""
    secrets: list[Secret] = []
    partly: list[str] = []
    for name, path in files:
        try:
            with path.open("rb") as file:
                found = scan_stream(name, file)
        except OSError as error:
            raise ExternalError(
                f"{path} cannot be read: {error.strerror}.", kind="file-unreadable", path=str(path)
            ) from error
        secrets += found.secrets
        partly += found.partly
    return Scan(secrets=tuple(secrets), partly=tuple(partly))


def scan_stream(path: str, file: IO[bytes]) -> Scan:
    """One file, read from where it is in pieces of a MiB. `path` has forward slashes."""
    if kind := of_name(path):
        return Scan(secrets=(Secret(path=path, line=0, kind=kind),))
    head = file.read(_SNIFFED)
    is_wide = head.startswith(_UTF_16)
    is_text = is_wide or b"\0" not in head
    most = MOST_TEXT_BYTES if is_text else MOST_BINARY_BYTES
    rules = [rule for rule in RULES if (is_text and is_code(path)) or not rule.in_code_only]
    secrets: list[Secret] = []
    line, size, kept = 1, 0, b""
    piece = head + file.read(_PIECE)
    while piece:
        size += len(piece)
        following = file.read(_PIECE) if size <= most else b""
        if size > most and not is_text:
            return Scan()
        # A letter of UTF-16 that a token may have is one of ASCII and a zero.
        buffer = kept + (piece.replace(b"\0", b"") if is_wide else piece)
        end = len(buffer) if not following else max(len(buffer) - _OVERLAP, 0)
        for match, rule in _matches(buffer, rules):
            if match.start() < end and len(secrets) < _MOST_FOUND:
                secrets.append(_secret(path, line, buffer, match, rule))
        line += buffer.count(b"\n", 0, end)
        kept = buffer[end:]
        piece = following
    secrets.sort(key=lambda each: each.line)
    return Scan(secrets=tuple(secrets), partly=(path,) if is_text and size > most else ())


def _matches(buffer: bytes, rules: list[Rule]) -> Iterator[tuple[Match, Rule]]:
    """What is part of an earlier finding is none of its own."""
    lower = buffer.lower()
    taken: list[tuple[int, int]] = []
    for rule in rules:
        if not any(mark in lower for mark in rule.marks):
            continue
        for match in rule.shape.finditer(buffer):
            start, end = match.span("secret")
            if any(start < there_end and there < end for there, there_end in taken) or not rule.holds(match):
                continue
            taken.append((start, end))
            yield match, rule


def _secret(path: str, line: int, buffer: bytes, match: Match, rule: Rule) -> Secret:
    start = match.start("secret")
    begin = max(buffer.rfind(b"\n", 0, start) + 1, start - 4 * _BEFORE)
    before = redact(_blanked(buffer[begin:start]).decode("utf-8", "replace"))
    is_account = rule.kind == "private key" and _ACCOUNT in buffer[max(0, start - 2000) : start + 4000]
    return Secret(
        path=path,
        line=line + buffer.count(b"\n", 0, match.start()),
        kind="Google service account" if is_account else rule.kind,
        excerpt="".join(letter if letter.isprintable() else " " for letter in before).strip()[-_BEFORE:] + MARK,
    )


def _blanked(text: bytes) -> bytes:
    """Without the other secrets of its line, also where the line was cut in the middle of one."""
    for rule in RULES:
        text = rule.shape.sub(MARK.encode(), text)
    return re.sub(rb"^[^\s\"'=:]{20,}", MARK.encode(), text)
