"""What a value of a document has to be: each shape reads one, refuses it with its line, and gives its JSON Schema.

Both come from one table (`documents.py`), so that an editor that checks the schema and nbmlops say the same.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from nbmlops.errors import UsageError
from nbmlops.lib.durations import seconds_of

_LONGEST_TEXT = 2000
_DEEPEST, _MOST_VALUES = 8, 1000
_OUTERMOST = ("a reconciler", "spec")
_DURATION = (
    r"[ \t]*([0-9]{1,12}(\.[0-9]{1,9})?[ \t]*|([ \t]*[0-9]{1,12}(\.[0-9]{1,9})?[ \t]*(ms|sec|s|min|m|h|d|w))+[ \t]*)"
)


class At(msgspec.Struct, frozen=True):
    """Where a value stands."""

    place: str
    line: int
    what: str

    def inner(self, holder: Any, key: Any, what: str = "") -> At:
        around = self.what.partition(" of ")[0]
        return At(
            self.place,
            line_of(holder, key, self.line),
            what or (f"{key}" if around in _OUTERMOST else f"{str(key)[:60]} of {around}"),
        )

    def refused(self, why: str) -> UsageError:
        said = re.sub(r"[.]$", "", why) + ("" if why.endswith("?") else ".")
        return UsageError(
            f"{self.place}:{self.line}: {said}", kind="reconciler-malformed", place=self.place, line=self.line
        )


class Shape(Protocol):
    def read(self, value: Any, at: At) -> Any:
        """Raises UsageError."""

    def schema(self) -> dict[str, Any]: ...


def line_of(holder: Any, key: Any, other: int) -> int:
    """Of a key or an item; what came in by an anchor has no line of its own."""
    try:
        marks: Any = holder.lc
        return int((marks.item(key) if isinstance(holder, list) else marks.key(key))[0]) + 1
    except (AttributeError, KeyError, IndexError, TypeError):
        return other


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """`pattern` has to match all of it; `check` refuses, with a ValueError, what no pattern can tell."""

    what: str = "text"
    pattern: str = ""
    most: int = _LONGEST_TEXT
    or_empty: bool = False
    check: Callable[[str], object] | None = None

    def read(self, value: Any, at: At) -> str:
        if not isinstance(value, str) or len(value) > self.most or not (value or self.or_empty):
            raise at.refused(f"{at.what} is {self.what}")
        if not value:
            return ""
        if self.pattern and not re.search(_whole(self.pattern), value):
            raise at.refused(f"{at.what} is {self.what}, not {value[:60]!r}")
        if self.check is not None:
            try:
                self.check(value)
            except ValueError as error:
                raise at.refused(f"{at.what}: {error}") from None
        return str(value)

    def schema(self) -> dict[str, Any]:
        pattern = {"pattern": _whole(self.pattern)} if self.pattern else {}
        made = {"type": "string", "minLength": 1, "maxLength": self.most, **pattern}
        return {"anyOf": [{"const": ""}, made]} if self.or_empty else made


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    words: tuple[str, ...]

    def read(self, value: Any, at: At) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise at.refused(f"{at.what} is {' or '.join(self.words)}{near(value, self.words)}")
        return str(value)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    only: bool | None = None

    def read(self, value: Any, at: At) -> bool:
        if not is_flag(value) or (self.only is not None and bool(value) is not self.only):
            words = "true or false" if self.only is None else str(self.only).lower()
            raise at.refused(f"{at.what} is {words}")
        return bool(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"} if self.only is None else {"const": self.only}


class Number(msgspec.Struct, frozen=True, kw_only=True):
    least: float = -1e15
    most: float = 1e15
    is_whole: bool = False

    def read(self, value: Any, at: At) -> float | int:
        is_number = isinstance(value, int | float) and not is_flag(value) and math.isfinite(value)
        if not is_number or (self.is_whole and value != int(value)) or not self.least <= value <= self.most:
            kind = "a whole number" if self.is_whole else "a number"
            raise at.refused(f"{at.what} is {kind}{self._bounds()}")
        return int(value) if self.is_whole else float(value)

    def _bounds(self) -> str:
        if self.most < 1e15:
            return f" from {self.least:g} to {self.most:g}"
        return f" from {self.least:g} on" if self.least > -1e15 else ""

    def schema(self) -> dict[str, Any]:
        return {"type": "integer" if self.is_whole else "number", "minimum": self.least, "maximum": self.most}


class Duration(msgspec.Struct, frozen=True, kw_only=True):
    """`10m`; a number is of seconds."""

    least: float = 0.0

    def read(self, value: Any, at: At) -> float:
        found = -1.0
        if isinstance(value, str) and len(value) <= _LONGEST_TEXT and re.search(_whole(_DURATION), value):
            try:
                found = seconds_of(value)
            except ValueError:
                raise at.refused(f"{at.what} is longer than ten years") from None
        elif isinstance(value, int | float) and not is_flag(value) and math.isfinite(value) and value <= 316_224_000:
            found = float(value)
        if found < 0:
            raise at.refused(f"{at.what} is a duration such as 10m or 24h")
        if found < self.least:
            raise at.refused(f"{at.what} is {self.least:g} s or longer")
        return found

    def schema(self) -> dict[str, Any]:
        number = {"type": "number", "minimum": self.least, "maximum": 316_224_000}
        return {"anyOf": [number, {"type": "string", "maxLength": _LONGEST_TEXT, "pattern": _whole(_DURATION)}]}


class Many(msgspec.Struct, frozen=True, kw_only=True):
    """A list. `or_one`: a single one may stand there without brackets."""

    of: Shape
    least: int = 0
    most: int = 100
    or_one: bool = False

    def read(self, value: Any, at: At) -> tuple[Any, ...]:
        if not isinstance(value, list):
            if self.or_one:
                return (self.of.read(value, at),)
            raise at.refused(f"{at.what} is a list")
        if not self.least <= len(value) <= self.most:
            raise at.refused(f"{at.what} has {self.least} to {self.most} entries")
        return tuple(self.of.read(each, at.inner(value, place, at.what)) for place, each in enumerate(value))

    def schema(self) -> dict[str, Any]:
        found = {"type": "array", "items": self.of.schema(), "minItems": self.least, "maxItems": self.most}
        return {"anyOf": [found, self.of.schema()]} if self.or_one else found


class Either(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping where a mapping stands; else the other."""

    mapping: Shape
    other: Shape

    def read(self, value: Any, at: At) -> Any:
        return (self.mapping if isinstance(value, Mapping) else self.other).read(value, at)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [self.mapping.schema(), self.other.schema()]}


