"""Where to cut a notebook into steps that has neither tags nor headings: from measured seconds and bytes.

    proposal = propose_cuts(flow, slice, parameters, Measures(seconds={2: 41.0}, sizes={"df": 12_000_000}))
    proposal.cuts[0].why        # "12 MB, saves 41 s"

A later run mostly changes one cell, and then executes the steps from there on. A cut saves what lies before it in
that step, and costs a start and the handing over of what crosses it. Those cuts are chosen that make such runs
quickest on the whole, each cell being as likely to change as any other. The same measures give the same cuts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from nbmlops.model.dataflow import SHARED_ROLES, Edge, Flow, Role, Slice, Statement, is_variable
from nbmlops.model.pipeline import Cut, Parameter
from nbmlops.pipeline.carriers import CARRIERS

LEAST_SECONDS = 5.0
"""A cut that saves less is not worth a step that people have to read."""
STEP_SECONDS = 1.5
"""What one more step takes: a kernel, its imports."""
BYTES_PER_SECOND = 100e6
"""Of a value that is stored, digested and read again."""
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of the notebook, or a live kernel, has told."""

    seconds: Mapping[int, float]
    """By index of the cell."""
    sizes: Mapping[str, int]
    """Bytes of variables, as they would be stored."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    cuts: tuple[Cut, ...] = ()
    """The first one begins the first step. None: one step."""
    whole: str = ""
    """Why it is one step."""


ONE_STEP = Proposal()


def propose_cuts(flow: Flow, slice: Slice, parameters: Sequence[Parameter], measures: Measures) -> Proposal:
    cells = _working_cells(flow, slice)
    costs = _Crossing(flow, slice, parameters, measures).costs(cells)
    seconds = [measures.seconds.get(cell, 0.0) for cell in cells]
    starts = _best(seconds, costs)
    if len(starts) < 2:
        return Proposal(whole=_why_whole(seconds, costs))
    names = _names(flow, slice, cells, starts)
    cuts = []
    for number, start in enumerate(starts):
        size, before = 0, 0.0
        if start:
            size, before = costs[start] or 0, sum(seconds[starts[number - 1] : start])
        why = f"{_size(size)}, saves {_seconds(before)}" if start else ""
        cuts.append(Cut(step=names[number], cell=cells[start], bytes=size, seconds=round(before, 1), why=why))
    return Proposal(cuts=tuple(cuts))


def _working_cells(flow: Flow, slice: Slice) -> list[int]:
    """Those that do more than import, define and set parameters."""
    idle = SHARED_ROLES | {Role.HOUSEKEEPING, Role.LITERAL}
    return [
        cell.index
        for cell in flow.cells
        if cell.index in slice.cells and any(statement.role not in idle for statement in cell.statements)
    ]


def _best(seconds: list[float], costs: list[int | None]) -> list[int]:
    """Positions at which steps begin, 0 among them; `costs`: bytes that cross before a position, None: no cut."""
    count, total = len(seconds), sum(seconds)
    before = [sum(seconds[:position]) for position in range(count + 1)]
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    """By position: the least that later runs take for what lies before it, and where its steps begin."""
    for end in range(1, count + 1):
        options = []
        for start in range(end):
            size = costs[start]
            if start and (size is None or before[start] - before[best[start][1][-1]] < LEAST_SECONDS):
                continue
            price = STEP_SECONDS + 2 * (size or 0) / BYTES_PER_SECOND if start else 0.0
            later = (end - start) / count * (total - before[start])
            options.append((best[start][0] + price + later, (*best[start][1], start)))
        best.append(min(options))
    return list(best[-1][1]) if count else []


def _why_whole(seconds: list[float], costs: list[int | None]) -> str:
    if len(seconds) < 2:
        return "one cell does all the work"
    if sum(seconds[:-1]) < LEAST_SECONDS:
        return f"all before the last cell takes {_seconds(sum(seconds[:-1]))}: no cut would save {LEAST_SECONDS:.0f} s"
    if all(size is None for size in costs[1:]):
        return "what its cells share cannot be handed over"
    return "no cut would save more than it costs"


class _Crossing:
    """What would be handed over at a cut."""

    def __init__(self, flow: Flow, slice: Slice, parameters: Sequence[Parameter], measures: Measures) -> None:
        shared, kept = frozenset(slice.shared), slice.cells
        self.statements = {
            (s.cell, s.position): s for s in flow.statements if s.cell in kept or (s.cell, s.position) in shared
        }
        self.edges = [e for e in flow.edges if e.source in self.statements and e.target in self.statements]
        self.parameters = {each.name for each in parameters}
        self.sizes = measures.sizes
        self.flow = flow

    def costs(self, cells: list[int]) -> list[int | None]:
        """Bytes that cross before each of the cells; None where there can be no cut."""
        return [self._cost(cell) for cell in cells]

    def _cost(self, cell: int) -> int | None:
        names: dict[str, None] = {}
        for edge in self.edges:
            if edge.source[0] < cell <= edge.target[0]:
                if self._is_stuck(edge):
                    return None
                if self._is_handed(edge):
                    names[edge.name] = None
        before = [each for each in self.flow.cells if each.index < cell]
        stuck = {each.name for each in before[-1].stuck} if before else set()
        if stuck & names.keys():
            return None
        return sum(self.sizes.get(name, 0) for name in names)

    def _is_stuck(self, edge: Edge) -> bool:
        """Hidden state: the current figure, a patched library."""
        is_hidden = not is_variable(edge.name) and edge.name not in CARRIERS
        return is_hidden and not edge.name.startswith(("file ", "folder ")) and not self._is_shared(edge)

    def _is_shared(self, edge: Edge) -> bool:
        return self.statements[edge.source].role in SHARED_ROLES

    def _is_handed(self, edge: Edge) -> bool:
        return is_variable(edge.name) and edge.name not in self.parameters and not self._is_shared(edge)


def _names(flow: Flow, slice: Slice, cells: list[int], starts: list[int]) -> list[str]:
    """What each step does, in a word."""
    found: list[str] = []
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(cells)
        part = set(cells[start:end])
        word = _word([s for s in flow.statements if s.cell in part], is_first=not number, is_last=end == len(cells))
        same = sum(1 for each in found if each == word or each.startswith(f"{word}-"))
        found.append(f"{word}-{same + 1}" if same else word)
    return found


def _word(statements: list[Statement], *, is_first: bool, is_last: bool) -> str:
    if any(s.fits for s in statements):
        return "train"
    if is_first and any(s.files_read for s in statements):
        return "load"
    if is_last and any(s.files_written for s in statements):
        return "write"
    return "finish" if is_last else "prepare"


def _size(count: int) -> str:
    amount = float(count)
    for unit in _UNITS[:-1]:
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.0f} {_UNITS[-1]}"


def _seconds(amount: float) -> str:
    return f"{amount:.1f} s" if amount < 10 else f"{amount:.0f} s"
