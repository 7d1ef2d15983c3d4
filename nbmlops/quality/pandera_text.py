"""A contract as a Python module with a schema of pandera's. It needs pandera and pandas, and nothing of ours."""

from __future__ import annotations

import ast
import re
from typing import Any

from nbmlops.model.contract import Column, Contract, Level, Rule, RuleKind, Type
from nbmlops.quality import expressions
from nbmlops.quality.sentences import wanted

_HEAD = '''\
"""Made by nbmlops of {place}: `schema.validate(table, lazy=True)` raises for a table that breaks it."""

import pandas as pd
import pandera.pandas as pa


def moments(values):
    """As times in UTC; what is none is missing."""
    if pd.api.types.is_numeric_dtype(values):
        return pd.Series(pd.NaT, index=values.index, dtype="datetime64[ns, UTC]")
    way = {{}} if values.dtype.kind == "M" else {{"format": "ISO8601"}}
    return pd.to_datetime(values, utc=True, errors="coerce", **way)


def text(value):
    """Of a category: 1.0 is 1."""
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def is_whole(values):
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return values.map(lambda each: isinstance(each, int) and not isinstance(each, bool))
    return (values % 1 == 0).fillna(False)


def is_number(values):
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return values.map(lambda each: isinstance(each, int | float) and not isinstance(each, bool))
    return pd.Series(True, index=values.index)


def held(kept, share):
    """Whether at most a share of the rows does otherwise."""
    return bool(1 - kept.mean() <= share + 1e-12) if len(kept) else True


'''
_OF_TYPE = {
    Type.INTEGER: "is_whole(values)",
    Type.NUMBER: "is_number(values)",
    Type.BOOLEAN: "values.map(lambda each: isinstance(each, bool))",
    Type.TEXT: "values.map(lambda each: isinstance(each, str))",
    Type.DATETIME: "moments(values).notna()",
}


def pandera_text(contract: Contract) -> tuple[str, tuple[str, ...]]:
    """The module, and what it cannot say."""
    lost: list[str] = []
    columns = "".join(f"        {_column(each, lost)},\n" for each in contract.columns)
    checks = [check for rule in contract.rules for check in _of_table(rule, contract, lost)]
    body = "".join(f"        {each},\n" for each in checks)
    closed = any(each.kind is RuleKind.CLOSED and each.severity is Level.ERROR for each in contract.rules)
    ordered = any(each.kind is RuleKind.ORDER and each.severity is Level.ERROR for each in contract.rules)
    place = re.sub(r'[\\"\r\n]', "", contract.place or "a contract")
    schema = (
        f"schema = pa.DataFrameSchema(\n    {{\n{columns}    }},\n    checks=[\n{body}    ],\n"
        f"    strict={closed},\n    ordered={ordered},\n    unique_column_names=True,\n)\n"
    )
    return _HEAD.format(place=place) + schema, tuple(lost)


def _column(column: Column, lost: list[str]) -> str:
    checks: list[str] = []
    is_nullable, is_required = True, False
    for rule in column.rules:
        if rule.kind is RuleKind.PRESENT:
            is_required = rule.severity is Level.ERROR
            if not is_required:
                lost.append(f"{wanted(rule)}, as a warning.")
        elif rule.kind is RuleKind.MISSING and not rule.share and rule.severity is Level.ERROR:
            is_nullable = False
        elif code := _code(rule, column.type):
            checks.append(_check(code, rule, ignores_gaps=rule.kind is not RuleKind.MISSING))
        elif rule.kind is not RuleKind.TYPE:
            lost.append(f"{wanted(rule)}.")
    made = f"pa.Column(nullable={is_nullable}, required={is_required}, checks=["
    inner = "".join(f"\n            {each}," for each in checks)
    return f"{column.name!r}: {made}{inner}{chr(10) + '        ' if checks else ''}])"


def _check(code: str, rule: Rule, *, ignores_gaps: bool = True, of: str = "values") -> str:
    whole = f"held({code}, {rule.share!r})" if rule.kind not in _WHOLE else code
    more = "" if ignores_gaps else ", ignore_na=False"
    warns = ", raise_warning=True" if rule.severity is Level.WARNING else ""
    return f"pa.Check(lambda {of}: {whole}, error={wanted(rule)!r}{more}{warns})"


