"""Where a key of a TOML document stands, for messages."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEAD = re.compile(r"\s*\[\[?\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def line_of(text: str, path: Sequence[str]) -> int:
    """From 1; of the nearest table around it where it stands in no line of its own, 0 where there is none."""
    wanted = tuple(path)
    table: tuple[str, ...] = ()
    found: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if (head := _HEAD.match(line)) is not None and "=" not in line.partition("]")[0]:
            table = _parts(head[1])
            found.setdefault(table, number)
        elif (key := _KEY.match(line)) is not None:
            found.setdefault((*table, *_parts(key[1])), number)
    while wanted:
        if wanted in found:
            return found[wanted]
        wanted = wanted[:-1]
    return 0


def _parts(name: str) -> tuple[str, ...]:
    return tuple(each.strip("\"'") for each in _PART.findall(name))
