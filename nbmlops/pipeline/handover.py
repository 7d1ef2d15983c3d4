"""What flows between steps: who takes which variable from whom, and what must be one step.

Works on kept statements in document order. For every name it knows at each point who bound it and who
changed it; a step takes a variable from the last step that did either. Variables that may share objects
are taken together from one step, so that they still share them afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from nbmlops.model.dataflow import SHARED_ROLES, CellFlow, Flow, Role, Slice, Statement, is_variable
from nbmlops.model.pipeline import Parameter
from nbmlops.pipeline.carriers import CARRIERS
from nbmlops.pipeline.steps import Section

Key = tuple[int, int]


@dataclass
class Draft:
    """A step in the making."""

    section: Section
    body: list[int] = field(default_factory=list)
    """Cells that run in it; shared cells are in the headers instead."""
    header: dict[Key, None] = field(default_factory=dict)
    late: dict[Key, None] = field(default_factory=dict)
    """Definitions that need taken values when they are made."""
    parameters: dict[str, None] = field(default_factory=dict)
    takes: dict[str, int] = field(default_factory=dict)
    """Name -> index of the step that gives it."""
    gives: dict[str, None] = field(default_factory=dict)
    bundles: list[tuple[str, ...]] = field(default_factory=list)
    after: set[int] = field(default_factory=set)
    """Steps that must have run before for another reason: files, order of effects."""
    needed: dict[str, None] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    """Names it binds whatever happens."""
    available: set[str] = field(default_factory=set)
    """Names that its parameters or its header give it at the start."""


@dataclass(frozen=True)
class Conflict:
    """Two steps that must be one."""

    first: int
    last: int
    why: str


class _Origin(NamedTuple):
    """Where a name has its value from, at some point."""

    binders: tuple[tuple[int, Statement], ...] = ()
    changers: tuple[tuple[int, Statement], ...] = ()


SHARED = -1
"""Stands for the index of a step: statements that are in the headers."""


class Handover:
    def __init__(
        self,
        flow: Flow,
        slice: Slice,
        parameters: tuple[Parameter, ...],
        drafts: list[Draft],
        outputs: Iterable[str],
    ) -> None:
        self.flow = flow
        self.drafts = drafts
        self.outputs = tuple(outputs)
        self.cells = {cell.index: cell for cell in flow.cells}
        self.parameter_cells = {each.name: each.cell for each in parameters}
        self.step_of = {cell: number for number, draft in enumerate(drafts) for cell in draft.body}
        kept, shared = slice.cells, frozenset(slice.shared)
        self.statements = [
            s
            for s in flow.statements
            if s.role is not Role.HOUSEKEEPING and (s.cell in kept or (s.cell, s.position) in shared)
        ]
        self.by_key = {(s.cell, s.position): s for s in self.statements}
        self.binders: dict[str, list[Statement]] = {}
        self.makers: dict[str, list[Statement]] = {}
        """Of definitions that go to headers, those that bind a name."""
        for statement in self.statements:
            for name in dict.fromkeys((*statement.binds, *statement.may_bind)):
                self.binders.setdefault(name, []).append(statement)
                if statement.role in SHARED_ROLES:
                    self.makers.setdefault(name, []).append(statement)
        self.origins: dict[str, _Origin] = {}
        self.touched: dict[str, list[int]] = {}
        self.conflict: Conflict | None = None
        self.origins_before: list[dict[str, _Origin]] = [{} for _ in drafts]

    def run(self) -> Conflict | None:
        """Fill the drafts; a conflict means: merge those steps and start again."""
        self._forward()
        if self.conflict is None:
            self._backward()
        if self.conflict is None:
            self._order_files()
            self._bundle()
        return self.conflict

    def is_parameter(self, statement: Statement) -> bool:
        """All it does is set parameters."""
        return bool(statement.literals) and all(
            self.parameter_cells.get(each.name, -1) == statement.cell for each in statement.literals
        )

    # Forward: reads

    def _forward(self) -> None:
        current = -1
        for statement in self.statements:
            step = self.step_of.get(statement.cell, SHARED)
            if step > current:
                for number in range(current + 1, step + 1):
                    self.origins_before[number] = dict(self.origins)
                current = step
            if step != SHARED and not self.is_parameter(statement):
                draft = self.drafts[step]
                for name in statement.reads:
                    if name not in draft.bound:
                        self._read(step, name, self.origins.get(name), statement)
                self._header_of_free(step, statement)
            self._note(step, statement)
        for number, draft in enumerate(self.drafts):
            last = max(draft.body)
            for key, statement in self.by_key.items():
                if statement.role is Role.SETTING and statement.sink and key[0] < last and key[0] not in draft.body:
                    self._define(number, statement)

    def _read(self, step: int, name: str, origin: _Origin | None, reader: Statement) -> None:
        if origin is None or (name in CARRIERS and not origin.binders):
            return
        draft = self.drafts[step]
        for number, binder in origin.binders:
            if number == step:
                continue
            if self.is_parameter(binder):
                if not any(changer != SHARED for changer, _ in origin.changers):
                    draft.parameters[name] = None
                    draft.available.add(name)
                elif all(changer == step for changer, _ in origin.changers):
                    draft.parameters[name] = None
                else:
                    draft.needed[name] = None
            elif binder.role in SHARED_ROLES:
                self._define(step, binder)
                draft.available.add(name)
                self._changed_definition(step, name, origin)
            elif is_variable(name) or name in CARRIERS:
                draft.needed[name] = None
            else:
                self._hidden(step, number, name)
        if name.endswith(" (settings)"):
            self._settings(step, name, origin)
        elif not is_variable(name) and name not in CARRIERS:
            for number, _ in origin.changers:
                if number not in (step, SHARED):
                    self._hidden(step, number, name)

    def _settings(self, step: int, name: str, origin: _Origin) -> None:
        """Who has changed the hidden state of a library: settings are repeated, other code must run before."""
        for number, changer in origin.changers:
            if number == step:
                continue
            if changer.role is Role.SETTING:
                self._define(step, changer)
            elif number != SHARED:
                self._merge(number, step, f"they share {name}, which cell {changer.cell + 1} changes")

    def _changed_definition(self, step: int, name: str, origin: _Origin) -> None:
        for number, changer in origin.changers:
            if changer.role is Role.SETTING:
                if number != step:
                    self._define(step, changer)
            elif number not in (step, SHARED):
                self._merge(number, step, f"{name} is changed in cell {changer.cell + 1} and cannot be handed over")

    def _hidden(self, step: int, origin: int, name: str) -> None:
        if origin in (step, SHARED):
            return
        if name.startswith(("file ", "folder ")):
            self.drafts[step].after.add(origin)
        else:
            self._merge(origin, step, f"they share hidden state: {name}")

    def _define(self, step: int, statement: Statement) -> None:
        """Have a definition in the header of a step, with what it needs in turn."""
        draft = self.drafts[step]
        key = (statement.cell, statement.position)
        if key in draft.header or key in draft.late or self.step_of.get(statement.cell) == step:
            return
        draft.header[key] = None
        early = True
        for name in statement.eager:
            origin = self._origin_at(key, name)
            for binder in origin:
                if self.is_parameter(binder):
                    draft.parameters[name] = None
                    draft.available.add(name)
                elif binder.role in SHARED_ROLES:
                    self._define(step, binder)
                    early = early and (binder.cell, binder.position) not in draft.late
                elif is_variable(name):
                    early = False
                    draft.needed[name] = None
                else:
                    self._hidden(step, self.step_of.get(binder.cell, SHARED), name)
        if not early:
            del draft.header[key]
            draft.late[key] = None
        self._header_of_free(step, statement)

    def _header_of_free(self, step: int, statement: Statement) -> None:
        """Functions that a definition mentions, called or not."""
        last = max(self.drafts[step].body)
        for name in statement.free:
            makers = self.makers.get(name, [])
            before = [s for s in makers if s.cell <= last]
            for maker in before[-1:] or makers[:1]:
                if maker is not statement:
                    self._define(step, maker)

    def _origin_at(self, key: Key, name: str) -> list[Statement]:
        """Who has bound a name when the statement runs."""
        found: list[Statement] = []
        for statement in self.binders.get(name, ()):
            if (statement.cell, statement.position) >= key:
                break
            if name in statement.binds:
                found = [statement]
            else:
                found.append(statement)
        return found

    def _note(self, step: int, statement: Statement) -> None:
        """What the statement does to names."""
        parameter = self.is_parameter(statement)
        for name in statement.deletes:
            self.origins.pop(name, None)
            if step != SHARED:
                self.drafts[step].bound.discard(name)
        for name in statement.mutates:
            origin = self.origins.get(name, _Origin())
            self.origins[name] = origin._replace(changers=(*origin.changers, (step, statement)))
            if step != SHARED and statement.role is not Role.SETTING:
                self.touched.setdefault(name, []).append(step)
        for name in statement.binds:
            self.origins[name] = _Origin(((SHARED if parameter else step, statement),))
        for name in statement.may_bind:
            origin = self.origins.get(name, _Origin())
            self.origins[name] = origin._replace(binders=(*origin.binders, (step, statement)))
        if step != SHARED and not parameter:
            for name in (*statement.binds, *statement.may_bind):
                self.touched.setdefault(name, []).append(step)
            self.drafts[step].bound.update(statement.binds)

    # Backward: takes and gives

    def _backward(self) -> None:
        for name in self.outputs:
            steps = self.touched.get(name, [])
            if steps:
                self.drafts[max(steps)].gives[name] = None
        for number in reversed(range(len(self.drafts))):
            draft = self.drafts[number]
            for name in draft.gives:
                if name not in draft.bound:
                    self._pass_on(number, name)
            before = self._cell_before(number)
            stuck = {each.name: each.sentence for each in before.stuck} if before else {}
            for group in _grouped(draft.needed, before.groups if before else ()):
                givers = [step for name in group if (step := self._giver(name, number)) is not None]
                if not givers:
                    continue
                giver = max(givers)
                if len(group) > 1 and (view := self._changed_view(group, before, number)):
                    self._merge(giver, number, view)
                    return
                for name in group:
                    if name in stuck:
                        self._merge(giver, number, f"{stuck[name]}, which cannot be handed over")
                        return
                    draft.takes[name] = giver
                    self.drafts[giver].gives[name] = None

    def _changed_view(self, group: tuple[str, ...], before: CellFlow | None, number: int) -> str:
        """Why a group must not be handed over: pickling would part an array from the views that change with it."""
        views = [name for name in group if before is not None and name in before.views]
        for statement in self.statements if views else ():
            changed = [name for name in statement.mutates if name in group]
            if changed and self.step_of.get(statement.cell, SHARED) >= number:
                other = next(name for name in group if name != views[0])
                return f"{views[0]} shares memory with {other}, which cell {statement.cell + 1} changes"
        return ""

    def _pass_on(self, number: int, name: str) -> None:
        """A step that gives a name without binding it must have it: taken, or as a parameter."""
        origin = self.origins_before[number].get(name)
        if origin is None:
            return
        draft = self.drafts[number]
        if any(self.is_parameter(binder) for _, binder in origin.binders) and not origin.changers:
            draft.parameters[name] = None
        elif not all(binder.role in SHARED_ROLES for _, binder in origin.binders):
            draft.needed[name] = None

    def _giver(self, name: str, number: int) -> int | None:
        return max((step for step in self.touched.get(name, ()) if step < number), default=None)

    def _cell_before(self, number: int) -> CellFlow | None:
        """The last kept cell before a step, whose aliases hold when the step begins."""
        first = min(self.drafts[number].body)
        cells = [s.cell for s in self.statements if s.cell < first]
        return self.cells[max(cells)] if cells else None

    def _bundle(self) -> None:
        for draft in self.drafts:
            groups = self.cells[max(draft.body)].groups
            draft.bundles = _grouped(draft.gives, groups)

    # Order

    def _order_files(self) -> None:
        read: dict[str, list[int]] = {}
        written: dict[str, list[int]] = {}
        acting: list[int] = []
        for statement in self.statements:
            step = self.step_of.get(statement.cell, SHARED)
            if step == SHARED:
                continue
            for path in statement.files_written:
                self.drafts[step].after.update(read.get(path, []), written.get(path, []))
                written.setdefault(path, []).append(step)
            for path in statement.files_read:
                self.drafts[step].after.update(written.get(path, []), acting)
                read.setdefault(path, []).append(step)
            if statement.sink:
                self.drafts[step].after.update(acting)
                acting.append(step)
        for number, draft in enumerate(self.drafts):
            draft.after.discard(number)

    def _merge(self, first: int, last: int, why: str) -> None:
        if self.conflict is None and first != last:
            self.conflict = Conflict(min(first, last), max(first, last), why)


def _grouped(names: Iterable[str], groups: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    """The names, those of one alias group together, in their order."""
    group_of = {name: group for group in groups for name in group}
    found: dict[object, list[str]] = {}
    for name in names:
        found.setdefault(group_of.get(name, name), []).append(name)
    return [tuple(each) for each in found.values()]
