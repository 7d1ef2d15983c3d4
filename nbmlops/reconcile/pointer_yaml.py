"""A scalar of a YAML text, with where it stands: by the marks of the parser's events, which need no recursion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from nbmlops.errors import UsageError
from nbmlops.reconcile.scalar_found import Found, index_of, missing, refused, written

_DEEPEST = 100
"""The parser takes long for many brackets."""
_PLAIN = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_./@+:=-]*(?<!:)")
"""What is a text without quotes in each place, if no reader takes it for something else."""
_SPECIAL_1_1 = re.compile(
    r"(?i:y|n|yes|no|on|off|true|false|null)"
    r"|[-+]?0b[01_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?[0-9][0-9_]*"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[-+]?(?:[0-9][0-9_]*)?\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?i:inf|nan)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt].*)?"
)
_SPECIAL_1_2 = re.compile(r"0o[0-7]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,9}")
_BOOLEAN = ("true", "false")
_NULL = ("", "~", "null", "Null", "NULL")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class _Node:
    """A value of the text. An alias has no children."""

    __slots__ = ("children", "event", "number")

    def __init__(self, event: Any, number: int) -> None:
        self.event = event
        self.number = number
        self.children: list[_Node] = []

    @property
    def line(self) -> int:
        return _line(self.event)

    def pairs(self) -> list[tuple[_Node, _Node]]:
        return list(zip(self.children[::2], self.children[1::2], strict=True))


def find(text: str, tokens: Sequence[str], place: str) -> Found:
    events = _events(text, place)
    roots = _roots(events)
    if not roots:
        raise refused(place, 1, "it is empty")
    node, start = roots[0], 0
    if len(roots) > 1 and tokens and (number := index_of(tokens[0])) is not None:
        if number >= len(roots):
            raise missing(place, 1, tokens, 0, [str(each) for each in range(len(roots))])
        node, start = roots[number], 1
    path = [node]
    for depth in range(start, len(tokens)):
        node = _child(node, tokens, depth, place)
        path.append(node)
    event = node.event
    if isinstance(event, yaml.AliasEvent):
        raise refused(place, node.line, f"{written(tokens)} is an alias", f"Point at what &{event.anchor} stands at.")
    if not isinstance(event, yaml.ScalarEvent):
        raise refused(place, node.line, f"{written(tokens) or 'it'} is no scalar")
    start_mark: Any = event.start_mark
    end_mark: Any = event.end_mark
    quote = event.style if event.style in ("'", '"') else ""
    kind = "text" if event.style else _kind(event.value)
    return Found(
        value=None if kind == "null" and not event.tag else event.value,
        start=start_mark.index + text.startswith("\ufeff"),
        end=end_mark.index + text.startswith("\ufeff"),
        line=node.line,
        quote=quote,
        kind=kind,
        number=node.number,
        blocked=_blocked(path, events),
    )


def spelt(text: str, found: Found, value: str) -> Iterator[str]:
    """Ways to write it, the one that is most like the old first."""
    # Of `key:` without a value the place is right behind the colon.
    space = " " if found.start == found.end and not text[: found.start].endswith((" ", "\t")) else ""
    if not found.quote and _may_be_plain(found.kind, value):
        yield space + value
    if found.quote == "'" and all(letter.isprintable() for letter in value):
        yield "'" + value.replace("'", "''") + "'"
    yield space + '"' + "".join(_escaped(letter) for letter in value) + '"'


def is_same_but(text: str, changed: str, found: Found, value: str, place: str) -> bool:
    """Whether the value is all that a reader sees changed."""
    try:
        before, after = _events(text, place), _events(changed, place)
    except UsageError:
        return False
    if len(before) != len(after) or not isinstance(after[found.number], yaml.ScalarEvent):
        return False
    return after[found.number].value == value and all(
        _seen(old) == _seen(new) or number == found.number
        for number, (old, new) in enumerate(zip(before, after, strict=True))
    )


def _child(node: _Node, tokens: Sequence[str], depth: int, place: str) -> _Node:
    token, here = tokens[depth], written(tokens[:depth]) or "it"
    if isinstance(node.event, yaml.AliasEvent):
        raise refused(place, node.line, f"{here} is an alias", f"Point at what &{node.event.anchor} stands at.")
    if isinstance(node.event, yaml.SequenceStartEvent):
        number = index_of(token)
        if number is None or number >= len(node.children):
            raise missing(place, node.line, tokens, depth, [str(each) for each in range(len(node.children))])
        return node.children[number]
    if not isinstance(node.event, yaml.MappingStartEvent):
        raise refused(place, node.line, f"{here} is a scalar: nothing is in it")
    keys = [(key.event.value, key, value) for key, value in node.pairs() if isinstance(key.event, yaml.ScalarEvent)]
    same = [(key, value) for name, key, value in keys if name == token]
    if len(same) > 1:
        raise refused(place, same[1][0].line, f"{written(tokens[: depth + 1])} stands there twice")
    if same:
        return same[0][1]
    merged = [key for name, key, _ in keys if name == "<<" and not key.event.style]
    if merged:
        raise refused(
            place,
            merged[0].line,
            f"{written(tokens[: depth + 1])} may come from what is merged here",
            "Write it where the pointer leads, or point at where it stands.",
        )
    raise missing(place, node.line, tokens, depth, [name for name, _, _ in keys])


def _blocked(path: Sequence[_Node], events: Sequence[Any]) -> str:
    event = path[-1].event
    if event.anchor:
        return f"it has the anchor &{event.anchor}"
    if event.tag:
        return f"it has the tag {event.tag[:60]}"
    if event.style in ("|", ">"):
        return f"it is a block ({event.style})"
    used = {each.anchor for each in events if isinstance(each, yaml.AliasEvent)}
    for node in path[:-1]:
        if node.event.anchor in used:
            return f"it belongs to &{node.event.anchor}, which stands elsewhere as well"
    return ""


def _may_be_plain(kind: str, value: str) -> bool:
    """Whether readers take it without quotes for what stood there, and for nothing else."""
    if kind == "number" and (_INTEGER.fullmatch(value) or _DECIMAL.fullmatch(value)):
        # `1.10` would be 1.1 to them.
        return _INTEGER.fullmatch(value) is not None or repr(float(value)) == value
    if kind == "boolean" and value in _BOOLEAN:
        return True
    return _PLAIN.fullmatch(value) is not None and not _is_special(value)


def _is_special(value: str) -> bool:
    return bool(_SPECIAL_1_1.fullmatch(value) or _SPECIAL_1_2.fullmatch(value)) or value in ("=", "<<")


def _kind(value: str) -> str:
    if value in _NULL:
        return "null"
    if value.lower() in _BOOLEAN:
        return "boolean"
    if _INTEGER.fullmatch(value) or _SPECIAL_1_2.fullmatch(value):
        return "number"
    return "text"


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _events(text: str, place: str) -> list[Any]:
    """Raises UsageError with the line for what is no YAML."""
    events, depth = [], 0
    try:
        for event in yaml.parse(text.removeprefix("\ufeff"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            events.append(event)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise refused(place, _line(event), f"more than {_DEEPEST} things stand in each other")
        return events
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = " ".join(str(error.problem or error.context).split())
        raise refused(place, mark.line + 1 if mark is not None else 1, f"it is no YAML: {why}") from error
    except UsageError:
        raise
    except (yaml.YAMLError, ValueError) as error:
        raise refused(place, 1, f"it is no YAML: {' '.join(str(error).split())[:200]}") from error


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _roots(events: Sequence[Any]) -> list[_Node]:
    roots: list[_Node] = []
    open_: list[_Node] = []
    for number, event in enumerate(events):
        if isinstance(event, yaml.CollectionEndEvent):
            open_.pop()
        elif isinstance(event, yaml.NodeEvent):
            node = _Node(event, number)
            (open_[-1].children if open_ else roots).append(node)
            if isinstance(event, yaml.CollectionStartEvent):
                open_.append(node)
    return roots


def _seen(event: Any) -> tuple[Any, ...]:
    """What a reader sees of it: not where it stands."""
    return (
        type(event),
        *(getattr(event, name, None) for name in ("anchor", "tag", "implicit", "value", "style", "explicit")),
    )
