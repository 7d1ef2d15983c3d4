"""Contracts as suites of Great Expectations, from and to their JSON. The library itself is not needed.

Source: Great Expectations 1.x, gallery of expectations. What has no word on the other side is named, never left out in
silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.contract import Column, Contract, Level, Rule, RuleKind, Type
from nbmlops.quality import patterns
from nbmlops.quality.sentences import wanted

_MOST_BYTES = 64 << 20
_TYPES = {
    Type.INTEGER: ["int", "int8", "int16", "int32", "int64", "Int64", "uint8", "uint16", "uint32", "uint64"],
    Type.NUMBER: ["float", "float32", "float64", "Float64", "int", "int8", "int16", "int32", "int64", "Int64"],
    Type.BOOLEAN: ["bool", "boolean"],
    Type.TEXT: ["str", "object", "string"],
    Type.DATETIME: ["datetime64", "datetime64[ns]", "datetime64[us]", "Timestamp", "datetime"],
}
_WORDS = {
    Type.BOOLEAN: ("bool",),
    Type.DATETIME: ("date", "time"),
    Type.NUMBER: ("float", "double", "decimal", "numeric", "real"),
    Type.INTEGER: ("int", "long"),
    Type.TEXT: ("str", "object", "char", "text"),
}
_BETWEEN = "expect_column_values_to_be_between"
_LENGTHS = "expect_column_value_lengths_to_be_between"
_ROWS = "expect_table_row_count_to_be_between"
_SET = "expect_table_columns_to_match_set"
_ORDERED = "expect_table_columns_to_match_ordered_list"
_PAIR = "expect_column_pair_values_a_to_be_greater_than_b"
_COMPARED = re.compile(r"([A-Za-z_]\w*) (>=?|<=?) ([A-Za-z_]\w*)")


class Translated(msgspec.Struct, frozen=True, kw_only=True):
    contract: Contract
    untranslated: tuple[str, ...]


class Expectation(msgspec.Struct, kw_only=True):
    type: str = ""
    expectation_type: str = ""
    """Its name before 1.0."""
    kwargs: dict[str, Any] = {}
    severity: str = ""

    @property
    def name(self) -> str:
        return self.type or self.expectation_type


class Suite(msgspec.Struct, kw_only=True):
    expectations: list[Expectation]


# To a suite


def write_suite(contract: Contract) -> tuple[str, tuple[str, ...]]:
    """The suite as JSON, and what it cannot say."""
    found: list[dict[str, Any]] = []
    lost: list[str] = []
    for rule in contract.every:
        name, arguments = _expectation(rule, contract)
        if not name:
            if arguments.get("lost", True):
                lost.append(f"{wanted(rule)}.")
            continue
        if rule.share and rule.kind is not RuleKind.MISSING:
            arguments["mostly"] = round(1 - rule.share, 12)
        severity = "critical" if rule.severity is Level.ERROR else "warning"
        found.append({"type": name, "kwargs": arguments, "meta": {}, "severity": severity})
    suite = {"name": Path(contract.place or "contract").stem, "expectations": found, "meta": {"made_by": "nbmlops"}}
    return msgspec.json.format(msgspec.json.encode(suite), indent=2).decode() + "\n", tuple(lost)


def _expectation(rule: Rule, contract: Contract) -> tuple[str, dict[str, Any]]:
    """Its name and arguments; an empty name where there is none."""
    column = {"column": rule.columns[0]} if rule.columns else {}
    match rule.kind:
        case RuleKind.PRESENT:
            return "expect_column_to_exist", column
        case RuleKind.TYPE if Type(rule.value) in _TYPES:
            return "expect_column_values_to_be_in_type_list", {**column, "type_list": _TYPES[Type(rule.value)]}
        case RuleKind.TYPE:
            return "", {"lost": False}  # of a category any type will do
        case RuleKind.MISSING:
            mostly = {"mostly": round(1 - rule.share, 12)} if rule.share else {}
            return "expect_column_values_to_not_be_null", {**column, **mostly}
        case RuleKind.UNIQUE if len(rule.columns) == 1:
            return "expect_column_values_to_be_unique", column
        case RuleKind.UNIQUE:
            return "expect_compound_columns_to_be_unique", {"column_list": list(rule.columns)}
        case RuleKind.MIN | RuleKind.MAX:
            return _BETWEEN, {**column, f"{rule.kind}_value": rule.value}
        case RuleKind.MIN_LENGTH | RuleKind.MAX_LENGTH:
            return _LENGTHS, {**column, f"{str(rule.kind)[:3]}_value": rule.value}
        case RuleKind.CATEGORIES:
            return "expect_column_values_to_be_in_set", {**column, "value_set": list(rule.value)}
        case RuleKind.PATTERN:
            return "expect_column_values_to_match_regex", {**column, "regex": f"^(?:{rule.value})$"}
        case RuleKind.MIN_ROWS | RuleKind.MAX_ROWS:
            return _ROWS, {f"{str(rule.kind)[:3]}_value": rule.value}
        case RuleKind.CLOSED if _is_whole(contract):
            return _SET, {"column_set": list(rule.columns), "exact_match": True}
        case RuleKind.ORDER if _is_whole(contract):
            return _ORDERED, {"column_list": list(rule.columns)}
        case RuleKind.CHECK if compared := _COMPARED.fullmatch(str(rule.value)):
            one, sign, other = compared.groups()
            one, other = (one, other) if sign[0] == ">" else (other, one)
            return _PAIR, {"column_A": one, "column_B": other, "or_equal": len(sign) == 2}
    return "", {}


def _is_whole(contract: Contract) -> bool:
    """These columns are there, all of them, and no others."""
    is_closed = any(each.kind is RuleKind.CLOSED for each in contract.rules)
    return is_closed and all(each.rule(RuleKind.PRESENT) for each in contract.columns)


# From a suite


def read_suite(path: Path) -> Translated:
    """Raises NotFoundError, UsageError for what is no suite."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError:
        raise NotFoundError(
            f"There is no suite {path}.", kind="suite-missing", hint="Name the JSON file of one."
        ) from None
    try:
        suite = msgspec.json.decode(data if len(data) <= _MOST_BYTES else b"", type=Suite)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"{path.name} is no suite of Great Expectations: {' '.join(str(error).split())[:150]}.",
            kind="suite-malformed",
            hint="A suite is JSON with a list of expectations.",
        ) from error
    return _Reading().of(suite, path.name)


