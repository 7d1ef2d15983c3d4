"""The cells that matter for their own sake.

Files written, what is logged, effects on the outside world, fitted models and everything computed from them,
and what the user tagged. A notebook with none of these is kept for what it shows.
"""

from __future__ import annotations

from collections import defaultdict

from nbmlops.model.dataflow import SHARED_ROLES, CellFlow, Flow, Role, Statement, is_variable

Key = tuple[int, int]


def find_roots(flow: Flow) -> dict[int, str]:
    """Index of each root cell -> why it is one.

    What a kernel has executed again matters as it ran last: trying other values does not make results of all of them.
    """
    last = {cell.id: cell.index for cell in flow.cells}
    again = {cell.index for cell in flow.cells if last[cell.id] != cell.index}
    models = _computed_from_models(flow)
    roots: dict[int, str] = {}
    for cell in flow.cells:
        if cell.index in again:
            continue
        why = _tagged(cell) or next((text for s in cell.statements if (text := _effect(s, models))), "")
        if why and cell.statements:
            roots[cell.index] = why
    if any(not _only_tagged(flow, index, models) for index in roots):
        return roots
    results = {index: why for index, why in _results(flow).items() if index not in again}
    return roots or results or _everything(flow)


def _only_tagged(flow: Flow, index: int, models: dict[Key, int]) -> bool:
    cell = next(each for each in flow.cells if each.index == index)
    return not any(_effect(statement, models) for statement in cell.statements)


def _tagged(cell: CellFlow) -> str:
    for tag in cell.tags:
        if tag in ("keep", "pipeline-metrics") or tag.startswith(("step:", "block:")):
            return f"tagged {tag}"
    return ""


def _effect(statement: Statement, models: dict[Key, int]) -> str:
    if statement.role in SHARED_ROLES | {Role.HOUSEKEEPING}:
        return ""
    if statement.files_written:
        return f"writes {', '.join(statement.files_written)}"
    if statement.logs:
        return "logs to MLflow"
    if statement.sink:
        return statement.sink
    if statement.fits:
        return "fits a model"
    origin = models.get((statement.cell, statement.position))
    if origin is not None:
        return f"computed from the model fitted in cell {origin + 1}"
    return ""


def _computed_from_models(flow: Flow) -> dict[Key, int]:
    """Statements that read, directly or not, what a fitting statement made -> the cell that fits."""
    outgoing: dict[Key, list[Key]] = defaultdict(list)
    for edge in flow.edges:
        if not edge.name.endswith("(global state)"):
            outgoing[edge.source].append(edge.target)
    found = {(s.cell, s.position): s.cell for s in flow.statements if s.fits and s.role not in SHARED_ROLES}
    waiting = list(found)
    while waiting:
        key = waiting.pop(0)
        for target in outgoing[key]:
            if target not in found:
                found[target] = found[key]
                waiting.append(target)
    return found


def _results(flow: Flow) -> dict[int, str]:
    """What a notebook without models and files is for: what it shows, and its last values."""
    read = {(edge.source, edge.name) for edge in flow.edges}
    last_binding = {name: (s.cell, s.position) for s in flow.statements for name in s.binds}
    roots: dict[int, str] = {}
    for cell in flow.cells:
        for statement in cell.statements:
            if statement.role in SHARED_ROLES | {Role.HOUSEKEEPING}:
                continue
            key = (statement.cell, statement.position)
            if statement.displays:
                roots.setdefault(cell.index, "shows its result")
            unread = [
                name
                for name in (*statement.binds, *statement.may_bind)
                if is_variable(name) and (key, name) not in read and last_binding.get(name, key) <= key
            ]
            if unread and statement.role is Role.CODE:
                roots.setdefault(cell.index, f"binds {unread[0]}, a final value")
    return roots


def _everything(flow: Flow) -> dict[int, str]:
    """A notebook that only defines things is all definitions."""
    useful = [cell for cell in flow.cells if any(s.role is not Role.HOUSEKEEPING for s in cell.statements)]
    return {cell.index: "the notebook does nothing but define" for cell in useful}
