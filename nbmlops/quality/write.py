"""A contract as YAML, with a comment for each column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nbmlops.model.contract import VERSION, Column, Contract, Level, Rule, RuleKind, Type

HEAD = """\
# What a table has to be. Edit it freely; `nbmlops validate DATA --schema FILE` holds a table against it.
# A rule can be written longer: {is: 120, severity: warning, share: 0.01}. A warning is only told; a share of the rows
# (0.01: one in a hundred) may break it. Further rules: docs/validate.md.
"""
_SIMPLE = re.compile(r"[A-Za-z_][\w./+-]*(?: [\w./+-]+)*", re.ASCII)
_MEANS_ELSE = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|none|nan|inf|~")
_LONGEST_KEY = 900
"""YAML has no longer ones without a mark."""


def write(contract: Contract) -> str:
    lines = [HEAD + (f"# {_one_line(contract.note)}\n" if contract.note else "") + f"version: {VERSION}\n"]
    if contract.columns:
        lines.append("columns:\n")
        lines += [_column(each) for each in contract.columns]
    if table := _table(contract):
        lines.append("table:\n" + "".join(f"  {line}\n" for line in table))
    across = [each for each in contract.rules if each.kind in (RuleKind.CHECK, RuleKind.UNIQUE)]
    if across:
        lines.append("rules:\n")
        lines += [_rule(each) for each in across]
    return "".join(lines)


def scalar(value: Any) -> str:
    """In quotes wherever YAML would take it for something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    if _SIMPLE.fullmatch(text) and not _MEANS_ELSE.fullmatch(text):
        return text
    return '"' + "".join(_escaped(each) for each in text) + '"'


def _column(column: Column) -> str:
    kinds = {each.kind: each for each in column.rules}
    leading = kinds.get(RuleKind.TYPE) or kinds.get(RuleKind.PRESENT)
    base = (leading.severity, leading.share) if leading is not None else (Level.ERROR, 0.0)
    told: dict[str, Any] = {}
    if column.type is not None:
        told["type"] = str(column.type)
    if column.rules and RuleKind.PRESENT not in kinds:
        told["optional"] = True
    if column.type is Type.NUMBER and RuleKind.FINITE not in kinds:
        told["infinite"] = True
    for kind, rule in kinds.items():
        if kind in (RuleKind.TYPE, RuleKind.PRESENT, RuleKind.FINITE):
            continue
        if kind is RuleKind.MISSING:
            value: Any = int(rule.share) if rule.share in (0, 1) else rule.share
            told[str(kind)] = value if rule.severity is base[0] else {"is": value, "severity": str(rule.severity)}
        elif kind is RuleKind.CATEGORIES:
            value = list(rule.value)
            told[str(kind)] = value if rule.severity is base[0] else {"is": value, "severity": str(rule.severity)}
            if rule.share != base[1]:
                told["new"] = rule.share
        else:
            told[str(kind)] = rule.value if (rule.severity, rule.share) == base else _longer(rule)
    if base[0] is not Level.ERROR:
        told["severity"] = str(base[0])
    if base[1]:
        told["share"] = base[1]
    note = f"  # {_one_line(column.note)}\n" if column.note else ""
    name = scalar(column.name)
    key = f"  {name}:" if len(name) <= _LONGEST_KEY else f"  ? {name}\n  :"
    return f"{note}{key} {_flow(told)}\n"


def _longer(rule: Rule) -> dict[str, Any]:
    return {"is": rule.value, "severity": str(rule.severity), "share": rule.share}


def _table(contract: Contract) -> list[str]:
    found = []
    rows = {
        name: rule
        for name, kind in (("min", RuleKind.MIN_ROWS), ("max", RuleKind.MAX_ROWS))
        for rule in contract.rules
        if rule.kind is kind
    }
    if rows:
        told = {name: rule.value for name, rule in rows.items()} | _severity(next(iter(rows.values())))
        found.append(f"rows: {_flow(told)}")
    for rule in contract.rules:
        if rule.kind is RuleKind.FRESH:
            told = {"column": rule.columns[0], "within": _age(float(rule.value))} | _severity(rule)
            found.append(f"fresh: {_flow(told)}")
        elif rule.kind in (RuleKind.CLOSED, RuleKind.ORDER):
            key, value = ("other_columns", False) if rule.kind is RuleKind.CLOSED else ("order", True)
            longer = {"is": value} | _severity(rule)
            found.append(f"{key}: {_flow(longer) if len(longer) > 1 else scalar(value)}")
    return found


def _rule(rule: Rule) -> str:
    value = _flow(list(rule.columns)) if rule.kind is RuleKind.UNIQUE else scalar(rule.value)
    more = "".join(f"    {key}: {scalar(each)}\n" for key, each in _severity(rule).items())
    share = f"    share: {scalar(rule.share)}\n" if rule.share else ""
    return f"  - {rule.kind}: {value}\n{more}{share}"


def _severity(rule: Rule) -> dict[str, Any]:
    return {} if rule.severity is Level.ERROR else {"severity": str(rule.severity)}


def _age(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return scalar(value)


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