class _Reading:
    def __init__(self) -> None:
        self._columns: dict[str, Column] = {}
        self._rules: list[Rule] = []
        self._lost: list[str] = []

    def of(self, suite: Suite, place: str) -> Translated:
        for each in suite.expectations:
            reading = _READINGS.get(each.name)
            try:
                why = "there is no such rule" if reading is None else ""
                if any(each.kwargs.get(key) for key in ("row_condition", "condition_parser", "ignore_row_if")):
                    # Of pairs, rows with gaps are left out here as well.
                    why = "" if each.name == _PAIR and not each.kwargs.get("row_condition") else "it is about some rows"
                rules = list(reading(each)) if reading is not None and not why else []
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                rules, why = [], f"its arguments are not understood ({type(error).__name__})"
            why = why or ("" if rules else "it says nothing that a rule could")
            for rule in rules:
                why = why or self._add(rule, each)
            if why:
                self._lost.append(f"{each.name[:100] or 'an expectation without a name'}{_about(each)}: {why}.")
        contract = Contract(
            columns=tuple(self._columns.values()), rules=tuple(self._rules), place=place, note=f"Imported from {place}."
        )
        if not contract.columns and not contract.rules:
            raise UsageError(
                f"Nothing of {place} could be made into a rule: {' '.join(self._lost[:3])}",
                kind="suite-untranslated",
                hint="Write a contract, or infer one: nbmlops validate DATA --infer contract.yaml",
            )
        return Translated(contract=contract, untranslated=tuple(self._lost))

    def _add(self, rule: Rule, each: Expectation) -> str:
        """Why it cannot be added; empty where it can."""
        mostly = float(each.kwargs.get("mostly") or 1)
        severity = Level.WARNING if each.severity in ("warning", "info") else Level.ERROR
        rule = msgspec.structs.replace(rule, severity=severity, share=round(1 - mostly, 12))
        in_table = {RuleKind.MIN_ROWS, RuleKind.MAX_ROWS, RuleKind.CLOSED, RuleKind.ORDER, RuleKind.CHECK}
        if rule.kind in in_table or len(rule.columns) != 1:
            if rule.kind is not RuleKind.CHECK and any(
                one.kind is rule.kind and one.columns == rule.columns for one in self._rules
            ):
                return "there is a rule of this kind already"
            self._rules.append(rule)
            if rule.kind in (RuleKind.CLOSED, RuleKind.ORDER):
                for name in rule.columns:
                    self._columns.setdefault(name, Column(name=name))
            return ""
        (name,) = rule.columns
        column = self._columns.get(name, Column(name=name))
        if column.rule(rule.kind) is not None:
            return "" if rule.kind is RuleKind.PRESENT else "there is a rule of this kind already"
        type_ = Type(rule.value) if rule.kind is RuleKind.TYPE else column.type
        self._columns[name] = Column(name=name, type=type_, rules=(*column.rules, rule))
        return ""


def _about(each: Expectation) -> str:
    named = each.kwargs.get("column") or each.kwargs.get("column_A")
    return f" of {str(named)[:60]}" if named else ""


def _bounds(each: Expectation, kinds: tuple[RuleKind, RuleKind], *, columns: tuple[str, ...]) -> list[Rule]:
    found = []
    for kind, side in zip(kinds, ("min", "max"), strict=True):
        value = each.kwargs.get(f"{side}_value")
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise TypeError
        if isinstance(value, str):
            datetime.fromisoformat(value)
        else:
            float(value)  # there are integers that no floating-point number holds
        if each.kwargs.get(f"strict_{side}"):
            if isinstance(value, str) or len(columns) != 1:
                raise ValueError
            sign = ">" if side == "min" else "<"
            found.append(Rule(kind=RuleKind.CHECK, columns=columns, value=f"column({columns[0]!r}) {sign} {value!r}"))
        else:
            found.append(Rule(kind=kind, columns=columns, value=value))
    return found


