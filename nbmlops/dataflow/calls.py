"""What a call does: our own functions are walked into, other people's are looked up.

scale(df)           a function of the notebook: its effects on df are those of its body
model.fit(X, y)     changes model, fits
plt.plot(x)         draws on pyplot's current figure
np.random.rand()    advances numpy's global state, where somebody seeded it
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, reduce

from nbmlops.dataflow import draws, figures, files, knowledge, magics, shell
from nbmlops.dataflow.expressions import is_array, is_tabular, may_be_array, root_name
from nbmlops.dataflow.frame import DEPTH
from nbmlops.dataflow.names import free_names
from nbmlops.dataflow.unseen import Unseen
from nbmlops.dataflow.values import (
    CLASS,
    CONTAINER,
    FUNCTION,
    IMMUTABLE,
    INSTANCE,
    LIBRARY,
    SCALAR,
    Class,
    Function,
    Value,
    declared,
    join,
    text_value,
)


class Calls(Unseen):
    def call(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Name) and node.func.id in magics.MARKS:
            return self._mark(node.func.id, node)
        base: Value | None = None
        callee = Value()
        if isinstance(node.func, ast.Attribute):
            if self.is_globals(node.func.value):
                return self.of_globals(node, node.func.attr)
            base = self.evaluate(node.func.value)
            if base.kind in (LIBRARY, CLASS):
                callee, base = self.attribute(base, node.func.attr), None
        else:
            callee = self.evaluate(node.func)
        positional = [self.evaluate(each) for each in node.args]
        named = {each.arg or "**": self.evaluate(each.value) for each in node.keywords}
        if isinstance(node.func, ast.Attribute) and base is not None:
            return self._method(node, node.func, base, positional, named)
        if callee.kind == FUNCTION:
            return self._all(callee.functions, positional, named)
        if callee.kind == CLASS:
            return self._instance(callee, positional, named)
        if callee.kind == LIBRARY:
            if callee.dotted in ("exec", "eval"):
                return self.execute(callee.dotted, node, positional, named)
            self._call_back([*positional, *named.values()])
            for each in positional:
                self.dunder(each, knowledge.CALLED_BY_BUILTINS.get(callee.dotted, ()))
            return self.library_call(node, callee.dotted, positional, named)
        return self._unknown(callee, positional, named)

    # Functions and classes whose source we have

    def _all(self, functions: frozenset[Function], positional: list[Value], named: dict[str, Value]) -> Value:
        """One of them is called."""
        found: list[Value] = []

        def walk(function: Function) -> Callable[[], None]:
            return lambda: found.append(self.invoke(function, positional, named))

        walks = [walk(function) for function in sorted(functions, key=_token)]
        if len(walks) == 1:
            walks[0]()
        else:
            self.branches(walks)
        return reduce(join, found) if found else Value()

    def invoke(self, function: Function, positional: list[Value], named: dict[str, Value]) -> Value:
        """Walk a function's body with the values it is given."""
        world = self.world
        everything = [*positional, *named.values()]
        if function in world.active or len(world.active) >= DEPTH or world.budget <= 0:
            if function not in world.active:
                for each in everything:
                    self.mutate(each.reach)
            return world.fresh().holding(*everything)
        node = function.node
        values = _arguments(function, positional, named, world.fresh())
        frame = type(self)(
            world,
            function.namespace,
            self.effects,
            parent=function.frame,
            values=values,
            global_names=declared(node, ast.Global),
            nonlocal_names=declared(node, ast.Nonlocal),
            via=function.name,
        )
        frame.guarded = self.guarded
        world.active.append(function)
        world.frames.append(frame)
        try:
            if isinstance(node, ast.Lambda):
                return frame.evaluate(node.body)
            state = self.effects.bound
            frame.walk(node.body)
            self.effects.bound = self.effects.bound if _always(node) else state | self.effects.bound
        finally:
            world.active.pop()
            world.frames.pop()
        if _is_generator(node):
            late = (
                frozenset(free_names(node)) if function.frame is None and not function.namespace.name else frozenset()
            )
            held = world.fresh("a generator").holding(*everything, *filter(None, [frame.returned]))
            return replace(held, lazy=late)
        return frame.returned or SCALAR

    def _instance(self, callee: Value, positional: list[Value], named: dict[str, Value]) -> Value:
        value = replace(self.world.fresh(), kind=INSTANCE, classes=callee.classes)
        for each in callee.classes:
            start = each.method("__init__") or each.method("__post_init__")
            if start is None or start.name == "__post_init__":
                value = value.holding(*positional, *named.values())
            if start is not None:
                box = {"self": value}
                self.world.frames.append(type(self)(self.world, self.namespace, self.effects, values=box))
                try:
                    self.invoke(start, [value, *positional] if start.name == "__init__" else [value], named)
                finally:
                    self.world.frames.pop()
                value = box["self"]
        return value

    def _unknown(self, callee: Value, positional: list[Value], named: dict[str, Value]) -> Value:
        """A call of some object: a model of torch, a partial, a function out of a list."""
        self.effects.acts = True
        results = [self.world.fresh().holding(callee, *positional, *named.values())]
        given = Value().holding(callee, *positional, *named.values()).part()
        if callee.made == "functools.partial":
            self.mutate(callee.reach)

        def walk(function: Function) -> Callable[[], None]:
            # A partial calls it with what it holds.
            count = len(function.node.args.posonlyargs) + len(function.node.args.args)
            return lambda: results.append(self.invoke(function, [given] * count, {}))

        self.branches([*(walk(each) for each in sorted(callee.functions, key=_token)), lambda: None])
        for each in sorted(callee.classes, key=_token):
            if found := each.method("__call__"):
                results.append(self.invoke(found, [callee, *positional], named))
        self._call_back([*positional, *named.values()])
        return reduce(join, results)

    def _call_back(self, values: list[Value], receiver: Value | None = None) -> None:
        """Functions among the arguments are called with whatever the others hold."""
        if not any(value.functions or value.kind == CLASS for value in values):
            return
        self.world.passed_on += 1
        self.branches([lambda: self._call_each(values, receiver), lambda: None])
        self.world.passed_on -= 1

    def _call_each(self, values: list[Value], receiver: Value | None) -> None:
        for number, value in enumerate(values):
            if not value.functions:
                continue
            others = [each.part() for position, each in enumerate(values) if position != number]
            given = Value().holding(*others, *([receiver.part()] if receiver else [])).part()
            for function in sorted(value.functions, key=_token):
                count = len(function.node.args.posonlyargs) + len(function.node.args.args)
                self.invoke(function, [given] * count, {})
        for value in values:
            for each in value.classes:
                if value.kind == CLASS:
                    for method in each.methods.values():
                        self.invoke(method, [self.world.fresh()], {})

    # Methods of values

    def _method(
        self,
        node: ast.Call,
        func: ast.Attribute,
        base: Value,
        positional: list[Value],
        named: dict[str, Value],
    ) -> Value:
        attr, name = func.attr, root_name(func.value)
        arguments = [*positional, *named.values()]
        found = [method for each in base.classes if (method := each.method(attr))]
        if found:
            result: Value | None = None
            for method in found:
                static = _decorated(method, "staticmethod")
                before = self.effects.mutated.copy()
                result = join(result, self.invoke(method, positional if static else [base, *positional], named))
                if name and name in self.effects.mutated and name not in before:
                    self.effects.direct[name] = None
            if not (base.kind == CONTAINER and attr in knowledge.CONTAINER_MUTATORS):
                return result or SCALAR
        if base.made == "get_ipython" and attr in knowledge.SHELL_METHODS:
            self.open_names(f"get_ipython().{attr}()")
            return self.world.fresh()
        if not _is_text(base) and not (attr in knowledge.CONTAINER_MUTATORS and attr != "sort"):
            self._call_back(arguments, base)
        if (written := self.file_method(node, attr, base, positional, named)) is not None:
            return written
        if attr in knowledge.SINK_METHODS:
            self.effects.sink = self.effects.sink or knowledge.SINK_METHODS[attr]
        if base.kind == IMMUTABLE and not base.reach:
            return self._of_immutable(attr, base, positional)
        return self._changing(node, attr, name, base, arguments)

    def _changing(self, node: ast.Call, attr: str, name: str, base: Value, arguments: list[Value]) -> Value:
        effects, known = self.effects, knowledge
        query = " ".join(each.text or "" for each in arguments[:1])
        if base.made.split(".")[0] in known.FRAME_READERS:
            self.read_words(query)
        elif attr in ("query", "eval"):
            self.read_words(" ".join(_OUTER.findall(query)))
        if attr in draws.DRAWING_METHODS and not _has_keyword(node, "random_state"):
            self.draw(draws.NUMPY_RNG, node if attr == "sample" and not positional_rng(node) else None)
        if self._is_pandas_plot(node, base):
            return self.new_figure()
        if any(each.arg == "inplace" and not _is_false(each.value) for each in node.keywords):
            self.mutate(base.own, name)
            return SCALAR
        if attr in known.FIT_METHODS:
            effects.fits = effects.fits or not base.made.startswith(known.PREPARING)
            self.mutate(base.reach, name)
            return base if attr in ("fit", "partial_fit") else self.world.fresh()
        if attr in known.TRANSFORM_FITS:
            self.mutate(base.reach, name)
            return self.world.fresh()
        if attr in known.READING_METHODS:
            self.mutate(base.own, name)
            return self.world.fresh()
        if attr in known.CONTAINER_MUTATORS:
            self.mutate(base.own, name)
            self.store(base, *arguments)
            return base.part() if attr in ("pop", "setdefault", "popleft", "popitem") else SCALAR
        if attr in known.FRESH_METHODS or attr.startswith(("is_", "has_")):
            return replace(self.world.fresh(), made=base.made if is_tabular(base) else "")
        if attr in known.VIEW_METHODS or (attr.startswith("get_") and not arguments):
            is_view = is_array(base) or (attr in known.ARRAY_VIEWS and may_be_array(base))
            return replace(base.part(), made=base.made, is_view=True) if is_view else base.part()
        effects.acts = True
        self.mutate(base.reach, name)
        self.store(base, *arguments)
        return self.world.fresh(known.STUCK_METHODS.get(attr, "")).holding(base, *arguments)

    def _of_immutable(self, attr: str, base: Value, positional: list[Value]) -> Value:
        texts = [each.text for each in positional]
        if attr == "joinpath" and base.text is not None and None not in texts:
            return text_value(posixpath.join(base.text, *(text for text in texts if text is not None)))
        if attr in ("resolve", "absolute", "expanduser", "as_posix"):
            return base
        return SCALAR if attr not in ("split", "rsplit", "splitlines", "partition") else self.world.fresh()

    def _is_pandas_plot(self, node: ast.Call, base: Value) -> bool:
        func = node.func
        if not isinstance(func, ast.Attribute) or _has_keyword(node, "ax"):
            return False
        if func.attr in figures.PANDAS_PLOTS:
            # `ax.plot(...)` draws on a figure that is known; a table makes one.
            return not any(self.world.stuck.get(token, "").endswith("figure") for token in base.own) and not any(
                "axes" in self.world.stuck.get(token, "") for token in base.own
            )
        return isinstance(func.value, ast.Attribute) and func.value.attr == "plot"

    # Magics

    def _mark(self, kind: str, node: ast.Call) -> Value:
        effects = self.effects
        text = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
        text = text if isinstance(text, str) else ""
        # A shell command may mean a variable of the shell; the code of `%timeit` has no text before it.
        lenient = bool(text)
        self.guarded += lenient
        values = [self.evaluate(each) for each in node.args]
        self.guarded -= lenient
        match kind:
            case magics.SHELL:
                effects.sink = effects.sink or f"runs {text if text.startswith('%%') else '!' + text.splitlines()[0]}"
                for path in shell.redirections(text):
                    self.write_file(text_value(path))
            case magics.UNKNOWN:
                effects.sink = effects.sink or f"runs {text}"
                body = node.args[1] if len(node.args) > 1 else None
                self.read_words(text, changes=True)
                self.read_words(str(body.value) if isinstance(body, ast.Constant) else "")
                self.open_hidden(text.split()[0])
            case magics.RUN:
                self.run_script(text)
            case magics.LOG:
                effects.logs = True
            case magics.CHECK:
                effects.sink = effects.sink or "checks data"
                data, schema = magics.checked(text)
                known = self.world.notebook.values
                if data in known:
                    # What comes after it is about data that have passed: it waits for them.
                    self.read(data)
                    self.mutate(known[data].own, data)
                elif data and not shell.expansions(data):
                    self.read_file(text_value(data))
                if not shell.expansions(schema):
                    self.read_file(text_value(schema))
            case magics.CONSOLE:
                effects.displays = True
            case magics.SETTING:
                effects.setting = True
                effects.sink = _SETTING_MAGICS.get(text.split()[0], "changes the working folder")
            case magics.WRITE:
                self.write_file(values[0])
                if values[0].text is not None and len(node.args) > 1:
                    self.write_source(files.normal(values[0].text), text=values[1].text)
        return self.world.fresh()


