"""What an expression reads, changes and gives."""

from __future__ import annotations

import abc
import ast
import itertools
import posixpath
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce

from nbmlops.dataflow import figures, knowledge
from nbmlops.dataflow.frame import Frame
from nbmlops.dataflow.names import free_names, mentioned
from nbmlops.dataflow.values import (
    CLASS,
    CONTAINER,
    FUNCTION,
    IMMUTABLE,
    LIBRARY,
    NONE,
    OPEN,
    SCALAR,
    Function,
    Tokens,
    Value,
    join,
    text_value,
)


class Expressions(Frame, abc.ABC):
    @abc.abstractmethod
    def call(self, node: ast.Call) -> Value:
        """What a call gives, and does to its arguments: calls.py."""

    @abc.abstractmethod
    def invoke(self, function: Function, positional: list[Value], named: dict[str, Value]) -> Value:
        """What a function of the notebook gives for these arguments: calls.py."""

    def child(self, values: dict[str, Value]) -> Expressions:
        """A scope inside of this one (comprehensions)."""
        frame = type(self)(self.world, self.namespace, self.effects, parent=self, values=values, via=self.via)
        frame.guarded = self.guarded
        return frame

    def evaluate(self, node: ast.expr | None) -> Value:
        match node:
            case None:
                return SCALAR
            case ast.Constant():
                return text_value(node.value if isinstance(node.value, str) else None)
            case ast.Name():
                return self.read(node.id)
            case ast.Call():
                return self.call(node)
            case ast.Attribute():
                return self.attribute(self.evaluate(node.value), node.attr)
            case ast.Subscript():
                return self._subscript(node)
            case ast.List() | ast.Tuple() | ast.Set():
                return self._container([self.evaluate(each) for each in node.elts], isinstance(node, ast.Tuple))
            case ast.Dict():
                parts = [self.evaluate(each) for each in (*node.keys, *node.values) if each is not None]
                return self._container(parts)
            case ast.BinOp():
                return self._operation(node)
            case ast.BoolOp():
                values = [self.evaluate(each) for each in node.values]
                result = values[0]
                for each in values[1:]:
                    result = join(result, each)
                return result
            case ast.UnaryOp():
                operand = self.evaluate(node.operand)
                self.dunder(operand, _UNARY)
                return SCALAR if operand.kind == IMMUTABLE or isinstance(node.op, ast.Not) else self.world.fresh()
            case ast.Compare(left=ast.Constant(value=str() as name), comparators=[inside]) if self.is_globals(inside):
                if name in self.world.notebook.values:
                    self.read_global(name)
                return SCALAR
            case ast.Compare():
                parts = [self.evaluate(each) for each in (node.left, *node.comparators)]
                for one, other in itertools.pairwise(parts):
                    self.dunder(one, _COMPARING, other)
                    self.dunder(other, (*_COMPARING, "__contains__"), one)
                return SCALAR if all(part.kind == IMMUTABLE for part in parts) else self.world.fresh()
            case ast.IfExp():
                self.evaluate(node.test)
                return join(self.evaluate(node.body), self.evaluate(node.orelse))
            case ast.NamedExpr():
                value = self.evaluate(node.value)
                self._walrus(node.target.id, value)
                return value
            case ast.Lambda():
                return self.function_value("<lambda>", node)
            case ast.JoinedStr():
                texts = [self._formatted(each) for each in node.values]
                return text_value("".join(t for t in texts if t is not None) if None not in texts else None)
            case ast.ListComp() | ast.SetComp():
                return self._container([self._comprehension(node.generators, (node.elt,))])
            case ast.DictComp():
                return self._container([self._comprehension(node.generators, (node.key, node.value))])
            case ast.GeneratorExp():
                held = self._comprehension(node.generators, (node.elt,))
                late = frozenset(free_names(node)) if self.values is None and self.in_notebook else frozenset()
                return replace(self.world.fresh("a generator").holding(held), lazy=late | held.lazy)
            case ast.Starred() | ast.Await():
                inner = self.evaluate(node.value)
                return self.iterate(inner) if isinstance(node, ast.Starred) else inner
            case ast.Yield() | ast.YieldFrom():
                self.returned = join(self.returned, self.evaluate(node.value))
                return Value()
            case ast.Slice():
                for bound in (node.lower, node.upper, node.step):
                    self.evaluate(bound)
                return SCALAR
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.evaluate(child)
        return self.world.fresh()

    def attribute(self, base: Value, name: str) -> Value:
        if base.kind == LIBRARY:
            return self.library(f"{base.dotted}.{name}")
        if base.kind == CLASS:
            for each in base.classes:
                if found := each.method(name):
                    return Value(kind=FUNCTION, functions=frozenset({found}))
        if base.text is not None and name in ("parent", "name", "stem", "suffix"):
            text = {
                "parent": posixpath.dirname(base.text) or ".",
                "name": posixpath.basename(base.text),
                "stem": posixpath.splitext(posixpath.basename(base.text))[0],
                "suffix": posixpath.splitext(base.text)[1],
            }[name]
            return text_value(text)
        for each in base.classes:
            found = each.method(name)
            if found and _is_property(found):
                return join(base.part(), self.invoke(found, [base], {}))
        if name in ("shape", "size", "ndim", "dtype", "__name__", "empty"):
            return SCALAR
        if base.kind != CLASS and base.classes:
            self.dunder(base, ("__getattr__", "__getattribute__"))
            shared = [each.attribute(name) for each in base.classes]
            return reduce(join, [each for each in shared if each is not None and each.reach], base.part())
        if name in ("T", "flat", "real", "imag") and (is_array(base) or may_be_array(base)):
            return replace(base.part(), made=base.made, is_view=True)
        return base.part()

    def library(self, dotted: str) -> Value:
        """A member of a library, or of a local module where its source is known."""
        module, _, name = dotted.rpartition(".")
        space = self.world.local_modules.get(module)
        if space is not None:
            inside = type(self)(self.world, space, self.effects)
            if name in space.values:
                return inside.read_global(name)
        return Value(kind=LIBRARY, dotted=figures.without_pylab(dotted))

    def function_value(self, name: str, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Value:
        token = self.world.token()
        inner = self if self.values is not None else None
        function = Function(name, node, self.namespace, inner, token)
        arguments = node.args
        for default in (*arguments.defaults, *arguments.kw_defaults):
            self.evaluate(default)
        own = frozenset({token})
        return Value(own, own | self._captured(node), FUNCTION, functions=frozenset({function}))

    def _captured(self, node: ast.AST) -> Tokens:
        """What a function defined inside of others holds of their local names."""
        found: Tokens = NONE
        names = mentioned(node) if self.values is not None else ()
        frame: Frame | None = self
        while frame is not None and frame.values is not None:
            held = [frame.values[name].reach for name in names if name in frame.values]
            if any(name in frame.values for name in names):
                found |= frozenset({frame.token}).union(*held)
            frame = frame.parent
        return found

    def dunder(self, value: Value, names: Iterable[str], *given: Value) -> Value | None:
        """Operators on an instance of a class of the notebook are calls of its methods."""
        result: Value | None = None
        if value.kind != CLASS and value.classes:
            for name in names:
                for each in sorted(value.classes, key=lambda each: each.token):
                    if found := each.method(name):
                        result = join(result, self.invoke(found, [value, *given], {}))
        return result

    def iterate(self, value: Value) -> Value:
        """What a loop over the value gives, one by one."""
        given = self.dunder(value, ("__iter__", "__next__", "__getitem__"))
        part = value.part()
        used_up = {token for token in value.reach if self.world.stuck.get(token) in knowledge.CONSUMED}
        if value.own & used_up:
            # What comes out of an iterator or a file does not hold on to it.
            part = replace(part, own=part.own - used_up, reach=part.reach - used_up)
        return join(given, part) if given is not None else part

    def _walrus(self, name: str, value: Value) -> None:
        """A walrus in a comprehension binds in the scope around it."""
        frame: Frame = self
        while isinstance(frame, Expressions) and frame.parent is not None and frame.values is not None:
            if not getattr(frame, "is_comprehension", False):
                break
            frame = frame.parent
        frame.bind(name, value)

    def _container(self, parts: list[Value], is_tuple: bool = False) -> Value:
        if is_tuple and all(part.kind == IMMUTABLE and not part.reach for part in parts):
            return SCALAR
        return replace(self.world.fresh(), kind=CONTAINER).holding(*parts)

    def is_globals(self, node: ast.expr) -> bool:
        """The notebook's names as a dict: `globals()`, at top level `locals()`, `get_ipython().user_ns`."""
        match node:
            case ast.Call(func=ast.Name(id=name), args=[]):
                return name == "globals" or (name in ("locals", "vars", "dir") and self.values is None)
            case ast.Attribute(attr="user_ns" | "user_global_ns"):
                return True
        return False

    def _subscript(self, node: ast.Subscript) -> Value:
        if self.is_globals(node.value):
            name = self.evaluate(node.slice).text
            if name is not None:
                return self.read_global(name)
        base = self.evaluate(node.value)
        key = self.evaluate(node.slice)
        if (given := self.dunder(base, ("__getitem__", "__missing__"), key)) is not None:
            return join(given, base.part())
        if base.kind == LIBRARY:
            return Value(kind=LIBRARY, dotted=base.dotted) if base.dotted else Value()
        if isinstance(node.slice, ast.List | ast.Compare):
            # A list of columns and a mask make a copy, in numpy and in pandas.
            return self.world.fresh().holding(replace(base, reach=frozenset()))
        if base.kind == CONTAINER and isinstance(node.slice, ast.Slice):
            return replace(self.world.fresh(), kind=CONTAINER).holding(base)
        if is_array(base) or (_is_slice(node.slice) and may_be_array(base)):
            return replace(base.part(), made=base.made, is_view=True)
        return base.part()

    def _operation(self, node: ast.BinOp) -> Value:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        name = _OPERATORS.get(type(node.op).__name__, type(node.op).__name__.lower())
        for one, other, method in ((left, right, f"__{name}__"), (right, left, f"__r{name}__")):
            if (given := self.dunder(one, (method,), other)) is not None:
                return given
        if left.text is not None and right.text is not None:
            if isinstance(node.op, ast.Div):
                return text_value(posixpath.join(left.text, right.text))
            if isinstance(node.op, ast.Add):
                return text_value(left.text + right.text)
        if left.made == "pathlib.Path" or right.made == "pathlib.Path":
            return Value(kind=IMMUTABLE, made="pathlib.Path")
        if left.kind == IMMUTABLE and right.kind == IMMUTABLE:
            return SCALAR
        result = replace(self.world.fresh(), made=next((each.made for each in (left, right) if is_tabular(each)), ""))
        if CONTAINER in (left.kind, right.kind):
            result = replace(result.holding(left, right), kind=CONTAINER)
        return result

    def _formatted(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.FormattedValue):
            value = self.evaluate(node.value)
            self.evaluate(node.format_spec)
            return value.text if node.format_spec is None else None
        return self.evaluate(node).text

    def _comprehension(self, generators: list[ast.comprehension], results: tuple[ast.expr, ...]) -> Value:
        inside = self.child({})
        inside.is_comprehension = True
        for number, generator in enumerate(generators):
            source = (self if number == 0 else inside).evaluate(generator.iter)
            inside.bind_target(generator.target, inside.iterate(source), None)
            for condition in generator.ifs:
                inside.evaluate(condition)
        held = Value().holding(*(inside.evaluate(each) for each in results))
        return held

    is_comprehension = False

    # Targets

    def bind_target(self, target: ast.expr, value: Value, node: ast.expr | None) -> None:
        """Assign; `node` is the expression of the value where there is one."""
        match target:
            case ast.Name():
                self.bind(target.id, value)
            case ast.Tuple() | ast.List():
                part = self.iterate(value) if value.kind != IMMUTABLE or value.reach else SCALAR
                for each in target.elts:
                    self.bind_target(each, part, None)
            case ast.Starred():
                self.bind_target(target.value, replace(self.world.fresh(), kind=CONTAINER).holding(value), None)
            case ast.Attribute():
                base = self.evaluate(target.value)
                self._set_property(base, target.attr, value)
                self._store_in(base, target.value, value)
            case ast.Subscript() if self.is_globals(target.value):
                name = self.evaluate(target.slice).text
                if name is None:
                    self.open_names("globals()")
                else:
                    self.world.notebook.values[name] = value
                    self.effects.bind(name)
            case ast.Subscript():
                base = self.evaluate(target.value)
                self.dunder(base, ("__setitem__",), self.evaluate(target.slice), value)
                self._store_in(base, target.value, value)

    def _set_property(self, base: Value, name: str, value: Value) -> None:
        self.dunder(base, ("__setattr__",), SCALAR, value)
        for each in base.classes if base.kind != CLASS else ():
            setter = next((one.setters[name] for one in each.lineage if name in one.setters), None)
            if setter is not None:
                self.invoke(setter, [base, value], {})

    def _store_in(self, base: Value, node: ast.expr, value: Value) -> None:
        if base.kind == LIBRARY:
            package = base.dotted.split(".")[0]
            self.mutate_library(package)
            return
        self.mutate(base.own, root_name(node))
        self.store(base, value)


_OPERATORS = {"Mult": "mul", "Div": "truediv", "LShift": "lshift", "RShift": "rshift", "BitOr": "or", "BitXor": "xor"}
_OPERATORS |= {"BitAnd": "and", "MatMult": "matmul"}
_UNARY = ("__neg__", "__pos__", "__invert__", "__bool__", "__len__")
_COMPARING = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")


def is_array(value: Value) -> bool:
    """An array of numpy, as far as one can see: parts of it are views of its memory."""
    return value.made.startswith("numpy.")


def may_be_array(value: Value) -> bool:
    return not value.made and value.kind == OPEN and value.text is None


def is_tabular(value: Value) -> bool:
    """Of numpy or pandas: so is most of what is computed from it."""
    return value.made.startswith(("numpy.", "pandas."))


def _is_slice(node: ast.expr) -> bool:
    return isinstance(node, ast.Slice) or (isinstance(node, ast.Tuple) and any(map(_is_slice, node.elts)))


def root_name(node: ast.expr) -> str:
    """`df` of `df.loc[0].x`; empty where the expression starts with no name."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_property(function: Function) -> bool:
    if isinstance(function.node, ast.Lambda):
        return False
    return any(
        isinstance(each, ast.Name | ast.Attribute)
        and (each.id if isinstance(each, ast.Name) else each.attr) in ("property", "cached_property", "setter")
        for each in function.node.decorator_list
    )
