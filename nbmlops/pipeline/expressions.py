"""Small expressions of pipeline.yaml over parameters and handed values: `accuracy > 0.9 and model == "forest"`.

    tree = parse("len(rows) > 10")          # ValueError for anything but plain arithmetic and comparisons
    names(tree)                             # ("rows",)
    evaluate(tree, {"rows": [1, 2]})        # False

Nothing of it is ever executed as code: the few kinds of nodes that there are have a meaning here each. There are no
attributes, no calls but those in FUNCTIONS, and nothing that grows without bounds.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

LONGEST = 1000
"""Characters of an expression."""
LONGEST_RANGE = 100_000
LONGEST_SHOWN = 60


def _range(*bounds: int) -> list[int]:
    made = range(*bounds)
    if len(made) > LONGEST_RANGE:
        raise ValueError(f"range has more than {LONGEST_RANGE:,} items")
    return list(made)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": len, "abs": abs, "min": min, "max": max, "sum": sum, "round": round, "range": _range,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}


def parse(text: str) -> ast.expr:
    """Raises ValueError, in one line, for what is no expression of this kind."""
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"it is no expression ({getattr(error, 'msg', error)})") from None
    try:
        _check(tree)
    except RecursionError:
        raise ValueError("it is too deep") from None
    return tree


def names(tree: ast.expr) -> tuple[str, ...]:
    """The names whose values it needs, in the order in which they stand there."""
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return tuple(dict.fromkeys(node.id for node in found))


def evaluate(tree: ast.expr, values: Mapping[str, Any]) -> Any:
    """Raises ValueError, in one line, where the values do not go together with what is done to them."""
    try:
        return _value(tree, values)
    except (TypeError, ArithmeticError, LookupError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {' '.join(str(error).split())}") from None


def shown(value: object) -> str:
    """A value in few characters, for people."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 4]} ..."


def _check(node: ast.expr) -> None:
    inner: list[ast.expr | None]
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None) | ast.Name():
            inner = []
        case ast.BoolOp():
            inner = [*node.values]
        case ast.UnaryOp() if type(node.op) in _SIGNS:
            inner = [node.operand]
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            inner = [node.left, node.right]
        case ast.Compare():
            inner = [node.left, *node.comparators]
        case ast.List() | ast.Tuple() | ast.Set():
            inner = [*node.elts]
        case ast.Dict():
            inner = [*node.keys, *node.values]
        case ast.Subscript():
            inner = [node.value, node.slice]
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS:
            inner = [*node.args]
        case ast.Call():
            raise ValueError(f"{ast.unparse(node)} may not be called: there are {', '.join(FUNCTIONS)}")
        case _:
            raise ValueError(f"{ast.unparse(node)} is more than it may say")
    for each in inner:
        if each is None:
            raise ValueError(f"{ast.unparse(node)} is more than it may say")
        _check(each)


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    def of(inner: ast.expr) -> Any:
        return _value(inner, values)

    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return values[node.id]
        case ast.BoolOp():
            is_and = isinstance(node.op, ast.And)
            found: Any = is_and
            for each in node.values:
                found = of(each)
                if bool(found) is not is_and:
                    break
            return found
        case ast.UnaryOp():
            return _SIGNS[type(node.op)](of(node.operand))
        case ast.BinOp():
            return _calculated(node.op, of(node.left), of(node.right))
        case ast.Compare():
            left = of(node.left)
            for operation, other in zip(node.ops, node.comparators, strict=True):
                right = of(other)
                if not _COMPARISONS[type(operation)](left, right):
                    return False
                left = right
            return True
        case ast.List():
            return [of(each) for each in node.elts]
        case ast.Tuple():
            return tuple(of(each) for each in node.elts)
        case ast.Set():
            return {of(each) for each in node.elts}
        case ast.Dict():
            return {of(key): of(value) for key, value in zip(node.keys, node.values, strict=True) if key is not None}
        case ast.Subscript():
            return of(node.value)[of(node.slice)]
        case ast.Call(func=ast.Name(id=name)):
            return FUNCTIONS[name](*(of(each) for each in node.args))
    raise AssertionError(ast.dump(node))


def _calculated(operation: ast.operator, left: Any, right: Any) -> Any:
    """Numbers; of the others, only adding: a text times a number could be of any length."""
    is_number = isinstance(left, int | float) and isinstance(right, int | float)
    if not (is_number or isinstance(operation, ast.Add)):
        raise TypeError(f"{shown(left)} and {shown(right)} are no numbers")
    return _ARITHMETIC[type(operation)](left, right)
