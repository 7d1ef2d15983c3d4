"""What analysis knows of a value: which objects it may be, which it may reach, and what it is made of.

Objects are tokens, one for each place that makes one. Two variables may share a mutable object when their
tokens meet: after `c = [a]`, changing `a` changes `c`, and changing `c[0]` changes both.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbmlops.dataflow.frame import Frame

IMMUTABLE = "immutable"
LIBRARY = "library"
FUNCTION = "function"
CLASS = "class"
INSTANCE = "instance"
CONTAINER = "container"
OPEN = ""
"""Anything."""

Tokens = frozenset[str]
NONE: Tokens = frozenset()


@dataclass(eq=False)
class Function:
    """A function of the notebook or of a local module."""

    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    namespace: Namespace
    frame: Frame | None
    """Where it was defined, when that is inside another function."""
    token: str
    """Its own object: mutable defaults and attributes live there."""


@dataclass(eq=False)
class Class:
    name: str
    namespace: Namespace
    methods: dict[str, Function]
    bases: tuple[Class, ...]
    token: str
    attributes: dict[str, Value] = field(default_factory=dict)
    """What its body binds, other than methods."""
    setters: dict[str, Function] = field(default_factory=dict)

    @property
    def lineage(self) -> tuple[Class, ...]:
        """Itself, then its bases and theirs."""
        return (self, *(each for base in self.bases for each in base.lineage))

    def method(self, name: str) -> Function | None:
        return next((each.methods[name] for each in self.lineage if name in each.methods), None)

    def attribute(self, name: str) -> Value | None:
        return next((each.attributes[name] for each in self.lineage if name in each.attributes), None)


@dataclass(eq=False)
class Namespace:
    """The globals of the notebook (no name) or of a local module."""

    name: str
    values: dict[str, Value] = field(default_factory=dict)
    stars: dict[str, str] = field(default_factory=dict)
    """Where names come from that nothing binds, last one last: the hidden name of the statement that brings them
    (`from math import *`), and the module; an empty text where only execution tells which names they are."""


@dataclass(frozen=True)
class Value:
    own: Tokens = NONE
    reach: Tokens = NONE
    kind: str = OPEN
    dotted: str = ""
    """Where a library's module, function or class is found: `pandas.read_csv`."""
    made: str = ""
    """The library class or function that made it."""
    functions: frozenset[Function] = frozenset()
    """Functions it is or holds."""
    classes: frozenset[Class] = frozenset()
    """The class it is, or the classes of the instances it is or holds."""
    lazy: Tokens = NONE
    """Variables that are read only when it is used (generator expressions)."""
    text: str | None = None
    """The string or path, where it is known."""
    is_view: bool = False
    """It may be a part of the memory of another array, which pickling would copy."""

    def part(self) -> Value:
        """An element, an attribute, or the value itself: one cannot tell."""
        kind = self.kind if self.kind in (IMMUTABLE, INSTANCE) else OPEN
        if kind == INSTANCE:
            kind = OPEN
        return Value(self.reach, self.reach, kind, functions=self.functions, classes=self.classes, lazy=self.lazy)

    def holding(self, *others: Value) -> Value:
        """The same object with the others somewhere in it."""
        reach, functions, classes, lazy = self.reach, self.functions, self.classes, self.lazy
        for other in others:
            reach |= other.reach
            functions |= other.functions
            lazy |= other.lazy
            if other.kind != CLASS:
                classes |= other.classes
        return replace(self, reach=reach, functions=functions, classes=classes, lazy=lazy)


SCALAR = Value(kind=IMMUTABLE)


@lru_cache(maxsize=4096)
def declared(node: ast.AST, kind: type[ast.Global] | type[ast.Nonlocal]) -> frozenset[str]:
    return frozenset(name for each in ast.walk(node) if isinstance(each, kind) for name in each.names)


def text_value(text: str | None) -> Value:
    return Value(kind=IMMUTABLE, text=text)


def join(first: Value | None, second: Value | None) -> Value:
    """One of the two."""
    if first is second or first is None or second is None or first == second:
        return first or second or Value()
    return Value(
        first.own | second.own,
        first.reach | second.reach,
        first.kind if first.kind == second.kind else OPEN,
        first.dotted if first.dotted == second.dotted else "",
        first.made if first.made == second.made else "",
        first.functions | second.functions,
        first.classes | second.classes,
        first.lazy | second.lazy,
        first.text if first.text == second.text else None,
        first.is_view or second.is_view,
    )


def literal(node: ast.expr, nested: bool = False) -> tuple[bool, Any]:
    """(is it a literal that a parameter can hold, its value).

    A tuple inside of another literal would come back from JSON as a list, so it is none.
    """
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None):
            return True, node.value
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float() as number)):
            if isinstance(number, bool):
                return False, None
            return True, -number if isinstance(node.op, ast.USub) else number
        case ast.List() | ast.Tuple() if not (nested and isinstance(node, ast.Tuple)):
            parts = [literal(each, True) for each in node.elts]
            values = [value for _, value in parts]
            return all(ok for ok, _ in parts), values
        case ast.Dict():
            keys = [literal(key, True) if key is not None else (False, None) for key in node.keys]
            parts = [literal(each, True) for each in node.values]
            fine = all(ok and isinstance(key, str) for ok, key in keys) and all(ok for ok, _ in parts)
            return fine, {key: value for (_, key), (_, value) in zip(keys, parts, strict=True)} if fine else None
    return False, None
