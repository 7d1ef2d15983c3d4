"""Rules across columns, such as `end >= start`: read as a tree of few kinds of nodes, and never run as Python.

    parse("days(end - start) <= 30 or isnull(end)")

What is missing in a row is not known, and what rests on it neither: a row breaks a rule only where that is known. A
difference of two times is in seconds.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from nbmlops.errors import UsageError
from nbmlops.quality.seen import Array, Seen

LONGEST = 1000
_MOST_NODES = 300
_LARGEST = 10**18
COLUMN = "column"
"""`column('net price')`: for names that are none of Python's."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What a piece of an expression comes to, row by row."""

    what: str
    """number, boolean, text or moment."""
    values: Any
    known: Any = True
    is_constant: bool = False


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    tree: ast.expr
    columns: tuple[str, ...]

    def broken(self, columns: Mapping[str, Seen], rows: int) -> Array:
        """Rows in which it is known not to hold. Raises UsageError where it makes no sense of such columns."""
        try:
            with np.errstate(all="ignore"):
                found = _evaluated(self.tree, columns)
                if found.what != "boolean":
                    raise _senseless(f"{self.text!r} is neither true nor false, but a {found.what}")
                return np.broadcast_to(np.logical_and(found.known, np.logical_not(found.values)), (rows,))
        except (TypeError, OverflowError, ValueError) as error:
            if isinstance(error, UsageError):
                raise
            raise _senseless(
                f"{self.text!r} cannot be told of such columns: {' '.join(str(error).split())[:150]}"
            ) from error


def parse(text: str) -> Expression:
    """Raises UsageError for what is no expression, or more than one."""
    if len(text) > LONGEST:
        raise _senseless(f"a check has at most {LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        nodes = list(ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else "it cannot be read"
        raise _senseless(f"{text[:80]!r} is no expression: {why}") from None
    if len(nodes) > _MOST_NODES:
        raise _senseless(f"a check has at most {_MOST_NODES} parts")
    columns: dict[str, None] = {}
    _check(tree, columns)
    if not columns:
        raise _senseless(f"{text[:80]!r} names no column")
    return Expression(text=text.strip(), tree=tree, columns=tuple(columns))


def _check(node: ast.AST, columns: dict[str, None]) -> None:
    match node:
        case ast.BoolOp(values=values):
            parts: list[ast.AST] = list(values)
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.UAdd(), operand=operand):
            parts = [operand]
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.FloorDiv() | ast.Mod()):
            parts = [node.left, node.right]
        case ast.Compare(ops=ops):
            parts = [node.left]
            for op, right in zip(ops, node.comparators, strict=True):
                if isinstance(op, ast.In | ast.NotIn):
                    _check_choices(right)
                elif isinstance(op, ast.Is | ast.IsNot):
                    raise _senseless("a check compares with == and !=, and asks for gaps with isnull(column)")
                else:
                    parts.append(right)
        case ast.Name(id=name):
            columns[name] = None
            return
        case ast.Constant(value=value):
            _check_constant(value)
            return
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name == COLUMN:
            if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
                raise _senseless("column('NAME') takes a name in quotes")
            columns[argument.value] = None
            return
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            parts = [argument]
        case ast.Call():
            raise _senseless(f"a check can use {', '.join((*_FUNCTIONS, COLUMN))}, with one argument each")
        case _:
            raise _senseless(f"{type(node).__name__} has no place in a check")
    for part in parts:
        _check(part, columns)


def _check_choices(node: ast.AST) -> None:
    if not isinstance(node, ast.List | ast.Tuple | ast.Set) or not node.elts:
        raise _senseless("`in` takes a list of values, as in kind in ['red', 'white']")
    for each in node.elts:
        if not isinstance(each, ast.Constant):
            raise _senseless("`in` takes a list of values, as in kind in ['red', 'white']")
        _check_constant(each.value)


def _check_constant(value: Any) -> None:
    if isinstance(value, bool | str):
        return
    if not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise _senseless(f"{str(value)[:40]} is no value of a check: numbers up to 1e18, texts, True and False")


def _evaluated(node: ast.expr, columns: Mapping[str, Seen]) -> Part:
    match node:
        case ast.Constant(value=value):
            what = "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
            return Part(what=what, values=value, is_constant=True)
        case ast.Name(id=name):
            return _column(name, columns)
        case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str() as called)]) if name == COLUMN:
            return _column(called, columns)
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return _FUNCTIONS[name](_evaluated(argument, columns))
        case ast.BoolOp(op=op, values=values):
            found = _evaluated(values[0], columns)
            for each in values[1:]:
                found = _joined(found, _evaluated(each, columns), is_and=isinstance(op, ast.And))
            return found
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            part = _boolean(_evaluated(operand, columns))
            return Part(what="boolean", values=np.logical_not(part.values), known=part.known)
        case ast.UnaryOp(op=op, operand=operand):
            part = _numeric(_evaluated(operand, columns))
            values = np.negative(part.values) if isinstance(op, ast.USub) else part.values
            return Part(what="number", values=values, known=part.known)
        case ast.BinOp(left=left, op=op, right=right):
            return _computed(_evaluated(left, columns), op, _evaluated(right, columns))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            return _compared(left, ops, comparators, columns)
    raise _senseless(f"{type(node).__name__} has no place in a check")


def _column(name: str, columns: Mapping[str, Seen]) -> Part:
    seen = columns.get(name)
    if seen is None:
        raise _senseless(f"there is no column {name[:60]!r}")
    known: Any = True if seen.missing is None else ~seen.missing
    if seen.what == "empty":
        return Part(what="empty", values=np.zeros(seen.rows), known=np.zeros(seen.rows, bool))
    if seen.what == "mixed":
        raise _senseless(f"column {name[:60]!r} holds values of several types")
    values = seen.row_values()
    if seen.what == "text" and seen.missing is not None:
        values = np.where(seen.missing, "", values)
    return Part(what=seen.what, values=values, known=known)