class Field(msgspec.Struct, frozen=True):
    shape: Shape
    needed: bool = False


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping with these fields. `exactly_one`: of these words, one has to be there."""

    table: dict[str, Field]
    exactly_one: tuple[str, ...] = ()
    least: int = 0
    word: str = "field"

    def read(self, value: Any, at: At) -> dict[str, Any]:
        found = {}
        for name, each, inner in pairs(value, at):
            if name not in self.table:
                raise unknown(inner, self.word, name, tuple(self.table))
            found[name] = self.table[name].shape.read(each, inner)
        for name, field in self.table.items():
            if field.needed and name not in found:
                raise at.refused(f"{at.what} says no {name}")
        if self.exactly_one and sum(1 for name in self.exactly_one if name in found) != 1:
            raise at.refused(f"{at.what} says one of {' and '.join(self.exactly_one)}")
        if len(found) < self.least:
            raise at.refused(f"{at.what} says none of {', '.join(self.table)}")
        return found

    def schema(self) -> dict[str, Any]:
        made: dict[str, Any] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {name: field.shape.schema() for name, field in self.table.items()},
        }
        if needed := [name for name, field in self.table.items() if field.needed]:
            made["required"] = needed
        if self.exactly_one:
            made["oneOf"] = [{"required": [name]} for name in self.exactly_one]
        if self.least:
            made["minProperties"] = self.least
        return made


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping of names to anything that JSON can say."""

    names: Text

    def read(self, value: Any, at: At) -> dict[str, Any]:
        found = {}
        left = [_MOST_VALUES]
        for name, each, inner in pairs(value, at):
            self.names.read(name, At(at.place, inner.line, f"a name in {at.what}"))
            found[name] = plain(each, inner, left)
        return found

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "propertyNames": self.names.schema(), "maxProperties": _MOST_VALUES}


def pairs(value: Any, at: At) -> list[tuple[str, Any, At]]:
    if not isinstance(value, Mapping):
        raise at.refused(f"{at.what} is a mapping")
    if len(value) > _MOST_VALUES:
        raise at.refused(f"{at.what} has more than {_MOST_VALUES} entries")
    found = []
    for key, each in value.items():
        inner = at.inner(value, key)
        if not isinstance(key, str):
            raise inner.refused(f"the name {str(key)[:60]!r} in {at.what} is no text; write it in quotes")
        found.append((str(key), each, inner))
    return found


def plain(value: Any, at: At, left: list[int], depth: int = 0) -> Any:
    """What JSON can say, without the marks of the YAML that it was read from."""
    left[0] -= 1
    if left[0] < 0 or depth > _DEEPEST:
        raise at.refused(f"{at.what} is too large: at most {_MOST_VALUES} values, {_DEEPEST} within each other")
    if value is None:
        return None
    if is_flag(value):
        return bool(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        if abs(value) < 1 << 63:
            return int(value)
        raise at.refused(f"{at.what} is a number that is too large; write it in quotes")
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, Mapping):
        return {name: plain(each, inner, left, depth + 1) for name, each, inner in pairs(value, at)}
    if isinstance(value, list):
        return [plain(each, at.inner(value, place), left, depth + 1) for place, each in enumerate(value)]
    raise at.refused(f"{at.what} is no text, number, true, false, list or mapping; write it in quotes")


def is_flag(value: Any) -> bool:
    """YAML's reader has a class of its own for one with an anchor."""
    return isinstance(value, bool) or type(value).__name__ == "ScalarBoolean"


def near(name: Any, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(name)[:60], known, n=1)
    return f"; do you mean {close[0]}?" if close else ""


def unknown(at: At, what: str, name: str, known: tuple[str, ...]) -> UsageError:
    close = near(name, known)
    return at.refused(f"there is no {what} {name[:60]!r}{close or '; there are ' + ', '.join(known)}")


def _whole(pattern: str) -> str:
    """Understood alike by Python and by ECMA 262, which JSON Schema means; `$` alone lets a last newline through."""
    return rf"^(?:{pattern})$(?!\n)"
