"""One scalar of a YAML or JSON text, read and set by RFC 6901 pointer; every other byte stays.

    read(text, "/model/version", "deploy/prod.yaml")             # "12"; None for null
    write(text, "/model/version", "13", "deploy/prod.yaml")      # comments, quotes, line ends as they were

Where a YAML text has several documents, a pointer may begin with the number of one, from 0: `/1/model/version`. Without
a number, and where there is one document only, it is of the first.

The quotes of the old value are kept. A plain value that YAML 1.1 or 1.2 takes for something else than what stood there
(`n`, `1e3`, `0o7`, `12:30`, `1.10`) gets quotes.
"""

from __future__ import annotations

from nbmlops.errors import UsageError
from nbmlops.reconcile import pointer_json, pointer_yaml
from nbmlops.reconcile.scalar_found import MOST_CHARACTERS, Found, refused, tokens_of


def read(text: str, pointer: str, place: str) -> str | None:
    """The value as it is written, without its quotes; None for null.

    `place` is the name of the file: it ends in .json where it is JSON, and stands in errors. Raises NotFoundError where
    the pointer leads nowhere, and UsageError, both with the line, for a text that cannot be understood and for a value
    that is no scalar of its own.
    """
    return _find(text, pointer, place).value


def write(text: str, pointer: str, value: str, place: str) -> str:
    """The text with another value there. Raises as `read` does, and UsageError for what is not edited: a value that is
    a block (`|`, `>`), one with an anchor or a tag, or one that an alias stands for as well.
    """
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise UsageError(
            f"{pointer} of {place} cannot be {value[:60]!r}: that is no Unicode text.",
            kind="value-malformed",
            hint="Give it as valid Unicode.",
        )
    found = _find(text, pointer, place)
    if found.blocked:
        raise refused(place, found.line, f"{pointer} cannot be edited: {found.blocked}")
    if found.value == value:
        return text
    is_json = _is_json(place)
    for written in pointer_json.spelt(found, value) if is_json else pointer_yaml.spelt(text, found, value):
        changed = text[: found.start] + written + text[found.end :]
        if is_json or pointer_yaml.is_same_but(text, changed, found, value, place):
            return changed
    raise refused(place, found.line, f"{pointer} cannot be edited without changing something else")


def _find(text: str, pointer: str, place: str) -> Found:
    if len(text) > MOST_CHARACTERS:
        raise refused(place, 1, "it has more than a million characters")
    tokens = tokens_of(pointer)
    return pointer_json.find(text, tokens, place) if _is_json(place) else pointer_yaml.find(text, tokens, place)


def _is_json(place: str) -> bool:
    return place.lower().endswith(".json")