def _compared(left: ast.expr, ops: list[ast.cmpop], comparators: list[ast.expr], columns: Mapping[str, Seen]) -> Part:
    before, found = _evaluated(left, columns), None
    for op, comparator in zip(ops, comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            assert isinstance(comparator, ast.List | ast.Tuple | ast.Set)
            each = _among(before, [item.value for item in comparator.elts if isinstance(item, ast.Constant)])
            if isinstance(op, ast.NotIn):
                each = msgspec.structs.replace(each, values=np.logical_not(each.values))
        else:
            after = _evaluated(comparator, columns)
            one, other = _alike(before, after)
            known = np.logical_and(before.known, after.known)
            each = Part(what="boolean", values=_COMPARISONS[type(op)](one, other), known=known)
            before = after
        found = each if found is None else _joined(found, each, is_and=True)
    assert found is not None
    return found


def _among(part: Part, values: list[Any]) -> Part:
    found: Any = False
    for value in values:
        what = "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
        one, other = _alike(part, Part(what=what, values=value, is_constant=True))
        found = np.logical_or(found, one == other)
    return Part(what="boolean", values=found, known=part.known)


def _alike(one: Part, other: Part) -> tuple[Any, Any]:
    """Values that can be compared. Raises UsageError for kinds that cannot."""
    if "empty" in (one.what, other.what):
        return 0, 0
    left, right = one.values, other.values
    if one.what == "moment" and other.what == "text" and other.is_constant:
        return left, np.datetime64(str(right))
    if other.what == "moment" and one.what == "text" and one.is_constant:
        return np.datetime64(str(left)), right
    if one.what != other.what:
        raise _senseless(f"a {one.what} is compared with a {other.what}")
    return left, right


def _computed(one: Part, op: ast.operator, other: Part) -> Part:
    known = np.logical_and(one.known, other.known)
    if one.what == other.what == "moment" and isinstance(op, ast.Sub):
        passed = (one.values - other.values) / np.timedelta64(1, "s")
        return Part(what="number", values=passed, known=np.logical_and(known, ~np.isnan(passed)))
    left = np.asarray(_numeric(one).values, np.float64)
    right = np.asarray(_numeric(other).values, np.float64)
    found = _OPERATIONS[type(op)](left, right)
    return Part(what="number", values=found, known=np.logical_and(known, ~np.isnan(found)))


def _joined(one: Part, other: Part, *, is_and: bool) -> Part:
    """Three-valued: what is false makes `and` false, whatever the other one is."""
    one, other = _boolean(one), _boolean(other)
    if is_and:
        values = np.logical_and(one.values, other.values)
        decided = np.logical_or(
            np.logical_and(one.known, np.logical_not(one.values)),
            np.logical_and(other.known, np.logical_not(other.values)),
        )
        values = np.logical_and(values, np.logical_not(decided))
    else:
        decided = np.logical_or(np.logical_and(one.known, one.values), np.logical_and(other.known, other.values))
        values = np.logical_or(decided, False)
    known = np.logical_or(decided, np.logical_and(one.known, other.known))
    return Part(what="boolean", values=values, known=known)


def _boolean(part: Part) -> Part:
    if part.what == "empty":
        return Part(what="boolean", values=np.zeros(len(part.values), bool), known=part.known)
    if part.what != "boolean":
        raise _senseless(f"a {part.what} is neither true nor false")
    return part


def _numeric(part: Part) -> Part:
    if part.what == "empty":
        return Part(what="number", values=part.values, known=part.known)
    if part.what != "number":
        raise _senseless(f"a {part.what} is no number")
    return part


def _texts(part: Part, change: Callable[[str], Any], what: str) -> Part:
    if part.what == "empty":
        return part if what == "text" else Part(what="number", values=part.values, known=part.known)
    if part.what != "text":
        raise _senseless(f"a {part.what} is no text")
    texts = np.atleast_1d(np.asarray(part.values, object))
    found = np.empty(len(texts), object if what == "text" else np.float64)
    found[:] = [change(each) for each in texts]
    return Part(what=what, values=found, known=part.known)


def _is_null(part: Part) -> Part:
    return Part(what="boolean", values=np.logical_not(part.known))


def _absolute(part: Part) -> Part:
    part = _numeric(part)
    return Part(what="number", values=np.abs(np.asarray(part.values, np.float64)), known=part.known)


def _per(seconds: float) -> Callable[[Part], Part]:
    def divided(part: Part) -> Part:
        part = _numeric(part)
        return Part(what="number", values=np.asarray(part.values, np.float64) / seconds, known=part.known)

    return divided


def _senseless(why: str) -> UsageError:
    return UsageError(why, kind="check-malformed")


_FUNCTIONS: dict[str, Callable[[Part], Part]] = {
    "abs": _absolute,
    "isnull": _is_null,
    "length": lambda part: _texts(part, len, "number"),
    "lower": lambda part: _texts(part, str.lower, "text"),
    "upper": lambda part: _texts(part, str.upper, "text"),
    "hours": _per(3600.0),
    "days": _per(86_400.0),
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: lambda one, other: one == other,
    ast.NotEq: lambda one, other: one != other,
    ast.Lt: lambda one, other: one < other,
    ast.LtE: lambda one, other: one <= other,
    ast.Gt: lambda one, other: one > other,
    ast.GtE: lambda one, other: one >= other,
}
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
}
