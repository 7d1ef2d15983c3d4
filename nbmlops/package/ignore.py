"""`.kitignore`: what is never packed, by the rules of `.dockerignore`.

Patterns are seen from the folder that is packed: `*.log` matches there only, `**/*.log` everywhere. A later `!pattern`
takes back. What is in a matched folder is matched. Rules as in moby/patternmatcher.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

NAME = ".kitignore"
_MOST_BYTES = 1 << 20
SYSTEM_FILES = frozenset({".ds_store", "thumbs.db", "desktop.ini", "ehthumbs.db"})
"""Left there by desktops, in any case of letters."""


class Ignored:
    def __init__(self, patterns: tuple[str, ...] = ()) -> None:
        self._rules: list[tuple[re.Pattern[str], bool]] = []
        for line in patterns:
            text = line.strip()
            if not text or line.startswith("#"):
                continue
            is_negated = text.startswith("!")
            text = posixpath.normpath(text[1:].strip() if is_negated else text).lstrip("/")
            if text not in (".", ""):
                self._rules.append((re.compile(_regex(text), re.DOTALL), is_negated))

    @property
    def takes_back(self) -> bool:
        """Whether something inside of a matched folder may stay."""
        return any(is_negated for _, is_negated in self._rules)

    def __call__(self, path: str) -> bool:
        """A path with forward slashes, relative to the folder that is packed."""
        found = False
        for pattern, is_negated in self._rules:
            if found is is_negated and _matches(pattern, path):
                found = not is_negated
        return found


def read_ignored(folder: Path) -> Ignored:
    try:
        with (folder / NAME).open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8-sig", errors="replace")
    except (FileNotFoundError, IsADirectoryError):
        return Ignored()
    return Ignored(tuple(text.splitlines()))


def _matches(pattern: re.Pattern[str], path: str) -> bool:
    parts = path.split("/")
    return any(pattern.fullmatch("/".join(parts[:length])) for length in range(len(parts), 0, -1))


def _regex(pattern: str) -> str:
    found, place = "", 0
    while place < len(pattern):
        letter = pattern[place]
        if pattern.startswith("**", place):
            place += 2
            if pattern.startswith("/", place):
                place += 1
            found += ".*" if place >= len(pattern) else "(?:.*/)?"
            continue
        if letter == "*":
            found += "[^/]*"
        elif letter == "?":
            found += "[^/]"
        elif letter == "\\" and place + 1 < len(pattern):
            place += 1
            found += re.escape(pattern[place])
        elif letter == "[" and (end := pattern.find("]", place + 2)) > 0:
            inner = pattern[place + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            found += f"[{inner}]" if not inner.startswith("!") else f"[\\{inner}]"
            place = end
        else:
            found += re.escape(letter)
        place += 1
    return found
