"""Why each cell stays or goes, in both directions: what it needs and from whom, what it makes and for whom.

stories = explain(flow, cut(flow))
stories[3].why            # 'binds df, which cell 5 reads'
stories[3].reads[0]       # Link(name="raw", cell=1, evidence="reads raw, bound in cell 2")
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from nbmlops.dataflow.reasons import described, kept_because, unbound_sentence
from nbmlops.model.dataflow import CellFlow, Edge, Flow, Slice, Statement, is_variable


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Something that another cell has made, or uses."""

    name: str
    """A variable, a file, or hidden state as people call it."""
    cell: int
    """Index of the other cell."""
    evidence: str


class CellStory(msgspec.Struct, frozen=True, kw_only=True):
    cell: int
    """Index among all cells of the notebook."""
    id: str
    count: int | None = None
    preview: str = ""
    """First line."""
    stays: bool
    why: str
    reads: tuple[Link, ...] = ()
    """From which cells."""
    defines: tuple[str, ...] = ()
    mutates: tuple[str, ...] = ()
    """Variables whose objects it may change, aliases included."""
    needed_by: tuple[Link, ...] = ()
    files_read: tuple[str, ...] = ()
    files_written: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    """Hidden state that it uses or changes: random generators, the current figure, settings."""
    chance: tuple[str, ...] = ()
    """What makes it come out otherwise each time."""
    asks: tuple[str, ...] = ()
    """Where it waits for somebody to type."""
    unbound: tuple[str, ...] = ()
    """Names that it uses where nothing has bound them."""


def explain(flow: Flow, slice: Slice) -> tuple[CellStory, ...]:
    """Of every code cell, in order."""
    reasons = {each.cell: (True, each.why) for each in slice.kept} | {
        each.cell: (False, each.why) for each in slice.dropped
    }
    by_key = {(s.cell, s.position): s for s in flow.statements}
    incoming: dict[int, list[Edge]] = defaultdict(list)
    outgoing: dict[int, list[Edge]] = defaultdict(list)
    for edge in flow.edges:
        if edge.source[0] != edge.target[0]:
            incoming[edge.target[0]].append(edge)
            outgoing[edge.source[0]].append(edge)
    return tuple(_story(cell, flow, reasons[cell.index], incoming, outgoing, by_key) for cell in flow.cells)


def _story(
    cell: CellFlow,
    flow: Flow,
    reason: tuple[bool, str],
    incoming: dict[int, list[Edge]],
    outgoing: dict[int, list[Edge]],
    by_key: dict[tuple[int, int], Statement],
) -> CellStory:
    statements = cell.statements
    touched = [n for s in statements for n in (*s.reads, *s.binds, *s.may_bind, *s.mutates)]
    bound = _unique(n for s in statements for n in (*s.binds, *s.may_bind) if is_variable(n))
    return CellStory(
        cell=cell.index,
        id=cell.id,
        preview=next((line.strip() for line in cell.source.splitlines() if line.strip()), "")[:80],
        stays=reason[0],
        why=reason[1],
        reads=_links((edge, edge.source[0], edge.evidence) for edge in incoming[cell.index]),
        defines=bound,
        mutates=_unique(n for s in statements for n in s.mutates if is_variable(n) and n not in bound),
        needed_by=_links(
            (edge, edge.target[0], kept_because(edge, by_key[edge.source])) for edge in outgoing[cell.index]
        ),
        files_read=_unique(path for s in statements for path in s.files_read),
        files_written=_unique(path for s in statements for path in s.files_written),
        state=_unique(described(n) for n in touched if not is_variable(n) and not n.startswith(("file ", "folder "))),
        chance=_unique(each for s in statements for each in s.chance),
        asks=_unique(each for s in statements for each in s.asks),
        unbound=tuple(unbound_sentence(each) for each in flow.unbound if each.cell == cell.index),
    )


def _links(edges: Iterable[tuple[Edge, int, str]]) -> tuple[Link, ...]:
    """One for each name and cell; of several pieces of evidence the last, which tells of a change after the binding."""
    found = {
        (edge.name, cell): Link(name=described(edge.name), cell=cell, evidence=evidence)
        for edge, cell, evidence in edges
    }
    return tuple(sorted(found.values(), key=lambda link: (link.cell, link.name)))


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