def _token(made: Function | Class) -> str:
    return made.token


_OUTER = re.compile(r"@(\w+)")
_SETTING_MAGICS = {
    "%env": "sets the environment",
    "%set_env": "sets the environment",
    "%load_ext": "loads an extension",
}


def _arguments(function: Function, positional: list[Value], named: dict[str, Value], rest: Value) -> dict[str, Value]:
    arguments = function.node.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    values = dict(zip(names, positional, strict=False))
    extra = positional[len(names) :]
    if arguments.vararg:
        values[arguments.vararg.arg] = replace(rest, kind=CONTAINER).holding(*extra)
    keywords = [each.arg for each in arguments.kwonlyargs]
    loose = []
    for name, value in named.items():
        if name in names or name in keywords:
            values[name] = value
        else:
            loose.append(value)
    if arguments.kwarg:
        values[arguments.kwarg.arg] = replace(rest, kind=CONTAINER).holding(*loose)
    defaults = dict(zip(reversed(names), reversed(arguments.defaults), strict=False))
    defaults |= {name: each for name, each in zip(keywords, arguments.kw_defaults, strict=True) if each is not None}
    for name in (*names, *keywords):
        if name not in values:
            own = frozenset({function.token})
            default = defaults.get(name)
            mutable = default is not None and not isinstance(default, ast.Constant)
            values[name] = Value(own, own).holding(*loose) if mutable else SCALAR.holding(*loose)
            if isinstance(default, ast.Constant) and isinstance(default.value, str):
                values[name] = text_value(default.value)
    return values


@lru_cache(maxsize=4096)
def _is_generator(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(each))
    return False


@lru_cache(maxsize=4096)
def _always(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """No early return: what the body binds of the globals is bound."""
    return not any(isinstance(each, ast.Return) for statement in node.body[:-1] for each in ast.walk(statement))


def _decorated(function: Function, name: str) -> bool:
    if isinstance(function.node, ast.Lambda):
        return False
    return any(isinstance(each, ast.Name) and each.id == name for each in function.node.decorator_list)


def _has_keyword(node: ast.Call, name: str) -> bool:
    return any(each.arg == name for each in node.keywords)


def positional_rng(node: ast.Call) -> bool:
    """`random.sample(...)` of one's own generator, a list's `sample`: not pandas' with the global one."""
    return len(node.args) > 1


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _is_text(value: Value) -> bool:
    return value.text is not None
