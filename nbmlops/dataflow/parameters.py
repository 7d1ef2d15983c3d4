"""The parameters of a notebook: a cell tagged `parameters`, or literals that are set once and only read.

n_estimators = 100        # number of trees
->  Parameter(name="n_estimators", type="int", default=100, help="number of trees")
"""

from __future__ import annotations

from collections import Counter

from nbmlops.lib.redact import is_secret_name
from nbmlops.model.dataflow import Flow, Literal, Slice, Statement
from nbmlops.model.pipeline import Parameter, ParameterType

_TAGS = frozenset({"parameters", "pipeline-parameters"})


def find_parameters(flow: Flow, slice: Slice) -> tuple[Parameter, ...]:
    """In the order of the notebook."""
    tagged = [s for cell in flow.cells if _TAGS & set(cell.tags) for s in cell.statements]
    chosen = _settable(tagged, flow, slice) if tagged else _candidates(flow, slice)
    return tuple(
        _parameter(literal, statement)
        for statement in chosen
        if not any(_is_secret(literal) for literal in statement.literals)
        for literal in statement.literals
    )


def _settable(tagged: list[Statement], flow: Flow, slice: Slice) -> list[Statement]:
    """Those whose value may come first of all: nothing kept binds or changes the name before.

    Of a cell that a kernel has executed again and again, the last time counts.
    """
    ids = {cell.id: cell.index for cell in flow.cells}
    newest = {cell.index for cell in flow.cells if ids[cell.id] == cell.index}
    tagged = [s for s in tagged if s.cell in newest]
    cells = {s.cell for s in tagged}
    last = max(cells)
    kept = slice.cells | cells
    early = [s for s in flow.statements if s.cell <= last and s.cell in kept]
    bound = Counter(name for s in early for name in (*s.binds, *s.may_bind, *s.deletes, *s.mutates))
    return [s for s in tagged if s.literals and all(bound[each.name] == 1 for each in s.literals)]


def _candidates(flow: Flow, slice: Slice) -> list[Statement]:
    cells, shared = slice.cells, frozenset(slice.shared)
    kept = [s for s in flow.statements if s.cell in cells or (s.cell, s.position) in shared]
    bound = Counter(name for s in kept for name in {*s.binds, *s.may_bind, *s.deletes})
    changed = {name for s in kept for name in s.mutates}
    keys = {(s.cell, s.position) for s in kept}
    read = {(edge.source, edge.name) for edge in flow.edges if edge.target in keys}
    return [
        s
        for s in kept
        if s.literals
        and all(
            bound[each.name] == 1
            and each.name not in changed
            and not each.name.startswith("_")
            and not (each.type in (ParameterType.LIST, ParameterType.DICT, ParameterType.TUPLE) and not each.value)
            for each in s.literals
        )
        and any(((s.cell, s.position), each.name) in read for each in s.literals)
    ]


def _is_secret(literal: Literal) -> bool:
    return literal.type in (ParameterType.STR, ParameterType.NONE) and is_secret_name(literal.name)


def _parameter(literal: Literal, statement: Statement) -> Parameter:
    return Parameter(
        name=literal.name,
        type=literal.type,
        default=literal.value,
        optional=literal.optional,
        help=literal.comment,
        cell=statement.cell,
    )
