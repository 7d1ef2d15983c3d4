"""A contract as a file, written by people.

version: 1
columns:
  age: {type: integer, min: 0, max: 120, missing: 0.05}
  kind: {type: category, categories: [red, white], new: 0.01}
  code: {type: text, pattern: '[A-Z]{2}[0-9]+', unique: true}
  ended: {type: datetime, optional: true, max: {is: 2030-01-01, severity: warning, share: 0.001}}
table:
  rows: {min: 100}
  fresh: {column: ended, within: 24h}
  other_columns: false
  order: true
rules:
  - check: ended >= started
    share: 0.01
  - unique: [code, ended]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.contract import VERSION, Column, Contract, Level, Rule, RuleKind, Type
from nbmlops.quality import expressions, patterns
from nbmlops.quality.yaml_nodes import Node, parsed, refused, unknown

MOST_BYTES = 64 << 20
MOST_CATEGORIES = 100_000
_TOP = ("version", "columns", "table", "rules")
_COLUMN = ("type", "optional", "missing", "min", "max", "min_length", "max_length", "unique", "categories", "new",
           "pattern", "infinite", "zone", "severity", "share")  # fmt: skip
_TABLE = ("rows", "fresh", "other_columns", "order")
_RULE = ("check", "unique", "severity", "share")
_BOUND = ("is", "severity", "share")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?([smhdw])")
_NUMERIC, _TEXTUAL = (Type.INTEGER, Type.NUMBER), (Type.TEXT, Type.CATEGORY)
_FITTING = {
    RuleKind.MIN: (*_NUMERIC, Type.DATETIME),
    RuleKind.MAX: (*_NUMERIC, Type.DATETIME),
    RuleKind.MIN_LENGTH: _TEXTUAL,
    RuleKind.MAX_LENGTH: _TEXTUAL,
    RuleKind.PATTERN: _TEXTUAL,
    RuleKind.ZONE: (Type.DATETIME,),
}
"""Types of columns that a rule can be about."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule's value is, and what is said beside it."""

    node: Node
    severity: Level
    share: float


