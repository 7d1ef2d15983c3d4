"""The state that analysis walks with: names and their values, and the effects of the statement at hand.

A called function is walked where it is called, with the values it is given: its reads of outer names, its
changes to arguments and globals, and its files are effects of the calling statement.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from nbmlops.dataflow import figures, knowledge
from nbmlops.dataflow.values import (
    CLASS,
    FUNCTION,
    IMMUTABLE,
    LIBRARY,
    Function,
    Namespace,
    Tokens,
    Value,
    join,
)

_BUILTINS = frozenset(dir(builtins))
_OUTPUT_NAME = re.compile(r"_i?\d*$")
_WORD = re.compile(r"[^\W\d]\w*")
DEPTH = 20
BUDGET = 2_000
"""Statements walked inside functions, for one statement of the notebook; beyond it calls are unknown."""

Modules = Callable[[str], str | None]


@dataclass
class Effects:
    """What one top-level statement does."""

    reads: dict[str, None] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    ever: dict[str, None] = field(default_factory=dict)
    mutated: dict[str, None] = field(default_factory=dict)
    direct: dict[str, None] = field(default_factory=dict)
    deleted: dict[str, None] = field(default_factory=dict)
    undefined: dict[str, str] = field(default_factory=dict)
    """Name -> the function in which it is read, or an empty text."""
    uncertain: set[str] = field(default_factory=set)
    """Undefined names of functions that are only passed on: they may be called later, when all is bound."""
    files_read: dict[str, None] = field(default_factory=dict)
    files_written: dict[str, None] = field(default_factory=dict)
    modules: dict[str, None] = field(default_factory=dict)
    displays: bool = False
    fits: bool = False
    logs: bool = False
    chance: dict[str, None] = field(default_factory=dict)
    """What comes out otherwise each time, one sentence for each cause."""
    asks: dict[str, None] = field(default_factory=dict)
    sink: str = ""
    setting: bool = False
    acts: bool = False
    """Calls something that is neither a setting nor known to do nothing."""

    def read(self, name: str) -> None:
        if name not in self.bound:
            self.reads[name] = None

    def bind(self, name: str) -> None:
        self.bound.add(name)
        self.ever[name] = None
        self.deleted.pop(name, None)


@dataclass
class World:
    """One notebook under analysis."""

    modules: Modules
    notebook: Namespace = field(default_factory=lambda: Namespace(""))
    local_modules: dict[str, Namespace | None] = field(default_factory=dict)
    module_imports: dict[str, None] = field(default_factory=dict)
    """What the local modules import."""
    written: dict[str, str] = field(default_factory=dict)
    """Source files that the notebook writes itself (`%%writefile`), by path."""
    settings: set[str] = field(default_factory=set)
    """Names of the hidden state of libraries that somebody has changed."""
    late_annotations: bool = False
    """`from __future__ import annotations`: they are not evaluated."""
    stuck: dict[str, str] = field(default_factory=dict)
    """Objects that cannot leave their process, and why."""
    frames: list[Frame] = field(default_factory=list)
    active: list[Function] = field(default_factory=list)
    passed_on: int = 0
    """Inside of functions that were given to somebody who may call them."""
    figure_cell: int = -1
    figures_last: bool = False
    """A backend was chosen that keeps figures from cell to cell; the usual one closes them at the end of each."""
    cell: int = -1
    count: int = 0
    budget: int = BUDGET

    def source(self, name: str) -> str | None:
        """Of a local module by its dotted name, or of a script by its path."""
        paths = [name] if is_path(name) else module_paths(name)
        return next((self.written[path] for path in paths if path in self.written), None) or self.modules(name)

    def is_beside_notebook(self, module: str) -> bool:
        """A local module that the notebook does not write itself."""
        is_own = any(path in self.written for path in module_paths(module))
        return self.local_modules.get(module) is not None and not is_own

    def token(self, why_stuck: str = "") -> str:
        self.count += 1
        token = f"o{self.count}"
        if why_stuck:
            self.stuck[token] = why_stuck
        return token

    def fresh(self, why_stuck: str = "") -> Value:
        token = frozenset({self.token(why_stuck)})
        return Value(token, token)


class Frame:
    """Names as one body of code sees them."""

    def __init__(
        self,
        world: World,
        namespace: Namespace,
        effects: Effects,
        *,
        parent: Frame | None = None,
        values: dict[str, Value] | None = None,
        global_names: frozenset[str] = frozenset(),
        nonlocal_names: frozenset[str] = frozenset(),
        via: str = "",
    ) -> None:
        self.world = world
        self.namespace = namespace
        self.effects = effects
        self.parent = parent
        self.values = values
        """Local names; None where names are the namespace's own."""
        self.global_names = global_names
        self.nonlocal_names = nonlocal_names
        self.via = via
        self.returned: Value | None = None
        self.token = f"f:{world.token()}" if values is not None else ""
        """Its local names, for the closures that bind them again."""
        self.guarded = 0
        """Inside of `try` blocks that survive a NameError."""

    @property
    def in_notebook(self) -> bool:
        return self.namespace is self.world.notebook

    # Reading

    def read(self, name: str) -> Value:
        if name in self.global_names:
            return self.read_global(name)
        if self.values is not None and name in self.values and name not in self.nonlocal_names:
            return self.values[name]
        if self.parent is not None:
            return self.parent.read(name)
        return self.read_global(name)

    def read_global(self, name: str) -> Value:
        if not self.in_notebook:
            return self._read_module_state(name)
        value = self.namespace.values.get(name)
        if value is None:
            return self._read_unbound(name)
        self.effects.read(name)
        self._read_settings(value)
        for each in (*value.lazy, *(cls.name for cls in value.classes if value.kind != CLASS)):
            if each != name and each in self.namespace.values:
                self.effects.read(each)
        used = {token for token in value.own if self.world.stuck.get(token) in knowledge.CONSUMED}
        if used:
            self.mutate(frozenset(used))
        return value

    def _read_settings(self, value: Value) -> None:
        if value.kind == LIBRARY and (state := settings_of(value.dotted)) in self.world.settings:
            self.effects.read(state)

    def _read_unbound(self, name: str) -> Value:
        stars = self.namespace.stars
        for star in stars:
            self.effects.read(star)
        if name in _BUILTINS or name in knowledge.IPYTHON_NAMES or _OUTPUT_NAME.match(name):
            return Value(kind=LIBRARY, dotted=name)
        if stars:
            star, module = list(stars.items())[-1]
            if not module:
                return self.namespace.values[star]
            value = Value(kind=LIBRARY, dotted=figures.without_pylab(f"{module}.{name}"))
            self._read_settings(value)
            return value
        self.effects.read(name)
        if not self.guarded:
            if self.world.passed_on and name not in self.effects.undefined:
                self.effects.uncertain.add(name)
            elif not self.world.passed_on:
                self.effects.uncertain.discard(name)
            self.effects.undefined.setdefault(name, self.via)
        return Value()

    def _read_module_state(self, name: str) -> Value:
        value = self.namespace.values.get(name)
        if value is None:
            return Value(kind=LIBRARY, dotted=name)
        if value.kind in (LIBRARY, FUNCTION, CLASS):
            self._read_settings(value)
            return value
        state = f"{self.namespace.name} (module state)"
        self.effects.read(state)
        if value.kind == IMMUTABLE:
            return value
        token = frozenset({f"m:{self.namespace.name}"})
        return replace(value, own=value.own | token, reach=value.reach | token)

    # Binding

    def bind(self, name: str, value: Value) -> None:
        if name in self.nonlocal_names and self.parent is not None:
            self.parent.bind(name, value)
            self.mutate(frozenset({self.parent.token}))
        elif self.values is not None and name not in self.global_names:
            self.values[name] = value
        else:
            self.namespace.values[name] = value
            if self.in_notebook:
                self.effects.bind(name)
            else:
                self.mutate(frozenset({f"m:{self.namespace.name}"}))

    def bind_state(self, name: str, value: Value) -> None:
        """Bind hidden state: seeding, a new current figure."""
        self.world.notebook.values[name] = value
        self.effects.bind(name)

    def unbind(self, name: str) -> None:
        if self.values is not None and name not in self.global_names:
            self.values.pop(name, None)
        elif self.in_notebook:
            self.effects.read(name)
            self.forget(name)

    def forget(self, name: str) -> None:
        self.world.notebook.values.pop(name, None)
        self.effects.bound.discard(name)
        self.effects.deleted[name] = None

    # Changing

    def mutate(self, tokens: Tokens, direct: str = "") -> None:
        """Note every notebook name that may reach one of the objects."""
        if not tokens:
            return
        effects = self.effects
        for name, value in self.world.notebook.values.items():
            if value.reach & tokens and name not in effects.bound:
                # The name in the code is read where it is evaluated; its aliases are not read here.
                effects.mutated[name] = None
        if direct:
            effects.direct[direct] = None

    def mutate_library(self, *packages: str) -> None:
        """The state of whole packages, under whatever name somebody imports them."""
        effects = self.effects
        effects.setting = True
        for package in packages:
            state = settings_of(package)
            if state in self.world.settings:
                effects.read(state)
            self.world.settings.add(state)
            effects.mutated[state] = None
            effects.direct[state] = None
            if package in ("os", "sys"):
                effects.sink = effects.sink or "changes the process"

    # Names that only execution tells

    def variables(self) -> list[str]:
        """Of the notebook, what holds data."""
        return [
            name
            for name, value in self.world.notebook.values.items()
            if name.isidentifier() and value.kind not in (LIBRARY, FUNCTION, CLASS)
        ]

    def read_words(self, text: str, changes: bool = False) -> None:
        """Text in another language (a query, a magic's arguments) uses the variables that it names."""
        known = self.world.notebook.values
        for name in dict.fromkeys(_WORD.findall(text)):
            if name in known and (self.values is None or name not in self.values):
                self.read(name)
                if changes:
                    self.mutate(known[name].own, name)
                    self.effects.ever[name] = None

    def read_all(self) -> None:
        """Code that cannot be seen may use any variable."""
        for name in self.variables():
            self.effects.read(name)

    def open_names(self, why: str) -> None:
        """From here on there may be names that nobody sees bound, and any variable may be another."""
        self.effects.acts = True
        for name in self.variables():
            self.effects.read(name)
            self.mutate(self.world.notebook.values[name].reach)
            self.effects.ever[name] = None
        self.open_hidden(why)

    def open_hidden(self, why: str) -> None:
        """From here on there may be names that nobody sees bound."""
        hidden = f"names ({why})"
        state = self.world.notebook.values.get(hidden)
        self.world.notebook.values[hidden] = state or self.world.fresh()
        self.world.notebook.stars.pop(hidden, None)
        self.world.notebook.stars[hidden] = ""
        self.effects.ever[hidden] = None

    def store(self, into: Value, *stored: Value) -> None:
        """Something keeps hold of something else from now on."""
        if not into.own or not any(each.reach or each.functions for each in stored):
            return
        scopes = [self.world.notebook.values, *(frame.values for frame in self.world.frames if frame.values)]
        for values in scopes:
            for name, value in values.items():
                if value.reach & into.own and value.kind != LIBRARY:
                    values[name] = value.holding(*stored)

    # Branches

    def snapshot(self) -> tuple[dict[str, Value], dict[str, Value] | None, set[str]]:
        local = dict(self.values) if self.values is not None else None
        return dict(self.world.notebook.values), local, set(self.effects.bound)

    def restore(self, state: tuple[dict[str, Value], dict[str, Value] | None, set[str]]) -> None:
        shared, local, bound = state
        _replace(self.world.notebook.values, shared)
        if self.values is not None and local is not None:
            _replace(self.values, local)
        self.effects.bound = set(bound)

    def branches(self, walks: Iterable[Callable[[], None]]) -> None:
        """Walk each from the same state; afterwards a name has one of the values, and is bound if always."""
        before = self.snapshot()
        ends = []
        for walk in walks:
            self.restore(before)
            walk()
            ends.append(self.snapshot())
        if not ends:
            return
        merged = _joined([shared for shared, _, _ in ends])
        _replace(self.world.notebook.values, merged)
        if self.values is not None:
            _replace(self.values, _joined([local or {} for _, local, _ in ends]))
        self.effects.bound = set.intersection(*(bound for _, _, bound in ends))
        for name in [name for name in self.effects.deleted if name in merged]:
            del self.effects.deleted[name]  # on some paths only


def settings_of(dotted: str) -> str:
    """The hidden state of the package that a dotted name leads into."""
    return f"{dotted.split('.')[0]} (settings)"


def is_path(name: str) -> bool:
    return name.endswith((".py", ".ipynb", ".ipy"))


def module_paths(name: str) -> list[str]:
    base = name.replace(".", "/")
    return [f"{base}.py", f"{base}/__init__.py"]


def _joined(scopes: list[dict[str, Value]]) -> dict[str, Value]:
    merged: dict[str, Value] = {}
    for scope in scopes:
        for name, value in scope.items():
            known = merged.get(name)
            if known is not value:
                merged[name] = join(known, value)
    return merged


def _replace(target: dict[str, Value], content: dict[str, Value]) -> None:
    saved = dict(content)
    target.clear()
    target.update(saved)
