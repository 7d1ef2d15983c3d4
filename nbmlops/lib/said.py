"""What others have said, as it may stand in a line of ours."""

from __future__ import annotations

from nbmlops.lib.redact import MARK, redact

MOST = 300


def in_a_line(text: str, *secrets: str, most: int = MOST) -> str:
    """One line of at most `most` letters that a terminal may show, without secrets and without its full stop."""
    for secret in secrets:
        text = text.replace(secret, MARK) if secret else text
    line = redact(" ".join("".join(letter if letter.isprintable() else " " for letter in text).split()))
    return (line if len(line) <= most else line[:most] + "…").rstrip(". ")
