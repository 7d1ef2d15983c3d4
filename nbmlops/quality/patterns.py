"""Regular expressions of contracts, matched by RE2 (in Arrow): its time grows with the length of a text, whatever the
pattern, where Python's own may take years for thirty characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LONGEST = 1000
"""Characters of a pattern."""


def problem(pattern: str) -> str:
    """Why it is none; empty where it is one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pattern or len(pattern) > LONGEST:
        return f"a pattern has from 1 to {LONGEST} characters"
    try:
        pc.match_substring_regex(pa.array([""]), _whole(pattern))
    except (pa.ArrowException, ValueError) as error:
        why = str(error).partition("Invalid regular expression: ")[2] or str(error)
        return f"the pattern is none that RE2 takes: {' '.join(why.split())[:150]}"
    return ""


def matches(texts: Sequence[str | None], pattern: str) -> Any:
    """For each text whether all of it matches, as an array of bool; what is missing does not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        array = pa.array(texts, pa.large_string())
    except (pa.ArrowException, UnicodeError, TypeError):  # halves of characters, and what is no text
        array = pa.array([_plain(each) for each in texts], pa.large_string())
    found = pc.match_substring_regex(array, _whole(pattern))
    return pc.fill_null(found, False).to_numpy(zero_copy_only=False)


def _plain(text: object) -> str | None:
    return text.encode("utf-8", "replace").decode() if isinstance(text, str) else None


def _whole(pattern: str) -> str:
    return rf"\A(?:{pattern})\z"