def load(path: Path) -> Contract:
    """Raises NotFoundError; UsageError with the line for what is no contract."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError:
        raise NotFoundError(
            f"There is no contract {path}.",
            kind="contract-missing",
            hint=f"Infer one: nbmlops validate DATA --infer {path.name}",
        ) from None
    if len(data) > MOST_BYTES:
        raise refused(path.name, 1, f"it is larger than {MOST_BYTES >> 20} MiB")
    return read(data.decode("utf-8", "replace"), place=path.name)


def read(text: str, *, place: str = "contract.yaml") -> Contract:
    """Raises UsageError with the line for what is no contract."""
    columns: tuple[Column, ...] = ()
    rules: list[Rule] = []
    told = {name: node for name, _, node in parsed(text, place).pairs("a contract", _TOP)}
    if "version" in told and told["version"].number("version") > VERSION:
        raise told["version"].refused(f"it was written in a newer version; this nbmlops reads up to {VERSION}")
    if "columns" in told:
        pairs = told["columns"].pairs("columns")
        columns = tuple(_column(name, at, node) for name, at, node in pairs)
    names = tuple(each.name for each in columns)
    if "table" in told:
        rules += _table(told["table"], names)
    if "rules" in told:
        rules += [_rule(node, names) for node in told["rules"].items("rules")]
    if not rules and not columns:
        raise refused(place, 1, "it has no rule: it names neither columns nor rules")
    return Contract(columns=columns, rules=tuple(rules), place=place)


def _column(name: str, at: Node, node: Node) -> Column:
    if not node.is_mapping:
        # `age: integer` is short for {type: integer}.
        short = _type(node)
        return Column(name=name, type=short, rules=_typed(name, short, at, Level.ERROR, 0.0), line=at.line)
    told = {key: value for key, _, value in node.pairs(f"column {name[:60]}", _COLUMN)}
    severity = _severity(told["severity"]) if "severity" in told else Level.ERROR
    share = told["share"].share("share") if "share" in told else 0.0
    type_ = _type(told["type"]) if "type" in told else None
    rules: list[Rule] = []
    if not ("optional" in told and told["optional"].boolean("optional")):
        rules.append(Rule(kind=RuleKind.PRESENT, columns=(name,), severity=severity, line=at.line))
    if type_ is not None:
        rules += _typed(name, type_, told["type"], severity, share, told.get("infinite"))[1:]
    if "new" in told and "categories" not in told:
        raise told["new"].refused(f"new is a share of values beside categories, and {name[:60]} has none")
    for key, value in told.items():
        if key in ("type", "optional", "infinite", "new", "severity", "share"):
            continue
        kind = RuleKind(key)
        given = _given(value, key, severity, share)
        if type_ is not None and type_ not in _FITTING.get(kind, (type_,)):
            raise value.refused(f"{key} is nothing that a column of type {type_} has")
        found = _value(kind, given.node, type_)
        if kind is RuleKind.UNIQUE and not found:
            continue
        allowed = told["new"].share("new") if kind is RuleKind.CATEGORIES and "new" in told else given.share
        if kind is RuleKind.MISSING:
            found, allowed = None, given.node.share("missing")
        rules.append(
            Rule(kind=kind, columns=(name,), value=found, severity=given.severity, share=allowed, line=value.line)
        )
    return Column(name=name, type=type_, rules=tuple(rules), line=at.line)


def _typed(
    name: str, type_: Type, at: Node, severity: Level, share: float, infinite: Node | None = None
) -> tuple[Rule, ...]:
    """That it is there, and of its type."""
    found = [
        Rule(kind=RuleKind.PRESENT, columns=(name,), severity=severity, line=at.line),
        Rule(kind=RuleKind.TYPE, columns=(name,), value=str(type_), severity=severity, share=share, line=at.line),
    ]
    is_allowed = infinite is not None and infinite.boolean("infinite")
    if type_ is Type.NUMBER and not is_allowed:
        found.append(Rule(kind=RuleKind.FINITE, columns=(name,), severity=severity, share=share, line=at.line))
    return tuple(found)


def _given(node: Node, what: str, severity: Level, share: float) -> Given:
    """`max: 3`, or `max: {is: 3, severity: warning, share: 0.01}`."""
    if not node.is_mapping:
        return Given(node=node, severity=severity, share=share)
    told = {key: value for key, _, value in node.pairs(what, _BOUND)}
    if "is" not in told:
        raise node.refused(f"{what} says no value, as in {{is: ...}}")
    return Given(
        node=told["is"],
        severity=_severity(told["severity"]) if "severity" in told else severity,
        share=told["share"].share("share") if "share" in told else share,
    )


def _value(kind: RuleKind, node: Node, type_: Type | None) -> Any:
    match kind:
        case RuleKind.MIN | RuleKind.MAX:
            return moment(node, str(kind)) if _is_of_time(node, type_) else node.number(str(kind))
        case RuleKind.MIN_LENGTH | RuleKind.MAX_LENGTH:
            return node.whole(str(kind))
        case RuleKind.UNIQUE:
            return node.boolean("unique")
        case RuleKind.CATEGORIES:
            found = tuple(dict.fromkeys(each.text("a category") for each in node.items("categories")))
            if not 0 < len(found) <= MOST_CATEGORIES:
                raise node.refused(f"categories are from 1 to {MOST_CATEGORIES:,} values")
            return found
        case RuleKind.PATTERN:
            if why := patterns.problem(node.text("pattern")):
                raise node.refused(why)
            return node.text("pattern")
        case RuleKind.ZONE:
            if node.text("zone") not in ("aware", "naive"):
                raise node.refused("zone is aware or naive")
            return node.text("zone")
    return None


def moment(node: Node, what: str) -> str:
    text = node.text(what).strip()
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise node.refused(f"{what} is a date or a time, as 2026-01-31 or 2026-01-31T12:00:00Z") from None
    return text


def _is_of_time(node: Node, type_: Type | None) -> bool:
    if type_ is not None:
        return type_ is Type.DATETIME
    return re.match(r"\d{4}-\d\d-\d\d", node.text("a bound") if not node.is_list else "") is not None


def _table(node: Node, names: tuple[str, ...]) -> Iterator[Rule]:
    for key, _, value in node.pairs("table", _TABLE):
        given = _given(value, key, Level.ERROR, 0.0) if key in ("other_columns", "order") else None
        if key == "rows":
            told = {name: each for name, _, each in value.pairs("rows", ("min", "max", "severity"))}
            severity = _severity(told["severity"]) if "severity" in told else Level.ERROR
            for kind, name in ((RuleKind.MIN_ROWS, "min"), (RuleKind.MAX_ROWS, "max")):
                if name in told:
                    rows = told[name].whole(f"{name} of rows")
                    yield Rule(kind=kind, value=rows, severity=severity, line=told[name].line)
        elif key == "fresh":
            yield _fresh(value, names)
        elif given is not None:
            is_said = given.node.boolean(key)
            if key == "other_columns" and not is_said:
                yield Rule(kind=RuleKind.CLOSED, columns=names, severity=given.severity, line=value.line)
            elif key == "order" and is_said:
                yield Rule(kind=RuleKind.ORDER, columns=names, severity=given.severity, line=value.line)


def _fresh(node: Node, names: tuple[str, ...]) -> Rule:
    told = {name: each for name, _, each in node.pairs("fresh", ("column", "within", "severity"))}
    if "column" not in told or "within" not in told:
        raise node.refused("fresh names a column and an age, as {column: day, within: 24h}")
    age = _AGE.fullmatch(told["within"].text("within").strip())
    if age is None:
        raise told["within"].refused("within is an age, as 90m, 24h or 7d")
    return Rule(
        kind=RuleKind.FRESH,
        columns=(_known(told["column"], names),),
        value=float(age[1]) * _UNITS[age[2]],
        severity=_severity(told["severity"]) if "severity" in told else Level.ERROR,
        line=node.line,
    )


def _rule(node: Node, names: tuple[str, ...]) -> Rule:
    told = {name: each for name, _, each in node.pairs("a rule", _RULE)}
    if ("check" in told) == ("unique" in told):
        raise node.refused("a rule has either a check or unique")
    kind = RuleKind.CHECK if "check" in told else RuleKind.UNIQUE
    value: str | None = None
    if kind is RuleKind.CHECK:
        value = told["check"].text("check")
        try:
            columns = expressions.parse(value).columns
        except UsageError as error:
            raise told["check"].refused(error.message) from error
        for name in columns:
            if names and name not in names:
                raise unknown(node.place, told["check"].line, "column", name, names)
    else:
        columns = tuple(_known(each, names) for each in told["unique"].items("unique"))
        if not columns:
            raise told["unique"].refused("unique names columns")
    return Rule(
        kind=kind,
        columns=columns,
        value=value,
        severity=_severity(told["severity"]) if "severity" in told else Level.ERROR,
        share=told["share"].share("share") if "share" in told else 0.0,
        line=node.line,
    )


def _known(node: Node, names: tuple[str, ...]) -> str:
    name = node.text("a column")
    if names and name not in names:
        raise unknown(node.place, node.line, "column", name, names)
    return name


def _type(node: Node) -> Type:
    text = node.text("type")
    try:
        return Type(text)
    except ValueError:
        raise unknown(node.place, node.line, "type", text, tuple(Type)) from None


def _severity(node: Node) -> Level:
    text = node.text("severity")
    try:
        return Level(text)
    except ValueError:
        raise unknown(node.place, node.line, "severity", text, tuple(Level)) from None
