"""A scalar of a JSON text, with where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from nbmlops.reconcile.scalar_found import Found, index_of, missing, refused, written

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_skip = json.JSONDecoder().raw_decode


def find(text: str, tokens: Sequence[str], place: str) -> Found:
    _parsed(text, place)
    at = _after_space(text, 0)
    for depth, token in enumerate(tokens):
        children = list(_children(text, at))
        if text[at] == "{":
            same = [start for name, start in children if name == token]
            if len(same) > 1:
                raise refused(place, _line(text, same[1]), f"{written(tokens[: depth + 1])} stands there twice")
        elif text[at] == "[":
            number = index_of(token)
            same = [children[number][1]] if number is not None and number < len(children) else []
        else:
            raise refused(place, _line(text, at), f"{written(tokens[:depth]) or 'it'} is a scalar: nothing is in it")
        if not same:
            raise missing(place, _line(text, at), tokens, depth, [name for name, _ in children])
        at = same[0]
    if text[at] in "{[":
        raise refused(place, _line(text, at), f"{written(tokens) or 'it'} is no scalar")
    value, end = _skip(text, at)
    raw = text[at:end]
    kind = "text" if isinstance(value, str) else {"t": "boolean", "f": "boolean", "n": "null"}.get(raw[0], "number")
    return Found(
        value=value if isinstance(value, str) else None if value is None else raw,
        start=at,
        end=end,
        line=_line(text, at),
        quote='"' if isinstance(value, str) else "",
        kind=kind,
    )


def spelt(found: Found, value: str) -> Iterator[str]:
    if (found.kind == "number" and _NUMBER.fullmatch(value)) or (
        found.kind == "boolean" and value in ("true", "false")
    ):
        yield value
    yield json.dumps(value, ensure_ascii=False)


def _parsed(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise refused(place, error.lineno, f"it is no JSON: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        raise refused(place, 1, "it is no JSON that can be read: too deep, or a number too long") from error


def _children(text: str, at: int) -> Iterator[tuple[str, int]]:
    """Name, or number, of each value of an object or a list, and where it begins. The text is known to be JSON."""
    if text[at] not in "{[":
        return
    is_object, number = text[at] == "{", 0
    at = _after_space(text, at + 1)
    while text[at] not in "}]":
        name = str(number)
        if is_object:
            name, at = _skip(text, at)
            at = _after_space(text, _after_space(text, at) + 1)
        yield name, at
        at = _after_space(text, _skip(text, at)[1])
        if text[at] == ",":
            at = _after_space(text, at + 1)
        number += 1


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
