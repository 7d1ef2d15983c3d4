"""A notebook in document order -> who feeds whom, with evidence.

    flow = analyse(notebook, modules=lambda name: None)
    flow.edges[0].evidence      # 'reads df, bound in cell 3'

Nothing is executed and nothing is read from the disk: `modules` gives the source of local modules.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from nbmlops.dataflow.body import Body
from nbmlops.dataflow.facts import Place, cell_statements
from nbmlops.dataflow.frame import BUDGET, Effects, Modules, World
from nbmlops.dataflow.names import mentioned
from nbmlops.dataflow.python import parse_cell
from nbmlops.dataflow.reasons import described, unbound_sentence
from nbmlops.dataflow.values import CLASS, CONTAINER, FUNCTION, IMMUTABLE, LIBRARY, Value, declared
from nbmlops.errors import NotebookError
from nbmlops.model.dataflow import CellFlow, Edge, EdgeKind, Flow, Statement, Stuck, Unbound, is_variable
from nbmlops.model.notebook import Notebook, NotebookCell

_Undefined = tuple[str, str, NotebookCell, int]
"""A name, the function that uses it, the cell, the line."""


def no_modules(name: str) -> str | None:
    return None


def analyse(notebook: Notebook, modules: Modules = no_modules, *, is_lenient: bool = False) -> Flow:
    """Raises NotebookError for a syntax error and for a name that is used but never bound before.

    A lenient analysis notes such names instead.
    """
    world = World(modules)
    history = _History()
    cells: list[CellFlow] = []
    undefined: list[_Undefined] = []
    uncertain: list[_Undefined] = []
    for cell in notebook.code_cells:
        if is_skipped(cell):
            cells.append(CellFlow(index=cell.index, id=cell.id, tags=cell.tags, source=cell.source))
            continue
        world.cell = cell.index
        parsed = parse_cell(cell)
        places: list[Place] = []
        for node in parsed.body:
            effects = Effects()
            world.budget = BUDGET
            Body(world, world.notebook, effects).walk([node])
            compound = isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.If | ast.Try | ast.With | ast.Match)
            for name, via in effects.undefined.items():
                if name in effects.uncertain:
                    uncertain.append((name, via, cell, node.lineno))
                elif not (compound and name in effects.ever):
                    undefined.append((name, via, cell, node.lineno))
            places.append(Place(node, effects))
        statements = cell_statements(cell, parsed, places, world.notebook.values)
        for statement in statements:
            history.add(statement)
        cells.append(_after(cell, parsed.header_lines, statements, world))
    ever = {name for cell in cells for s in cell.statements for name in (*s.binds, *s.may_bind)}
    undefined += [each for each in uncertain if each[0] not in ever]
    unbound = tuple(_unbound(each, cells) for each in undefined)
    if not is_lenient:
        refuse_unbound(unbound)
    local = tuple(sorted(name for name in world.local_modules if world.is_beside_notebook(name)))
    return Flow(
        notebook=notebook.path,
        cells=tuple(cells),
        edges=tuple(history.edges),
        unbound=unbound,
        modules=local,
        module_imports=tuple(world.module_imports),
    )


def is_skipped(cell: NotebookCell) -> bool:
    return "skip" in cell.tags


def _after(cell: NotebookCell, header: int, statements: tuple[Statement, ...], world: World) -> CellFlow:
    variables = {
        name: value
        for name, value in world.notebook.values.items()
        if value.kind not in (LIBRARY, IMMUTABLE) and is_variable(name)
    }
    data = {name: value for name, value in variables.items() if _is_data(value)}
    stuck = [
        Stuck(name=name, why=why, holds=not value.own & world.stuck.keys())
        for name, value in variables.items()
        if (why := _why_stuck(value, world))
    ]
    closures = {
        name: {each for each in value.lazy if each in world.notebook.values}
        for name, value in data.items()
        if value.lazy
    }
    return CellFlow(
        index=cell.index,
        id=cell.id,
        tags=cell.tags,
        source=cell.source,
        header_lines=header,
        statements=statements,
        groups=_groups(data, {name: _used(value, variables) for name, value in data.items() if value.functions}),
        views=tuple(name for name, value in data.items() if value.is_view),
        stuck=tuple(stuck),
        closures=tuple((name, tuple(sorted(names))) for name, names in closures.items()),
    )


def _is_data(value: Value) -> bool:
    """Functions that remember what other functions left are data, too."""
    if value.kind == FUNCTION:
        return any(function.frame is not None for function in value.functions)
    return value.kind not in (LIBRARY, CLASS)


def _why_stuck(value: Value, world: World) -> str:
    """Why a value certainly cannot be handed over; an empty text where it may be."""
    tokens = (value.reach if value.kind == CONTAINER else value.own) & world.stuck.keys()
    found = world.stuck[min(tokens)] if tokens else ""
    if found or not value.functions or not _is_data(value):
        return found
    # A function that travels has names of its own from then on.
    rebound = sorted({name for function in value.functions for name in declared(function.node, ast.Global)})
    return f"a function that binds {rebound[0]}" if rebound else ""


def _used(value: Value, variables: dict[str, Value]) -> frozenset[str]:
    """Variables that the functions in a value read when they are called, through other functions too."""
    found: set[str] = set()
    waiting = [function.node for function in value.functions if not function.namespace.name]
    seen: set[ast.AST] = set()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        names = mentioned(node) & variables.keys()
        for name in names - found:
            found.add(name)
            waiting += [function.node for function in variables[name].functions]
    return frozenset(found)


def _groups(values: dict[str, Value], used: dict[str, frozenset[str]]) -> tuple[tuple[str, ...], ...]:
    """Variables whose objects meet, directly or through others, or through a function that uses them."""
    group_of: dict[str, set[str]] = {}
    """Token -> the names that reach it, one set for all tokens of a group."""
    tokens_of: dict[int, set[str]] = {}
    for name, value in values.items():
        if value.kind == IMMUTABLE or not value.reach:
            continue
        tokens = set(value.reach)
        for other in used.get(name, ()):
            if other in values:
                tokens |= values[other].reach
        names = {name}
        for group in {id(group): group for token in tokens if (group := group_of.get(token)) is not None}.values():
            names |= group
            tokens |= tokens_of.pop(id(group))
        tokens_of[id(names)] = tokens
        for token in tokens:
            group_of[token] = names
    found = {id(group): group for group in group_of.values() if len(group) > 1}
    return tuple(sorted(tuple(sorted(group)) for group in found.values()))


@dataclass
class _History:
    """Who bound and who changed each name, up to here."""

    edges: list[Edge] = field(default_factory=list)
    binders: dict[str, list[Statement]] = field(default_factory=dict)
    changers: dict[str, list[Statement]] = field(default_factory=dict)

    def add(self, statement: Statement) -> None:
        for name in statement.reads:
            for source in self.binders.get(name, ()):
                self._edge(source, statement, name, EdgeKind.BOUND)
            for source in self.changers.get(name, ()):
                self._edge(source, statement, name, EdgeKind.MUTATED)
        for name in statement.deletes:
            self.binders.pop(name, None)
            self.changers.pop(name, None)
        for name in statement.mutates:
            self.changers.setdefault(name, []).append(statement)
        for name in statement.binds:
            self.binders[name] = [statement]
            self.changers.pop(name, None)
        for name in statement.may_bind:
            self.binders.setdefault(name, []).append(statement)

    def _edge(self, source: Statement, target: Statement, name: str, kind: EdgeKind) -> None:
        self.edges.append(
            Edge(
                source=(source.cell, source.position),
                target=(target.cell, target.position),
                name=name,
                kind=kind,
                evidence=_evidence(source, name, kind),
            )
        )


def _evidence(source: Statement, name: str, kind: EdgeKind) -> str:
    cell = f"cell {source.cell + 1}"
    if name.startswith("file "):
        return f"reads {name.removeprefix('file ')}, written by {cell}"
    if name.startswith("folder "):
        return f"writes into {name.removeprefix('folder ')}, made by {cell}"
    if name.endswith(" (settings)"):
        return f"uses {described(name)}, set in {cell}"
    if name.startswith("names ("):
        return f"uses names that {described(name)} may have bound in {cell}"
    if kind is EdgeKind.BOUND:
        return f"reads {name}, bound in {cell}"
    if name in source.direct or not source.direct or not is_variable(name):
        return f"reads {name}, changed in {cell}"
    return f"reads {name}, changed through its alias {source.direct[0]} in {cell}"


def _unbound(use: _Undefined, cells: list[CellFlow]) -> Unbound:
    name, via, cell, line = use
    binders = [each.index for each in cells if any(name in (*s.binds, *s.may_bind) for s in each.statements)]
    later = next((index for index in binders if index >= cell.index), None)
    return Unbound(name=name, cell=cell.index, line=line, via=via, bound_in=later)


def refuse_unbound(unbound: tuple[Unbound, ...]) -> None:
    """Raises NotebookError for the first name that is used but never bound, if there is one."""
    if not unbound:
        return
    first = unbound[0]
    raise NotebookError(
        f"{unbound_sentence(first)}.",
        kind="name-undefined",
        hint=f"Move the cell that binds {first.name} before it, or tag the cell `skip`."
        if first.bound_in is not None
        else f"Bind {first.name} in an earlier cell, or tag the cell `skip`.",
        name=first.name,
        cell=first.cell,
        line=first.line,
        bound_in=first.bound_in,
        all=sorted({each.name for each in unbound}),
    )
