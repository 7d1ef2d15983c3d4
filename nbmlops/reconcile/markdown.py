"""Texts from outside in Markdown that others render: they stay texts.

No link, image, HTML, mention (`@team`), reference (`#12`, `!3`) or command (`/merge` at the start of a line) comes of
them, and no block ends early. Source: CommonMark 0.31; how GitHub and GitLab link.
"""

from __future__ import annotations

import re
import unicodedata

from nbmlops.lib.redact import redact

_BREAK = "&#8203;"
"""A space of no width, where a forge would see a name or a number otherwise."""
_MOST_OF_A_LINE = 10_000
_PUNCTUATION = re.compile(r"([\\`*_\[\]|~$])")
_LINKED = re.compile(r"(?i)(@|#|!(?=\d)|%(?=\w)|://|\bgh-(?=\d)|\bwww\.|\bmailto:)")


def line(text: str, most: int = 300) -> str:
    """A text in a line of Markdown that begins with something else."""
    text = _cut(plain(text), most)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LINKED.sub(rf"\1{_BREAK}", _PUNCTUATION.sub(r"\\\1", text))


def code(text: str, most: int = 200) -> str:
    """A text as a span of code."""
    text = _cut(plain(text), most)
    if not text:
        return "nothing"
    ticks = "`" * (_longest_run(text) + 1)
    space = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def block(text: str, kind: str = "", *, most: int = 20_000, most_lines: int = 400) -> str:
    """Several lines as a block of code; what is left out of long ones is said."""
    # GitLab takes three backticks for the end of any block, and would then see commands.
    lines = [
        re.sub(r"^(?=\s*/)", "\u200b", _seen(each, keep="\t").rstrip())
        for each in redact(text).replace("\r\n", "\n").split("\n")
    ]
    while lines and not lines[-1]:
        lines.pop()
    kept, size = [], 0
    for each in lines[:most_lines]:
        size += len(each) + 1
        if size > most:
            break
        kept.append(each)
    if len(kept) < len(lines):
        kept.append(f"... {len(lines) - len(kept)} more lines")
    inside = "\n".join(kept)
    fence = "`" * max(3, _longest_run(inside) + 1)
    return f"{fence}{kind}\n{inside}\n{fence}"


def table(text: str, *, most_rows: int = 60) -> str:
    """A table that is Markdown already, with bold and code in its cells; anything else becomes a block of code."""
    rows = [_seen(each).strip() for each in redact(text).strip().splitlines()]
    if len(rows) < 2 or not all(row.startswith("|") for row in rows) or not re.fullmatch(r"[|:\- ]+", rows[1]):
        return block(text)
    left = len(rows) - 2 - most_rows
    tail = [f"\n... {left} more rows"] if left > 0 else []
    kept = [_LINKED.sub(rf"\1{_BREAK}", _tame(_cut(row, 2000))) for row in rows[: most_rows + 2]]
    return "\n".join([*kept, *tail])


def plain(text: str) -> str:
    """In one line, without secrets, and without letters that would turn or hide others."""
    return " ".join(_seen(redact(text[:_MOST_OF_A_LINE])).split())


def _tame(row: str) -> str:
    return row.replace("<", "&lt;").replace(">", "&gt;").replace("[", "&#91;")


def _seen(text: str, keep: str = "") -> str:
    return "".join(
        letter if letter in keep or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else " "
        for letter in text
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
