"""What a result looks like, said once: a page is a few blocks, which terminal.py and html.py draw."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec


class Tone(StrEnum):
    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    DIM = "dim"
    STRONG = "strong"


class Cell(msgspec.Struct, frozen=True):
    text: str
    tone: Tone = Tone.PLAIN


class Line(msgspec.Struct, frozen=True):
    text: str
    tone: Tone = Tone.PLAIN


class Fields(msgspec.Struct, frozen=True):
    """Names and values, one a line."""

    rows: tuple[tuple[str, Cell], ...]
    title: str = ""


class Table(msgspec.Struct, frozen=True):
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    numeric: frozenset[int] = frozenset()
    """Columns set flush right."""
    optional: frozenset[int] = frozenset()
    """Columns that a narrow terminal may leave out, the last ones first."""


class Source(msgspec.Struct, frozen=True):
    """Code or other text shown as it is."""

    text: str
    title: str = ""


Block = Line | Fields | Table | Source
Page = tuple[Block, ...]


def cell(value: object, tone: Tone = Tone.PLAIN) -> Cell:
    return value if isinstance(value, Cell) else Cell(shown(value), tone)


def shown(value: object) -> str:
    """A value as people read it: six significant digits, no trailing zeros."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def fields(rows: Sequence[tuple[str, object]], title: str = "") -> Fields:
    """Rows whose value is empty are left out."""
    kept = tuple((name, cell(value)) for name, value in rows if value not in (None, "", (), {}))
    return Fields(rows=kept, title=title)


def indent(text: str) -> int:
    """How many spaces a single line begins with: what does not fit into it goes on below them."""
    return len(text) - len(text.lstrip(" ")) if "\n" not in text else 0


def many(count: int, noun: str) -> str:
    """A count with its noun: `1 file`, `2 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def place(path: str) -> str:
    """A path as the reader would type it: relative when it lies below where they stand."""
    here, there = Path.cwd(), Path(path)
    return str(there.relative_to(here)) if there != here and there.is_relative_to(here) else path


def size(count: int | None) -> str:
    """Bytes as people read them."""
    if count is None:
        return ""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < (1000 if unit == "B" else 999.95) or unit == "TB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""


def seconds(amount: float | None) -> str:
    if amount is None:
        return ""
    if amount < 0.0995:
        return f"{amount * 1000:.0f} ms"
    if amount < 59.95:
        return f"{amount:.1f} s"
    minutes, rest = divmod(round(amount), 60)
    return f"{minutes} min {rest:02} s"


def ago(moment: object, now: object) -> str:
    """How long ago, in the largest fitting unit."""
    from datetime import datetime

    if not isinstance(moment, datetime) or not isinstance(now, datetime):
        return ""
    passed = (now - moment).total_seconds()
    for limit, unit, name in (
        (90, 1, "s"),
        (5400, 60, "min"),
        (129_600, 3600, "h"),
        (float("inf"), 86_400, "d"),
    ):
        if passed < limit:
            return f"{max(0, passed / unit):.0f} {name} ago"
    return ""
