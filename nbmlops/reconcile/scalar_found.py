"""What a pointer leads to in a text, and what is said where it leads nowhere."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import msgspec

from nbmlops.errors import NotFoundError, UsageError

MOST_CHARACTERS = 1 << 20
_MOST_NAMED = 12


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A scalar: `text[start:end]` is how it is written."""

    value: str | None
    start: int
    end: int
    line: int
    quote: str = ""
    """How it is quoted: a single or a double quote; empty: plain."""
    kind: str = "text"
    """text, number, boolean or null: what its readers take it for."""
    number: int = 0
    """Of the parser's event that it is."""
    blocked: str = ""
    """Why it is not edited."""


def tokens_of(pointer: str) -> tuple[str, ...]:
    """Raises UsageError for what is no RFC 6901 pointer."""
    if pointer and not pointer.startswith("/"):
        raise _malformed(pointer, "it begins with a slash", f"Write it as /{pointer.replace('.', '/')[:80]}")
    if re.search(r"~(?![01])", pointer):
        raise _malformed(pointer, "a ~ is written as ~0, a slash in a name as ~1", "See RFC 6901.")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def written(tokens: Sequence[str]) -> str:
    """The pointer again."""
    return "".join(f"/{token.replace('~', '~0').replace('/', '~1')}" for token in tokens)


def index_of(token: str) -> int | None:
    """The number of an item; None for what is none."""
    return int(token) if re.fullmatch(r"0|[1-9][0-9]{0,8}", token) else None


def refused(place: str, line: int, why: str, hint: str = "") -> UsageError:
    return UsageError(f"{place}:{line}: {why}.", kind="value-refused", hint=hint, place=place, line=line)


def missing(place: str, line: int, tokens: Sequence[str], depth: int, names: Sequence[str]) -> NotFoundError:
    """`names` are those that there are beside the one that is not."""
    above = written(tokens[:depth])
    near = difflib.get_close_matches(tokens[depth], names, n=1)
    known = ", ".join(name[:40] for name in names[:_MOST_NAMED])
    return NotFoundError(
        f"{place}:{line}: there is no {tokens[depth][:80]!r} in {above or 'it'}.",
        kind="value-missing",
        hint=f"Do you mean {above}{written(near)}?" if near else (f"There is: {known}" if known else ""),
        place=place,
        line=line,
    )


def _malformed(pointer: str, why: str, hint: str) -> UsageError:
    return UsageError(f"{pointer[:120]!r} is no JSON pointer: {why}.", kind="pointer-malformed", hint=hint)
