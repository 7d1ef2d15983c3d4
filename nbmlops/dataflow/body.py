"""Walking statements: branches, loops, scopes, definitions, imports."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from nbmlops.dataflow import files, magics
from nbmlops.dataflow.calls import Calls
from nbmlops.dataflow.expressions import root_name
from nbmlops.dataflow.frame import Effects, module_paths
from nbmlops.dataflow.values import (
    CLASS,
    FUNCTION,
    IMMUTABLE,
    LIBRARY,
    SCALAR,
    Class,
    Function,
    Namespace,
    Value,
    join,
)

_SURVIVES = frozenset({"NameError", "Exception", "BaseException"})


class Body(Calls):
    def walk(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self.world.budget -= 1
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr():
                self.evaluate(node.value)
            case ast.Assign():
                self._assign(node)
            case ast.AnnAssign():
                if self.values is None and not self.world.late_annotations:
                    self.evaluate(node.annotation)
                if node.value is not None:
                    self.bind_target(node.target, self.evaluate(node.value), node.value)
            case ast.AugAssign():
                self._augmented(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node)
            case ast.ClassDef():
                self._class(node)
            case ast.Return():
                self.returned = join(self.returned, self.evaluate(node.value))
            case ast.Delete():
                for target in node.targets:
                    self._delete(target)
            case ast.If():
                self.evaluate(node.test)
                self.branches([lambda: self.walk(node.body), lambda: self.walk(node.orelse)])
            case ast.For() | ast.AsyncFor():
                source = self.evaluate(node.iter)

                def loop() -> None:
                    self.bind_target(node.target, self.iterate(source) if source.kind != IMMUTABLE else SCALAR, None)
                    self.walk(node.body)

                self._loop(loop, node.orelse)
            case ast.While():
                self.evaluate(node.test)

                def turn() -> None:
                    self.walk(node.body)
                    self.evaluate(node.test)

                self._loop(turn, node.orelse)
            case ast.With(items=[ast.withitem(context_expr=ast.Call(func=ast.Name(id=magics.APART)))]):
                self.effects.displays = True
                apart = self.child({})
                if isinstance(apart, Body):
                    apart.walk(node.body)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    value = self.evaluate(item.context_expr)
                    entered = self.dunder(value, ("__enter__", "__aenter__"))
                    self.dunder(value, ("__exit__", "__aexit__"), SCALAR, SCALAR, SCALAR)
                    if item.optional_vars is not None:
                        # Most managers give themselves; what they give instead is part of them.
                        self.bind_target(item.optional_vars, join(entered, join(value, value.part())), None)
                self.walk(node.body)
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Match():
                subject = self.evaluate(node.subject)
                self.branches([*(self._case(case, subject) for case in node.cases), lambda: None])
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.Raise() | ast.Assert():
                for each in ast.iter_child_nodes(node):
                    if isinstance(each, ast.expr):
                        self.evaluate(each)

    def _loop(self, turn: Callable[[], None], orelse: list[ast.stmt]) -> None:
        """Twice round shows what one turn leaves for the next; never round is possible too."""

        def twice() -> None:
            turn()
            turn()

        self.branches([twice, lambda: None])
        self.walk(orelse)

    def _assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if (
                isinstance(target, ast.Tuple | ast.List)
                and isinstance(node.value, ast.Tuple | ast.List)
                and len(target.elts) == len(node.value.elts)
                and not any(isinstance(each, ast.Starred) for each in (*target.elts, *node.value.elts))
            ):
                values = [self.evaluate(each) for each in node.value.elts]
                for each, value in zip(target.elts, values, strict=True):
                    self.bind_target(each, value, None)
                return
        value = self.evaluate(node.value)
        for target in node.targets:
            self.bind_target(target, value, node.value)

    def _augmented(self, node: ast.AugAssign) -> None:
        added = self.evaluate(node.value)
        target = node.target
        if isinstance(target, ast.Name):
            value = self.read(target.id)
            if value.kind == IMMUTABLE:
                text = value.text + added.text if value.text is not None and added.text is not None else None
                self.bind(target.id, replace(SCALAR, text=text))
                return
            name = _IN_PLACE.get(type(node.op), "")
            if (given := self.dunder(value, (f"__i{name}__", f"__{name}__"), added)) is not None:
                self.bind(target.id, join(value, given))
                return
            self.mutate(value.own, target.id)
            self.store(value, added)
            self.bind(target.id, value.holding(added))
            return
        base = self.evaluate(target.value)
        if isinstance(target, ast.Subscript):
            self.evaluate(target.slice)
        if base.kind == LIBRARY:
            self.mutate_library(base.dotted.split(".")[0])
            return
        # The element is changed in place, or replaced.
        self.mutate(base.reach, root_name(target))
        self.store(base, added)

    def _delete(self, target: ast.expr) -> None:
        match target:
            case ast.Name():
                self.unbind(target.id)
            case ast.Tuple() | ast.List():
                for each in target.elts:
                    self._delete(each)
            case ast.Attribute() | ast.Subscript():
                base = self.evaluate(target.value)
                if isinstance(target, ast.Subscript):
                    self.dunder(base, ("__delitem__",), self.evaluate(target.slice))
                self.mutate(base.own, root_name(target))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        value = self.function_value(node.name, node)
        decorators = [self.evaluate(each) for each in node.decorator_list]
        for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            if each.annotation is not None and not self.world.late_annotations:
                self.evaluate(each.annotation)
        if not self.world.late_annotations:
            self.evaluate(node.returns)
        for decorator, written in zip(decorators, node.decorator_list, strict=True):
            value = self._decorated(decorator, written, value)
        self.bind(node.name, value)

    def _decorated(self, decorator: Value, written: ast.expr, value: Value) -> Value:
        if decorator.kind == FUNCTION and not isinstance(written, ast.Attribute):
            for function in sorted(decorator.functions, key=lambda each: each.token):
                # What the decorator returns is called in its stead, and calls it.
                value = value.holding(self.invoke(function, [value], {}))
            return value
        method = written.func if isinstance(written, ast.Call) else written
        if isinstance(method, ast.Attribute) and decorator.kind != LIBRARY:
            # `@app.route("/")`, `@area.register`: an object takes hold of it.
            base = self.evaluate(method.value)
            if base.kind not in (LIBRARY, CLASS):
                self.mutate(base.reach, root_name(method))
                self.store(base, value)
        return value

    def _class(self, node: ast.ClassDef) -> None:
        bases = [self.evaluate(each) for each in node.bases]
        keywords = [self.evaluate(each.value) for each in node.keywords]
        decorators = [self.evaluate(each) for each in node.decorator_list]
        inside = type(self)(self.world, self.namespace, self.effects, parent=self, values={}, via=self.via)
        inside.guarded = self.guarded
        token = self.world.token()
        methods: dict[str, Function] = {}
        setters: dict[str, Function] = {}
        outer = self if self.values is not None else None
        for each in node.body:
            if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                inside.statement(each)
                continue
            for expression in (*each.args.defaults, *each.args.kw_defaults, *each.decorator_list):
                inside.evaluate(expression)
            function = Function(each.name, each, self.namespace, outer, token)
            methods.setdefault(each.name, function)
            if any(isinstance(one, ast.Attribute) and one.attr == "setter" for one in each.decorator_list):
                setters[each.name] = function
            # Later lines of the class may name it: `@size.setter`, `alias = method`.
            inside.bind(each.name, Value(functions=frozenset({function})))
        parents = tuple(cls for base in bases if base.kind == CLASS for cls in base.classes)
        attributes = {name: value for name, value in (inside.values or {}).items() if name not in methods}
        if node.decorator_list or any(base.kind == LIBRARY for base in bases):
            # A dataclass and its like make the annotated ones anew for each instance.
            for each in node.body:
                if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                    attributes.pop(each.target.id, None)
        cls = Class(node.name, self.namespace, methods, parents, token, attributes, setters)
        held = Value().holding(*(inside.values or {}).values())
        own = frozenset({token})
        value = Value(own, own | held.reach, CLASS, classes=frozenset({cls}))
        before = dict(self.effects.mutated)
        for parent in parents:
            if found := parent.method("__init_subclass__"):
                self.invoke(found, [value], {})
        for keyword, given in zip(node.keywords, keywords, strict=True):
            for maker in given.classes if keyword.arg == "metaclass" else ():
                for method in filter(None, (maker.method("__new__"), maker.method("__init__"))):
                    self.invoke(method, [given, SCALAR, SCALAR, value], {})
        for decorator, written in zip(decorators, node.decorator_list, strict=True):
            self._decorated(decorator, written, value)
        changed = [name for name in self.effects.mutated if name not in before]
        if changed:
            self.world.stuck[token] = f"a class that changes {changed[0]} when it is made"
        self.bind(node.name, value)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        survives = any(_survives(handler.type) for handler in node.handlers)

        def guarded() -> None:
            self.guarded += survives
            self.walk(node.body)
            self.guarded -= survives

        def attempt() -> None:
            guarded()
            self.walk(node.orelse)

        def recovery(handler: ast.ExceptHandler) -> Callable[[], None]:
            def recover() -> None:
                # The body may have stopped anywhere: a name has its old value or the new one.
                self.branches([lambda: None, guarded])
                self.evaluate(handler.type)
                if handler.name:
                    self.bind(handler.name, self.world.fresh())
                self.walk(handler.body)

            return recover

        self.branches([attempt, *(recovery(handler) for handler in node.handlers)])
        self.walk(node.finalbody)

    def _case(self, case: ast.match_case, subject: Value) -> Callable[[], None]:
        def walk() -> None:
            for each in ast.walk(case.pattern):
                name = getattr(each, "name", None) or getattr(each, "rest", None)
                if isinstance(name, str):
                    self.bind(name, subject.part())
                elif isinstance(each, ast.MatchValue):
                    self.evaluate(each.value)
                elif isinstance(each, ast.MatchClass):
                    self.evaluate(each.cls)
            self.evaluate(case.guard)
            self.walk(case.body)

        return walk

    # Imports

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.effects.modules[alias.name] = None
                self._module_file(alias.name)
                self.load(alias.name)
                top = alias.name.split(".")[0]
                self.bind(alias.asname or top, Value(kind=LIBRARY, dotted=alias.name if alias.asname else top))
            return
        module = node.module or ""
        if node.level:
            package = self.namespace.name.rsplit(".", node.level)[0] if self.namespace.name else ""
            module = f"{package}.{module}".strip(".")
        if module == "__future__" and self.in_notebook:
            self.world.late_annotations |= any(alias.name == "annotations" for alias in node.names)
        self.effects.modules[module] = None
        self._module_file(module)
        space = self.load(module)
        for alias in node.names:
            if alias.name == "*":
                self._star(module, space)
                continue
            if space is None or alias.name not in space.values:
                self.load(f"{module}.{alias.name}")
            value = self.library(f"{module}.{alias.name}")
            self.bind(alias.asname or alias.name, value)

    def _star(self, module: str, space: Namespace | None) -> None:
        if space is not None:
            for name in space.values:
                if not name.startswith("_"):
                    self.bind(name, self.library(f"{module}.{name}"))
            return
        star = f"from {module} import *"
        self.namespace.stars.pop(star, None)
        self.namespace.stars[star] = module
        if self.in_notebook:
            self.effects.bind(star)

    def _module_file(self, module: str) -> None:
        """A module that the notebook has written itself."""
        for path in module_paths(module):
            if (name := files.file_name(path)) in self.world.notebook.values:
                self.effects.read(name)

    def load(self, module: str) -> Namespace | None:
        """The globals of a local module, analysed once; None for a library."""
        world = self.world
        if module in world.local_modules:
            return world.local_modules[module]
        world.local_modules[module] = None
        parent = module.rpartition(".")[0]
        if parent:
            self.load(parent)
        source = world.source(module)
        if source is None:
            return None
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return None
        space = Namespace(module)
        world.local_modules[module] = space
        effects = Effects()
        frame = type(self)(world, space, effects)
        frame.guarded = 1
        frame.walk(tree.body)
        world.module_imports.update(effects.modules)
        state = frozenset({f"m:{module}"})
        world.notebook.values.setdefault(f"{module} (module state)", Value(state, state))
        return space


_IN_PLACE = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.BitOr: "or",
    ast.BitAnd: "and",
    ast.MatMult: "matmul",
}


def _survives(kind: ast.expr | None) -> bool:
    """Does `except KIND` catch a NameError?"""
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(isinstance(each, ast.Name) and each.id in _SURVIVES for each in kinds)
