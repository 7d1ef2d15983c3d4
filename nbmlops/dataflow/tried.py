"""Which values a parameter had while somebody worked: from the sources of all that was executed, in order.

>>> tried_values(Parameter(name="lr", type=ParameterType.FLOAT, default=0.01), ["lr = 0.1", "lr = 0.01"])
(0.1, 0.01)
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from nbmlops.dataflow.typed_literals import typed_literal
from nbmlops.dataflow.values import literal
from nbmlops.model.pipeline import Parameter, ParameterType

MOST = 20
"""Values that are remembered of one parameter."""
_KIND = {
    int: ParameterType.INT,
    float: ParameterType.FLOAT,
    bool: ParameterType.BOOL,
    str: ParameterType.STR,
    list: ParameterType.LIST,
    dict: ParameterType.DICT,
}
_DOTTED = {
    "date": "datetime.date",
    "datetime": "datetime.datetime",
    "fromisoformat": "datetime.datetime.fromisoformat",
    "strptime": "datetime.datetime.strptime",
    "Timestamp": "pandas.Timestamp",
    "to_datetime": "pandas.to_datetime",
    "Path": "pathlib.Path",
}


def tried_values(parameter: Parameter, sources: Iterable[str]) -> tuple[Any, ...]:
    """The newest of them, each once, in the order in which they were tried; none where there was never but one."""
    found: dict[str, Any] = {}
    for source in sources:
        if parameter.name not in source:
            continue
        for node in _assigned(source, parameter.name):
            fits, value = _value(parameter, node)
            if fits:
                found.setdefault(repr(value), value)
    found.setdefault(repr(parameter.default), parameter.default)
    return tuple(found.values())[-MOST:] if len(found) > 1 else ()


def _assigned(source: str, name: str) -> list[ast.expr]:
    """What top-level statements bind the name to. A cell with magics has no parameters."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = []
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=each)], value=value) if each == name:
                found.append(value)
            case ast.AnnAssign(target=ast.Name(id=each), value=ast.expr() as value) if each == name:
                found.append(value)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                if len(targets) == len(values):
                    pairs = zip(targets, values, strict=True)
                    found += [value for each, value in pairs if isinstance(each, ast.Name) and each.id == name]
    return found


def _value(parameter: Parameter, node: ast.expr) -> tuple[bool, Any]:
    """(is it a value of the parameter's type, the value as documents keep it)."""
    typed = typed_literal(parameter.name, node, _guessed)
    if typed is not None:
        return typed[0] is parameter.type, typed[1]
    fine, value = literal(node)
    if not fine:
        return False, None
    if value is None or parameter.type is ParameterType.NONE:
        return parameter.optional or parameter.type is ParameterType.NONE, value
    kind = ParameterType.TUPLE if isinstance(node, ast.Tuple) else _KIND[type(value)]
    if kind is ParameterType.INT and parameter.type is ParameterType.FLOAT:
        return True, float(value)
    return kind is parameter.type, value


def _guessed(node: ast.expr) -> str:
    """A class is known by its own name, whatever its module is called here."""
    last = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return _DOTTED.get(last, "")
