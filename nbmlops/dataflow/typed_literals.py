"""Literals that Python has no notation for: a date, a time, a path.

start = datetime.date(2024, 1, 31)     # DATE, "2024-01-31"
data = Path("data") / "wine.csv"       # PATH, "data/wine.csv"
"""

from __future__ import annotations

import ast
import datetime
import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from nbmlops.dataflow.values import LIBRARY, Value
from nbmlops.model.pipeline import ParameterType

_PATHS = frozenset({"pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath"})
_TIMESTAMPS = frozenset({"pandas.Timestamp", "pandas.to_datetime"})
_MAKERS: dict[str, Any] = {
    "datetime.date": datetime.date,
    "datetime.date.fromisoformat": datetime.date.fromisoformat,
    "datetime.datetime": datetime.datetime,
    "datetime.datetime.fromisoformat": datetime.datetime.fromisoformat,
    "datetime.datetime.strptime": datetime.datetime.strptime,
}
_TAKEN = frozenset({"datetime", "pandas", "pathlib"})
"""A step's own text uses these names for the modules."""


Dotted = Callable[[ast.expr], str]
"""Where the function or class that an expression names is found: `datetime.date`; empty where it is not known."""


def typed_literal(name: str, node: ast.expr, dotted_of: Dotted) -> tuple[ParameterType, str] | None:
    """Type and text of what `name` is bound to; None where it is none of these."""
    if name in _TAKEN:
        return None
    path = _path(node, dotted_of)
    if path is not None:
        return ParameterType.PATH, path
    if not isinstance(node, ast.Call) or node.keywords:
        return None
    dotted = dotted_of(node.func)
    arguments = [each.value for each in node.args if isinstance(each, ast.Constant)]
    if len(arguments) != len(node.args) or not arguments:
        return None
    if dotted in _TIMESTAMPS:
        return _timestamp(arguments)
    maker = _MAKERS.get(dotted)
    if maker is None:
        return None
    try:
        made = maker(*arguments)
    except (TypeError, ValueError, OverflowError):
        return None  # what Python says of it is told when the cell runs
    if isinstance(made, datetime.datetime):
        return ParameterType.DATETIME, made.isoformat()
    return ParameterType.DATE, made.isoformat()


def names_in(node: ast.expr) -> frozenset[str]:
    """The names that a literal needs: of the modules and classes it is made by."""
    return frozenset(each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def _path(node: ast.expr, dotted_of: Dotted) -> str | None:
    match node:
        case ast.BinOp(op=ast.Div(), left=left, right=ast.Constant(value=str() as last)):
            first = _path(left, dotted_of)
            return None if first is None else posixpath.join(first, last)
        case ast.Call(func=function, args=arguments, keywords=[]) if dotted_of(function) in _PATHS:
            parts = [each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if len(parts) == len(arguments):
                return posixpath.join(*parts) if parts else "."
    return None


def _timestamp(arguments: list[Any]) -> tuple[ParameterType, str] | None:
    """Only what reads the same everywhere: ISO text."""
    if len(arguments) != 1 or not isinstance(arguments[0], str):
        return None
    try:
        datetime.datetime.fromisoformat(arguments[0])
    except ValueError:
        return None
    return ParameterType.TIMESTAMP, arguments[0]


def known_by(values: Mapping[str, Value]) -> Dotted:
    """By what the names of a notebook stand for."""

    def dotted(node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            value = values.get(node.id)
            return value.dotted if value is not None and value.kind == LIBRARY else ""
        if isinstance(node, ast.Attribute):
            before = dotted(node.value)
            return f"{before}.{node.attr}" if before else ""
        return ""

    return dotted