_WHOLE = frozenset({RuleKind.MIN_ROWS, RuleKind.MAX_ROWS, RuleKind.FRESH})
"""Rules that no row breaks, but all of them."""


def _code(rule: Rule, type_: Type | None) -> str:
    """What holds in each row; empty where pandas has no words for it."""
    value: Any = rule.value
    match rule.kind:
        case RuleKind.TYPE:
            return _OF_TYPE.get(Type(value), "")
        case RuleKind.FINITE:
            return 'values.abs() != float("inf")'
        case RuleKind.MISSING:
            return "values.notna()"
        case RuleKind.UNIQUE:
            return "~values.duplicated()"
        case RuleKind.MIN | RuleKind.MAX:
            sign = ">=" if rule.kind is RuleKind.MIN else "<="
            if isinstance(value, str):
                return f"moments(values) {sign} pd.to_datetime({value!r}, utc=True)"
            return f"values {sign} {value!r}"
        case RuleKind.MIN_LENGTH | RuleKind.MAX_LENGTH:
            return f"values.str.len() {'>=' if rule.kind is RuleKind.MIN_LENGTH else '<='} {value}"
        case RuleKind.CATEGORIES:
            of = "values.map(text)" if type_ is Type.CATEGORY else "values"
            return f"{of}.isin({list(value)!r})"
        case RuleKind.PATTERN if _is_pythons(str(value)):
            return f"values.str.fullmatch({str(value)!r})"
    return ""


def _is_pythons(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _of_table(rule: Rule, contract: Contract, lost: list[str]) -> list[str]:
    code = ""
    match rule.kind:
        case RuleKind.CLOSED | RuleKind.ORDER if rule.severity is Level.ERROR:
            return []
        case RuleKind.MIN_ROWS | RuleKind.MAX_ROWS:
            code = f"len(table) {'>=' if rule.kind is RuleKind.MIN_ROWS else '<='} {rule.value}"
        case RuleKind.FRESH:
            newest = f"pd.Timestamp.now('UTC') - moments(table[{rule.columns[0]!r}]).max()"
            code = f"bool({newest} <= pd.Timedelta(seconds={rule.value!r}))"
        case RuleKind.UNIQUE:
            code = f"~table[{list(rule.columns)!r}].dropna().duplicated()"
        case RuleKind.CHECK:
            code = _of_check(rule, {each.name: each.type for each in contract.columns})
    if not code:
        lost.append(f"{wanted(rule)}.")
        return []
    return [_check(code, rule, ignores_gaps=False, of="table")]


def _of_check(rule: Rule, types: dict[str, Type | None]) -> str:
    """Comparisons of columns, their sums and numbers. What is missing is missing differently in longer ones."""
    tree = expressions.parse(str(rule.value)).tree
    if not isinstance(tree, ast.Compare) or any(isinstance(op, ast.In | ast.NotIn) for op in tree.ops):
        return ""
    names = [name for name in rule.columns if types.get(name) is Type.DATETIME]
    parts = [_operand(each, set(names)) for each in (tree.left, *tree.comparators)]
    if not all(parts):
        return ""
    signs = [_SIGNS[type(op)] for op in tree.ops]
    pairs = [f"({one} {sign} {other})" for one, sign, other in zip(parts, signs, parts[1:], strict=False)]
    return f"{' & '.join(pairs)} | table[{list(rule.columns)!r}].isna().any(axis=1)"


def _operand(node: ast.expr, moments: set[str]) -> str:
    match node:
        case ast.Constant(value=str() as value) if moments:
            return f"pd.to_datetime({value!r}, utc=True)"
        case ast.Constant(value=value):
            return repr(value)
        case ast.Name(id=name) | ast.Call(func=ast.Name(id="column"), args=[ast.Constant(value=str() as name)]):
            return f"moments(table[{name!r}])" if name in moments else f"table[{name!r}]"
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() as op) if not moments:
            one, other = _operand(node.left, moments), _operand(node.right, moments)
            return f"({one} {_SIGNS[type(op)]} {other})" if one and other else ""
    return ""


_SIGNS: dict[type[ast.AST], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*",
}  # fmt: skip
