"""What a registry asks for when it answers 401: the header WWW-Authenticate (RFC 9110, 11.6.1).

>>> parse('Bearer realm="https://auth.example/token",scope="repository:a:pull,push", Basic realm="x"')[0].scheme
'bearer'
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*')
_SCHEME = re.compile(rf"({_TOKEN})(?:\s+|$|(?=,))")


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    scheme: str
    """In lower case."""
    parameters: dict[str, str] = {}
    """Their names in lower case."""


def parse(header: str) -> tuple[Challenge, ...]:
    """All challenges of a header; what cannot be understood ends the list."""
    found: list[Challenge] = []
    place = 0
    while place < len(header):
        if header[place] in ", \t":
            place += 1
        elif found and (match := _PARAMETER.match(header, place)):
            name, quoted, plain = match.groups()
            value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            found[-1].parameters[name.lower()] = value
            place = match.end()
        elif match := _SCHEME.match(header, place):
            found.append(Challenge(scheme=match[1].lower(), parameters={}))
            place = match.end()
        else:
            break
    return tuple(found)


def merged(scopes: Iterable[str]) -> tuple[str, ...]:
    """Scopes `TYPE:NAME:ACTION,ACTION` with one entry per thing, sorted.

    >>> merged(["repository:a:pull", "repository:a:push,pull"])
    ('repository:a:pull,push',)
    """
    actions: dict[str, set[str]] = {}
    for scope in scopes:
        for each in scope.split():
            thing, _, words = each.rpartition(":")
            if thing:
                actions.setdefault(thing, set()).update(words.split(","))
    return tuple(f"{thing}:{','.join(sorted(words))}" for thing, words in sorted(actions.items()))
