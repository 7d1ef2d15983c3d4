"""The names that are the result of a notebook: worth keeping, and comparing when it runs elsewhere.

Models, what is computed from them, and values that nothing else is computed from.
"""

from __future__ import annotations

from nbmlops.model.dataflow import SHARED_ROLES, Flow, Role, Slice, is_variable


def find_outputs(flow: Flow, slice: Slice, parameters: frozenset[str]) -> tuple[str, ...]:
    """In the order in which they are first bound; where somebody named what is wanted, exactly that."""
    if slice.want:
        return slice.want
    cells, aside = slice.cells, SHARED_ROLES | {Role.HOUSEKEEPING}
    kept = [s for s in flow.statements if s.cell in cells and s.role not in aside]
    keys = {(s.cell, s.position) for s in kept}
    by_key = {(s.cell, s.position): s for s in kept}
    makes = {key for key in keys if any(is_variable(n) for n in (*by_key[key].binds, *by_key[key].may_bind))}
    feeding = {(edge.source, edge.name) for edge in flow.edges if edge.target in makes and edge.target != edge.source}
    modelled: set[tuple[int, int]] = {key for key in keys if by_key[key].fits}
    for edge in flow.edges:
        # Edges are in document order, so one pass is enough.
        if edge.source in modelled and edge.target in keys and not edge.name.endswith("(global state)"):
            modelled.add(edge.target)
    last = max((cell.index for cell in flow.cells if cell.index in cells), default=-1)
    end = next((cell for cell in flow.cells if cell.index == last), None)
    stuck = {each.name for each in end.stuck if not each.holds} if end else set()
    found: dict[str, None] = {}
    for statement in kept:
        key = (statement.cell, statement.position)
        for name in statement.deletes:
            found.pop(name, None)
        if statement.fits or key in modelled:
            for name in statement.direct:
                found.setdefault(name, None)
        for name in statement.binds:
            terminal = (key, name) not in feeding
            if key in modelled or terminal:
                found.setdefault(name, None)
            elif name in found:
                del found[name]
    return tuple(
        name
        for name in found
        if is_variable(name) and not name.startswith("_") and name not in parameters and name not in stuck
    )
