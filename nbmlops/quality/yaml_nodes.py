"""YAML read with the line of each value, and refused by line.

Nodes, not values: a word stays the word that was written (`no` is a category as good as any), and a hundred thousand
columns are read in seconds.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from typing import Any

import yaml

from nbmlops.errors import UsageError

_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})
_MOST_NEAR = 5000
_DEEPEST = 20
_INTEGER = re.compile(r"[-+]?\d{1,30}")


class Node:
    """One value of a file: a text, a list of nodes, or a mapping of pairs of them."""

    __slots__ = ("line", "place", "value")

    def __init__(self, place: str, line: int, value: str | list[Node] | list[tuple[Node, Node]] | None = None) -> None:
        self.place = place
        self.line = line
        self.value: Any = value

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, _Pairs)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, list) and not self.is_mapping

    def refused(self, why: str) -> UsageError:
        return refused(self.place, self.line, why)

    def pairs(self, what: str, known: Sequence[str] = ()) -> list[tuple[str, Node, Node]]:
        """Key, its node and the value's. Raises UsageError for what is no mapping, a key given twice, and one that is
        not `known`.
        """
        if not self.is_mapping:
            raise self.refused(f"{what} is a mapping")
        found: dict[str, tuple[str, Node, Node]] = {}
        for key, value in self.value:
            name = key.text("a key")
            if name in found:
                raise key.refused(f"{name[:60]!r} stands there twice")
            if known and name not in known:
                raise unknown(self.place, key.line, f"word for {what}", name, known)
            found[name] = (name, key, value)
        return list(found.values())

    def items(self, what: str) -> list[Node]:
        if not self.is_list:
            raise self.refused(f"{what} is a list")
        found: list[Node] = self.value
        return found

    def text(self, what: str) -> str:
        if not isinstance(self.value, str):
            raise self.refused(f"{what} is text")
        return self.value

    def boolean(self, what: str) -> bool:
        word = self.value.lower() if isinstance(self.value, str) else ""
        if word not in _TRUE | _FALSE:
            raise self.refused(f"{what} is true or false")
        return word in _TRUE

    def number(self, what: str) -> int | float:
        text = self.value if isinstance(self.value, str) else ""
        if _INTEGER.fullmatch(text):
            return int(text)
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not math.isfinite(found):
            raise self.refused(f"{what} is a number")
        return found

    def whole(self, what: str) -> int:
        found = self.number(what)
        if found != int(found) or found < 0:
            raise self.refused(f"{what} is a number of them, from 0 on")
        return int(found)

    def share(self, what: str) -> float:
        found = float(self.number(what))
        if not 0 <= found <= 1:
            raise self.refused(f"{what} is a share, from 0 to 1")
        return found


def parsed(text: str, place: str) -> Node:
    """Raises UsageError with the line for what is no YAML."""
    try:
        node = _composed(text, place)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = " ".join(str(error.problem or error.context).split())
        raise refused(place, mark.line + 1 if mark is not None else 1, f"it is no YAML: {why}") from error
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise refused(place, 1, f"it is no YAML: {' '.join(str(error).split())[:200]}") from error
    if node is None:
        raise refused(place, 1, "it is empty")
    return node


def _composed(text: str, place: str) -> Node | None:
    """From the parser's events, without recursion: PyYAML's own way dies of many brackets."""
    open_: list[Node] = []
    root: Node | None = None
    anchors: dict[str, Node] = {}
    keys: list[Node | None] = []
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionEndEvent):
            open_.pop()
            keys.pop()
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if isinstance(event, yaml.AliasEvent):
            anchor = str(event.anchor)
            if anchor not in anchors:
                raise refused(place, line, f"it is no YAML: nothing is called &{anchor[:60]}")
            node = anchors[anchor]
        elif isinstance(event, yaml.ScalarEvent):
            node = Node(place, line, event.value)
        else:
            node = Node(place, line, _Pairs() if isinstance(event, yaml.MappingStartEvent) else [])
        if not open_:
            if root is not None:
                raise refused(place, line, "it is no YAML: a second document begins")
            root = node
        elif not open_[-1].is_mapping:
            open_[-1].value.append(node)
        elif keys[-1] is None:
            keys[-1] = node
        else:
            open_[-1].value.append((keys[-1], node))
            keys[-1] = None
        if isinstance(event, yaml.CollectionStartEvent):
            open_.append(node)
            keys.append(None)
            if len(open_) > _DEEPEST:
                raise refused(place, line, f"it is no YAML of a contract: more than {_DEEPEST} brackets in each other")
        if event.anchor and not isinstance(event, yaml.AliasEvent):
            anchors[event.anchor] = node
    return root


class _Pairs(list[Any]):
    """Of a mapping."""


def near(name: str, known: Sequence[str]) -> str:
    """The name that was probably meant; empty where none is like it."""
    folded = {_folded(each): each for each in known}
    if _folded(name) in folded:
        return folded[_folded(name)]
    close = difflib.get_close_matches(name, known, n=1) if len(known) <= _MOST_NEAR else []
    return close[0] if close else ""


def unknown(place: str, line: int, what: str, name: str, known: Sequence[str]) -> UsageError:
    close = near(name, known)
    return refused(
        place,
        line,
        f"there is no {what} {name[:60]!r}; {f'do you mean {close}?' if close else f'there are {_named(known)}'}",
    )


def refused(place: str, line: int, why: str) -> UsageError:
    return UsageError(
        f"{place}:{line}: {re.sub(r'[.]$', '', why)}{'' if why.endswith('?') else '.'}",
        kind="contract-malformed",
        place=place,
        line=line,
    )


def _named(names: Sequence[str], most: int = 30) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
