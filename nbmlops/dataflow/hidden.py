"""State of a kernel that its notebook no longer shows, and the fewest cells to move so that it would.

A log is what ran, one entry for each execution, with the dataflow between them; the notebook is the cells as they
stand. What a cell shows came from executions: where one of them is gone from the notebook, was edited, or ran more
often than a run from top to bottom would, nothing but the log has the source. Where all are there, but in another
order, the cells to move are the fewest possible: those outside of a largest set of cells of which no two stand in the
wrong order.

Pure: `find_hidden(flow, log, saved)` reads nothing and runs nothing.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from nbmlops.dataflow.matching import largest_antichain
from nbmlops.dataflow.reasons import described
from nbmlops.model.dataflow import Flow
from nbmlops.model.notebook import NotebookCell


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """One execution, as the log has it."""

    cell: str
    """Id of the notebook's cell, or of the execution where the front end gave none."""
    count: int | None
    source: str

    @property
    def label(self) -> str:
        return f"[{self.count}]" if self.count else f"a cell that ran ({first_line(self.source)})"


class Loss(StrEnum):
    DELETED = "deleted"
    EDITED = "edited"
    REPEATED = "repeated"
    """It ran several times, and each time counts."""
    OUT_OF_ORDER = "out of order"
    """Made by a cell that stands below."""


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """A value that the notebook, run from the top, would not make."""

    name: str
    loss: Loss
    maker: int | None
    """`[n]` of the execution that made it."""
    readers: tuple[int | None, ...]
    """`[n]` of those whose last execution used it."""
    sentence: str
    source: str = ""
    """The code that made it, from the log, where the notebook has it no longer."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    cell: str
    """Id of the cell to move."""
    index: int
    above: int | None
    """Index of the cell to put it above; None: to the end."""
    sentence: str


class HiddenState(msgspec.Struct, frozen=True, kw_only=True):
    hidden: tuple[Hidden, ...] = ()
    moves: tuple[Move, ...] = ()


def find_hidden(flow: Flow, log: dict[int, Ran], saved: Sequence[NotebookCell]) -> HiddenState:
    """`log` says for each cell of `flow` (by index, in the order of execution) what it was; `saved` are the code cells
    of the notebook as it stands. Nothing is hidden where the notebook cannot be read (no `saved`)."""
    if not saved or not log:
        return HiddenState()
    history = _Log(flow, log, saved)
    hidden = history.losses()
    order = history.needed_order()
    place = {cell.id: position for position, cell in enumerate(saved)}
    wrong = {(a, b) for a, after in order.items() for b in after if place[a] > place[b]}
    nodes = sorted({*order, *(b for after in order.values() for b in after)}, key=place.__getitem__)
    stay = largest_antichain(nodes, wrong)
    cells = {cell.id: cell for cell in saved}
    moves = []
    # Done one after another: of two that go to the same place, the one that must stand first comes first.
    for cell in sorted((each for each in nodes if each not in stay), key=lambda each: -len(order.get(each, ()))):
        below = [each for each in order.get(cell, ()) if each in stay]
        target = min((cells[each].index for each in below), default=None)
        where = f"above cell {target + 1}" if target is not None else "to the end"
        text = f"Move cell {cells[cell].index + 1} ({first_line(cells[cell].source)}) {where}"
        moves.append(Move(cell=cell, index=cells[cell].index, above=target, sentence=text))
    return HiddenState(hidden=hidden, moves=tuple(moves))


class _Log:
    def __init__(self, flow: Flow, log: dict[int, Ran], saved: Sequence[NotebookCell]) -> None:
        self.log = log
        self.saved = {cell.id: cell for cell in saved}
        self.last = {ran.cell: index for index, ran in log.items()}
        self.reads: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self.writers: dict[str, list[int]] = defaultdict(list)
        for edge in flow.edges:
            source, target = edge.source[0], edge.target[0]
            if source != target and source not in self.reads[target][edge.name]:
                self.reads[target][edge.name].append(source)
        for statement in flow.statements:
            for name in (*statement.binds, *statement.may_bind, *statement.mutates):
                if statement.cell in log and statement.cell not in self.writers[name]:
                    self.writers[name].append(statement.cell)
        self.signatures: dict[int, str] = {}
        for index in log:
            self.signatures[index] = self._signature(index)

    def losses(self) -> tuple[Hidden, ...]:
        found: dict[tuple[str, Loss, int], list[int]] = {}
        for reader in self._shown():
            for name, makers in self.reads[reader].items():
                for maker in makers:
                    loss = self._loss(maker, reader)
                    if loss is not None:
                        found.setdefault((name, loss, maker), []).append(reader)
        for index in self.last.values():
            if self._is_edited(index) and not any(key[2] == index for key in found):
                found[("", Loss.EDITED, index)] = []
        return tuple(self._hidden(name, loss, maker, readers) for (name, loss, maker), readers in found.items())

    def needed_order(self) -> dict[str, set[str]]:
        """Cell -> the cells that must stand below it, for each to read what it read. Transitive."""
        below: dict[str, set[str]] = defaultdict(set)

        def put(first: int, second: int) -> None:
            a, b = self.log[first].cell, self.log[second].cell
            if a == b or a in below[b]:
                return
            after = {b, *below[b]}
            for each in [a, *(cell for cell, lower in below.items() if a in lower)]:
                below[each] |= after

        shown = self._shown()
        for reader in shown:
            for name, makers in self.reads[reader].items():
                sources = [last for maker in makers if (last := self._as_it_stands(maker)) is not None]
                for source in sources:
                    put(source, reader)
                for writer in self.writers[name] if sources else ():
                    other = self._as_it_stands(writer)
                    if other is None or other in sources or other == reader:
                        continue
                    # Who wrote the name later must not come between, nor who wrote it before.
                    if writer > reader:
                        put(reader, other)
                    elif writer < min(makers):
                        put(other, min(sources))
        return {cell: lower for cell, lower in below.items() if lower}

    # Executions

    def _shown(self) -> list[int]:
        """Last executions of cells that stand in the notebook as they ran."""
        return [index for index in sorted(self.last.values()) if self._stands(index)]

    def _stands(self, index: int) -> bool:
        ran = self.log[index]
        return ran.cell in self.saved and _squeezed(self.saved[ran.cell].source) == _squeezed(ran.source)

    def _is_edited(self, index: int) -> bool:
        return self.log[index].cell in self.saved and not self._stands(index)

    def _as_it_stands(self, index: int) -> int | None:
        """The last execution of the same cell, if the notebook has it and it did the same."""
        last = self.last[self.log[index].cell]
        return last if self._stands(last) and self.signatures[last] == self.signatures[index] else None

    def _signature(self, index: int) -> str:
        parts = [_squeezed(self.log[index].source)]
        for name, makers in sorted(self.reads[index].items()):
            parts += [f"{name}={self.signatures.get(maker, '')}" for maker in makers]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _loss(self, maker: int, reader: int) -> Loss | None:
        ran = self.log.get(maker)
        if ran is None:
            return None
        if ran.cell not in self.saved:
            return Loss.DELETED
        last = self.last[ran.cell]
        if not self._stands(maker):
            return Loss.EDITED
        if self._as_it_stands(maker) is None:
            return Loss.REPEATED
        places = list(self.saved)
        is_below = places.index(ran.cell) > places.index(self.log[reader].cell)
        return Loss.OUT_OF_ORDER if is_below and self.log[last].cell != self.log[reader].cell else None

    def _hidden(self, name: str, loss: Loss, maker: int, readers: list[int]) -> Hidden:
        ran, shown = self.log[maker], described(name)
        users = ", ".join(self.log[reader].label for reader in readers)
        sentence = {
            Loss.DELETED: f"{shown}, which {users} used, was made by {ran.label}, whose cell is deleted",
            Loss.EDITED: f"{shown}, which {users} used, was made by {ran.label}, whose cell was edited since",
            Loss.REPEATED: f"{shown}, which {users} used, was made by {ran.label}, whose cell ran again since",
            Loss.OUT_OF_ORDER: f"{shown}, which {users} used, was made by {ran.label}, whose cell stands below",
        }[loss]
        if loss is Loss.REPEATED and all(self.log[reader].cell == ran.cell for reader in readers):
            times = sum(each.cell == ran.cell for each in self.log.values())
            sentence = f"{shown} counts that {users} ran {times} times, each on what the one before had left"
        if not readers:
            sentence = f"The cell of {ran.label} was edited since it ran"
        return Hidden(
            name=shown,
            loss=loss,
            maker=ran.count,
            readers=tuple(self.log[reader].count for reader in readers),
            sentence=sentence,
            source=ran.source if loss in (Loss.DELETED, Loss.EDITED) else "",
        )


def first_line(source: str) -> str:
    line = next((line.strip() for line in source.splitlines() if line.strip()), "")
    return line if len(line) <= 40 else f"{line[:39]}…"


def _squeezed(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())
