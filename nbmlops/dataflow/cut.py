"""Which cells stay, and why: a backward slice from what matters.

    slice = cut(flow)                   # from fitted models, files written, what is logged
    slice = cut(flow, want=("df",))     # from these names only
    slice = cut(flow, cells={4, 5})     # from these cells only
    slice.dropped[0].why                # 'only displays'

Cells stay or go as a whole. Imports, definitions and settings are shared: they stay one by one.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection

from nbmlops.dataflow.reasons import kept_because, why_dropped
from nbmlops.dataflow.roots import find_roots
from nbmlops.errors import NotFoundError
from nbmlops.model.dataflow import (
    SHARED_ROLES,
    CellFlow,
    DroppedCell,
    Edge,
    Flow,
    KeptCell,
    Role,
    Slice,
    Statement,
    is_variable,
)

Key = tuple[int, int]


def cut(flow: Flow, want: tuple[str, ...] = (), *, cells: Collection[int] = ()) -> Slice:
    """Raises NotFoundError for a wanted name that the notebook never binds."""
    tracing = _Tracing(flow)
    asked = dict.fromkeys(sorted(cells), "asked for")
    roots = asked or (_wanted(flow, want) if want else find_roots(flow))
    for index, why in roots.items():
        tracing.keep_cell(index, why)
    tracing.run()
    kept: list[KeptCell] = []
    dropped: list[DroppedCell] = []
    for cell in flow.cells:
        if cell.index in tracing.cells:
            why = tracing.cells[cell.index]
            kept.append(KeptCell(cell=cell.index, id=cell.id, why=why, root=cell.index in roots))
        else:
            used = any(key[0] == cell.index for key in tracing.shared)
            why = why_dropped(cell, flow, tracing.cells.keys(), used)
            preview = next((line.strip() for line in cell.source.splitlines() if line.strip()), "")
            dropped.append(DroppedCell(cell=cell.index, id=cell.id, why=why, preview=preview[:80]))
    return Slice(want=want, kept=tuple(kept), dropped=tuple(dropped), shared=tuple(sorted(tracing.shared)))


def is_shared_cell(cell: CellFlow) -> bool:
    """Nothing but imports, definitions, settings and housekeeping."""
    roles = {statement.role for statement in cell.statements}
    return bool(roles & SHARED_ROLES) and roles <= SHARED_ROLES | {Role.HOUSEKEEPING}


class _Tracing:
    """What is needed so far, and what still has to be looked at."""

    def __init__(self, flow: Flow) -> None:
        self.by_key: dict[Key, Statement] = {(s.cell, s.position): s for s in flow.statements}
        self.by_cell = {cell.index: cell for cell in flow.cells}
        self.incoming: dict[Key, list[Edge]] = defaultdict(list)
        for edge in flow.edges:
            self.incoming[edge.target].append(edge)
        self.definers: dict[str, list[Key]] = defaultdict(list)
        for key, statement in self.by_key.items():
            if statement.role in SHARED_ROLES:
                for name in (*statement.binds, *statement.may_bind):
                    self.definers[name].append(key)
        self.cells: dict[int, str] = {}
        self.shared: dict[Key, None] = {}
        self.waiting: list[Key] = []

    def keep_cell(self, index: int, why: str) -> None:
        if index in self.cells:
            return
        self.cells[index] = why
        cell = self.by_cell[index]
        for statement in cell.statements:
            if statement.role is not Role.HOUSEKEEPING:
                self.waiting.append((statement.cell, statement.position))
                if statement.role in SHARED_ROLES:
                    self.shared[(statement.cell, statement.position)] = None

    def keep_shared(self, key: Key, why: str) -> None:
        if key in self.shared:
            return
        self.shared[key] = None
        self.waiting.append(key)
        if is_shared_cell(self.by_cell[key[0]]):
            self.cells.setdefault(key[0], why)

    def run(self) -> None:
        if self.cells:
            for key, statement in self.by_key.items():
                if statement.role is Role.SETTING and statement.sink:
                    self.keep_shared(key, f"{statement.sink} for all that follows")
        while self.waiting:
            key = self.waiting.pop(0)
            statement = self.by_key[key]
            for edge in self.incoming[key]:
                self._need(edge.source, kept_because(edge, self.by_key[edge.source]))
            for name in statement.free:
                for definer in self.definers.get(name, ()):
                    if definer != key:
                        self.keep_shared(definer, f"defines {name}, which cell {statement.cell + 1} uses")

    def _need(self, key: Key, why: str) -> None:
        if self.by_key[key].role in SHARED_ROLES:
            self.keep_shared(key, why)
        else:
            self.keep_cell(key[0], why)


def _wanted(flow: Flow, want: tuple[str, ...]) -> dict[int, str]:
    roots: dict[int, str] = {}
    known = sorted({n for s in flow.statements for n in (*s.binds, *s.may_bind) if is_variable(n)})
    for name in want:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3)
            raise NotFoundError(
                f"The notebook binds no name {name}.",
                kind="name-not-found",
                hint=f"Near names: {', '.join(near)}." if near else "",
                name=name,
                near=near,
            )
        makers: list[Statement] = []
        for statement in flow.statements:
            if name in statement.binds:
                makers = [statement]
            elif name in (*statement.may_bind, *statement.mutates):
                makers.append(statement)
        for statement in makers:
            verb = "changes" if name in statement.mutates else "binds"
            roots.setdefault(statement.cell, f"{verb} {name}, which is wanted")
    return roots