def _column(each: Expectation) -> tuple[str]:
    name = each.kwargs["column"]
    if not isinstance(name, str):
        raise TypeError
    return (name,)


def _names(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not values or not all(isinstance(one, str) for one in values):
        raise TypeError
    return tuple(values)


def _typed(each: Expectation) -> list[Rule]:
    names = each.kwargs.get("type_list") or [each.kwargs["type_"]]
    kinds = [kind for name in names if (kind := _type_of(str(name))) is not None]
    # A list for numbers names integers, too.
    kind = Type.NUMBER if {Type.NUMBER, Type.INTEGER} == set(kinds) else kinds[0] if len(set(kinds)) == 1 else None
    if kind is None:
        raise ValueError
    return [Rule(kind=RuleKind.TYPE, columns=_column(each), value=str(kind))]


def _type_of(name: str) -> Type | None:
    lower = name.lower()
    return next((kind for kind, words in _WORDS.items() if any(word in lower for word in words)), None)


def _pattern(each: Expectation) -> list[Rule]:
    """They ask that a text begins so; here all of it has to match."""
    regex = str(each.kwargs["regex"])
    if regex.startswith("^(?:") and regex.endswith(")$"):
        regex = regex[4:-2]
    elif not re.search(r"(?<!\\)\$$", regex):
        regex = f"(?s:(?:{regex}).*)"
    if patterns.problem(regex):
        raise ValueError
    return [Rule(kind=RuleKind.PATTERN, columns=_column(each), value=regex)]


def _closed(each: Expectation) -> list[Rule]:
    names = _names(each.kwargs["column_set"])
    present = [Rule(kind=RuleKind.PRESENT, columns=(name,)) for name in names]
    closed = [Rule(kind=RuleKind.CLOSED, columns=names)] if each.kwargs.get("exact_match") is not False else []
    return [*present, *closed]


def _ordered(each: Expectation) -> list[Rule]:
    names = _names(each.kwargs["column_list"])
    present = [Rule(kind=RuleKind.PRESENT, columns=(name,)) for name in names]
    return [*present, Rule(kind=RuleKind.CLOSED, columns=names), Rule(kind=RuleKind.ORDER, columns=names)]


def _pair(each: Expectation) -> list[Rule]:
    one, other = _names([each.kwargs["column_A"], each.kwargs["column_B"]])
    sign = ">=" if each.kwargs.get("or_equal") else ">"
    said = f"{_called(one)} {sign} {_called(other)}"
    return [Rule(kind=RuleKind.CHECK, columns=(one, other), value=said)]


def _called(name: str) -> str:
    import keyword

    return name if name.isidentifier() and not keyword.iskeyword(name) else f"column({name!r})"


def _set(each: Expectation) -> list[Rule]:
    from nbmlops.quality.typed import text_of

    values = each.kwargs["value_set"]
    if not isinstance(values, list) or not values or any(isinstance(one, list | dict) for one in values):
        raise TypeError
    return [Rule(kind=RuleKind.CATEGORIES, columns=_column(each), value=tuple(text_of(one) for one in values))]


_READINGS: dict[str, Callable[[Expectation], list[Rule]]] = {
    "expect_column_to_exist": lambda each: [Rule(kind=RuleKind.PRESENT, columns=_column(each))],
    "expect_column_values_to_be_of_type": _typed,
    "expect_column_values_to_be_in_type_list": _typed,
    "expect_column_values_to_not_be_null": lambda each: [Rule(kind=RuleKind.MISSING, columns=_column(each))],
    "expect_column_values_to_be_unique": lambda each: [Rule(kind=RuleKind.UNIQUE, columns=_column(each), value=True)],
    "expect_compound_columns_to_be_unique": lambda each: [
        Rule(kind=RuleKind.UNIQUE, columns=_names(each.kwargs["column_list"]))
    ],
    _BETWEEN: lambda each: _bounds(each, (RuleKind.MIN, RuleKind.MAX), columns=_column(each)),
    _LENGTHS: lambda each: _bounds(each, (RuleKind.MIN_LENGTH, RuleKind.MAX_LENGTH), columns=_column(each)),
    _ROWS: lambda each: _bounds(each, (RuleKind.MIN_ROWS, RuleKind.MAX_ROWS), columns=()),
    "expect_table_row_count_to_equal": lambda each: [
        Rule(kind=kind, value=int(each.kwargs["value"])) for kind in (RuleKind.MIN_ROWS, RuleKind.MAX_ROWS)
    ],
    "expect_column_values_to_be_in_set": _set,
    "expect_column_distinct_values_to_be_in_set": _set,
    "expect_column_values_to_match_regex": _pattern,
    _SET: _closed,
    _ORDERED: _ordered,
    _PAIR: _pair,
}
