"""YAML as go-yaml v3 reads it, which is how `kit` reads a Kitfile; every value knows its line.

    node = compose(text)
    plain(node)             # {"alpha": 1200.0, "yes_word": "yes"}

PyYAML reads YAML 1.1 (`yes` is true there, `1.2e3` a text), so nodes come from ruamel.yaml and scalars are resolved
here. Aliases are followed, within a bound: a few lines can stand for millions of values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nbmlops.errors import UsageError

MOST_BYTES = 4 << 20
MOST_VALUES = 100_000
DEEPEST = 100
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INT = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ](\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,9})?(?:(Z)|([-+])(\d\d):(\d\d))?)?"
)
_TAG = "tag:yaml.org,2002:"


class At:
    """Where errors are said to be: a file and its lines."""

    def __init__(self, place: str) -> None:
        self.place = place

    def refuse(self, node: Node | None, what: str, hint: str = "") -> UsageError:
        line = node.start_mark.line + 1 if node is not None else 1
        return UsageError(
            f"{self.place}, line {line}: {what}.", kind="kitfile-invalid", hint=hint, place=self.place, line=line
        )


def compose(data: bytes, at: At) -> Node | None:
    """The tree of one document; None for an empty one. Raises UsageError with the line of what is no YAML."""
    if len(data) > MOST_BYTES:
        raise at.refuse(None, f"it is larger than {MOST_BYTES >> 20} MiB")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise at.refuse(None, "it is not UTF-8 text") from error
    try:
        node: Node | None = YAML(typ="rt").compose(text)
        return node
    except (YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it nests too deeply"
        line = mark.line + 1 if mark is not None else 1
        raise UsageError(
            f"{at.place}, line {line}: {' '.join(str(problem).split())}.",
            kind="kitfile-invalid",
            hint="Correct the YAML.",
            place=at.place,
            line=line,
        ) from error


class Reader:
    """Turns nodes into values, counting them."""

    def __init__(self, at: At) -> None:
        self.at = at
        self._left = MOST_VALUES

    def pairs(self, node: Node, *, depth: int = 0) -> Iterator[tuple[str, Node, Node]]:
        """Key, its node and the value's, merged ones (`<<`) first; each key once."""
        if not isinstance(node, MappingNode):
            raise self.at.refuse(node, "a mapping belongs here", "Write it as `key: value`.")
        own: dict[str, tuple[Node, Node]] = {}
        merged: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            self._count(key, depth)
            if not isinstance(key, ScalarNode) or not isinstance(self.scalar(key), str):
                raise self.at.refuse(key, "a key must be text", "Put it in quotes.")
            if key.value == "<<" and key.style is None:
                for each in value.value if isinstance(value, SequenceNode) else [value]:
                    for name, name_node, found in self.pairs(each, depth=depth + 1):
                        merged.setdefault(name, (name_node, found))
            elif key.value in own:
                raise self.at.refuse(key, f"{key.value} stands here twice", "Remove one of them.")
            else:
                own[key.value] = (key, value)
        for name, (name_node, found) in {**merged, **own}.items():
            yield name, name_node, found

    def items(self, node: Node) -> list[Node]:
        if isinstance(node, ScalarNode) and self.scalar(node) is None:
            return []
        if not isinstance(node, SequenceNode):
            raise self.at.refuse(node, "a list belongs here", "Begin each of its items with `- `.")
        return list(node.value)

    def text(self, node: Node) -> str:
        """As written, whatever it could be taken for; empty for null."""
        self._count(node, 0)
        if not isinstance(node, ScalarNode):
            raise self.at.refuse(node, "a text belongs here")
        return "" if self.scalar(node) is None else str(node.value)

    def any(self, node: Node, *, depth: int = 0) -> Any:
        """A value of any shape, as JSON has it."""
        self._count(node, depth)
        if isinstance(node, MappingNode):
            return {key: self.any(value, depth=depth + 1) for key, _, value in self.pairs(node, depth=depth)}
        if isinstance(node, SequenceNode):
            return [self.any(each, depth=depth + 1) for each in node.value]
        assert isinstance(node, ScalarNode)
        return self.scalar(node)

    def scalar(self, node: ScalarNode) -> Any:
        tag = str(node.tag or "").removeprefix(_TAG)
        text = str(node.value)
        is_given = isinstance(node.tag, str) and node.style is not None
        if (node.style is not None and tag not in ("int", "float", "bool", "null")) or (tag == "str" and is_given):
            return text
        found = resolved(text)
        if (isinstance(found, float) and found != found) or found in (float("inf"), float("-inf")):
            raise self.at.refuse(node, f"{text} is no number that JSON has", "Put it in quotes.")
        return found

    def _count(self, node: Node, depth: int) -> None:
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            raise self.at.refuse(node, "it stands for too many values", "Do not nest aliases in aliases.")


def resolved(text: str) -> Any:
    """What an unquoted scalar stands for."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text.lower() in ("true", "false") and text in (text.lower(), text.title(), text.upper()):
        return text.lower() == "true"
    if text.lower() in (".nan", ".inf", "+.inf", "-.inf"):
        return float(text.replace(".", ""))
    first = text[0]
    if first in "0123456789" and (date := _DATE.fullmatch(text)):
        return _timestamp(date) or text
    if first in "+-.0123456789":
        digits = text.replace("_", "")
        if _INT.fullmatch(digits):
            return _integer(digits)
        if _FLOAT.fullmatch(digits):
            return float(digits)
    return text


def _integer(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").lower()
    base = 10
    if digits.startswith(("0x", "0b")):
        base = 16 if digits[1] == "x" else 2
    elif len(digits) > 1 and digits.startswith("0"):
        digits, base = digits.replace("o", "", 1), 8
    return sign * int(digits, base)


def _timestamp(match: re.Match[str]) -> str:
    """As Go writes such a time; empty where there is no such day or hour."""
    year, month, day, hour, minute, second, fraction, _, sign, east, past = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31) or (hour and int(hour) > 23):
        return ""
    parts = f"{int(hour or 0):02}:{int(minute or 0):02}:{int(second or 0):02}"
    rest = (fraction or "").rstrip("0").rstrip(".")
    zone = f"{sign}{east}:{past}" if sign and (east, past) != ("00", "00") else "Z"
    return f"{year}-{int(month):02}-{int(day):02}T{parts}{rest}{zone}"
