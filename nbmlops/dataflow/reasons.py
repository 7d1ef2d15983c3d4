"""Plain sentences: why a cell stayed, why it went."""

from __future__ import annotations

from collections.abc import Collection

from nbmlops.model.dataflow import (
    SHARED_ROLES,
    CellFlow,
    Edge,
    EdgeKind,
    Flow,
    Role,
    Statement,
    Unbound,
    is_variable,
)


def kept_because(edge: Edge, source: Statement) -> str:
    reader = f"cell {edge.target[0] + 1}"
    if edge.target[0] == edge.source[0]:
        reader = "its own cell"
    name = edge.name
    if name.startswith("file "):
        return f"writes {name.removeprefix('file ')}, which {reader} reads"
    if name.startswith("folder "):
        return f"makes {name.removeprefix('folder ')}, which {reader} writes into"
    if name.endswith(" (settings)"):
        return f"sets {described(name)}, which {reader} uses"
    if name.startswith("names ("):
        return f"runs {described(name)}, which may bind what {reader} uses"
    if source.role is Role.IMPORT:
        return f"imports {name}, which {reader} uses"
    if source.role is Role.DEFINITION:
        return f"defines {name}, which {reader} uses"
    if edge.kind is EdgeKind.MUTATED:
        return f"changes {name}, which {reader} reads"
    return f"binds {name}, which {reader} reads"


def unbound_sentence(use: Unbound) -> str:
    where = f" in {use.via}()" if use.via and use.via != "<lambda>" else ""
    when = "never bound"
    if use.bound_in is not None:
        later = f"later, in cell {use.bound_in + 1}" if use.bound_in > use.cell else "further down in the same cell"
        when = f"bound {later}"
    return f"Cell {use.cell + 1}, line {use.line} uses {use.name}{where}, which is {when}"


def described(name: str) -> str:
    """A name of hidden state for people: what holds it, or what brings it."""
    if name.startswith("names ("):
        return name.removeprefix("names (").removesuffix(")")
    return name.removesuffix(" (settings)").removesuffix(" (global state)")


def why_dropped(cell: CellFlow, flow: Flow, kept: Collection[int], used: bool) -> str:
    if "skip" in cell.tags:
        return "tagged skip"
    statements = [each for each in cell.statements if each.role is not Role.HOUSEKEEPING]
    if not cell.statements:
        return "empty"
    if not statements:
        return f"housekeeping: {cell.statements[0].why}"
    code = [each for each in statements if each.role not in SHARED_ROLES]
    if not code:
        names = [name for each in statements for name in each.binds if is_variable(name)]
        verb = "imports" if all(each.role is Role.IMPORT for each in statements) else "defines"
        return f"{verb} {_listed(names)}, which nothing kept uses" if names else "sets what nothing kept uses"
    why = _why_code(code, flow, kept)
    return f"{why}; its imports and definitions are used" if used else why


def _why_code(code: list[Statement], flow: Flow, kept: Collection[int]) -> str:
    bound = [name for each in code for name in (*each.binds, *each.may_bind) if is_variable(name)]
    if bound:
        return _why_unread(code, list(dict.fromkeys(bound)), flow)
    figures = any("(current figure)" in name for each in code for name in (*each.binds, *each.mutates))
    if figures:
        return "only draws a figure, which is not saved"
    changed = [name for each in code for name in each.direct if is_variable(name)]
    if changed and not all(each.displays for each in code):
        return f"changes {_listed(changed)}, which nothing kept reads afterwards"
    if any(each.displays for each in code):
        return "only displays"
    return "has no effect on anything kept"


def _why_unread(code: list[Statement], bound: list[str], flow: Flow) -> str:
    keys = {(each.cell, each.position) for each in code}
    cell = code[0].cell
    read_elsewhere = {edge.name for edge in flow.edges if edge.source in keys and edge.target[0] != cell}
    if not read_elsewhere & set(bound):
        for name in bound:
            later = next((s for s in flow.statements if s.cell > cell and name in s.binds), None)
            if later is not None and len(bound) == 1:
                return f"binds {name}, which cell {later.cell + 1} overwrites before it is read"
    return f"binds {_listed(bound)}, which nothing kept reads"


def _listed(names: list[str]) -> str:
    unique = list(dict.fromkeys(names))
    return ", ".join(unique[:3]) + (f" and {len(unique) - 3} more" if len(unique) > 3 else "")
