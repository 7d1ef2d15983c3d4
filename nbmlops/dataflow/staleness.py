"""Which cells' outputs no longer fit the code and the data that they were made from. Pure.

An execution is described by its source, what it read and who had made that; the same is asked of the notebook as it
is now, from the top. Where the two descriptions part, the cell is stale, and the first part that differs says why.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

import msgspec

from nbmlops.model.cell import Execution, Outcome


class StaleCell(msgspec.Struct, frozen=True, kw_only=True):
    execution: str
    cell: str
    """The cell's id, where the front end gave one."""
    count: int | None
    source: str
    """First line."""
    reasons: tuple[str, ...]


def stale_cells(
    executions: Sequence[Execution],
    *,
    saved: Mapping[str, str],
    has_changed: Callable[[str, int | None, int | None], bool],
    is_batch: bool = False,
) -> tuple[StaleCell, ...]:
    """Cells of one session, in the order of the notebook.

    `saved` is the notebook as it is now, source by cell id in order; empty where that is not known. `has_changed(path,
    size, modified_ns)` says whether a file is no longer what it was when it was read. A batch run goes from the top to
    the bottom, with cells that are in no notebook (parameters that were put in).
    """
    done = [execution for execution in executions if execution.outcome is Outcome.OK]
    then = _signatures_then(done)
    latest = _latest(done, {} if is_batch else saved)
    makers = _makers(done)
    standing: dict[str, Execution] = {}
    """Who makes each name, among the cells above."""
    own_files = {use.path for execution in done for use in execution.outputs}
    now: dict[str, str] = {}
    found = []
    for execution in latest:
        source = saved.get(execution.cell_id or "", execution.source)
        reasons, parts = [], [source]
        if _squeezed(source) != _squeezed(execution.source):
            reasons.append("edited since it ran")
        for name in _reads(execution):
            before, above = _last_before(makers.get(name, ()), execution.order), standing.get(name)
            maker = above or before
            reason = _why(name, before, above, then, now)
            if reason:
                reasons.append(reason)
            parts.append(f"{name}={_signature_of(maker, now, then)}")
        for use in execution.inputs:
            if use.path not in own_files and use.size is not None:
                if has_changed(use.path, use.size, use.modified_ns):
                    reasons.append(f"{use.path} changed since it was read")
                    parts.append(f"{use.path} changed")
                else:
                    parts.append(f"{use.path} {use.size} {use.modified_ns}")
        now[execution.id] = _hash(parts) if reasons else then[execution.id]
        standing |= dict.fromkeys(_writes(execution), execution)
        if reasons:
            found.append(
                StaleCell(
                    execution=execution.id,
                    cell=execution.cell_id or "",
                    count=execution.count,
                    source=execution.source.strip().partition("\n")[0][:80],
                    reasons=tuple(dict.fromkeys(reasons)),
                )
            )
    return tuple(found)


def _why(
    name: str, before: Execution | None, above: Execution | None, then: Mapping[str, str], now: Mapping[str, str]
) -> str:
    """Why what the cell read is not what it would read now; empty when it is."""
    if above is None or before is None:
        return ""
    shown = name.removeprefix("file ")
    if above.id == before.id:
        return f"{shown} comes from a cell that is stale: {_label(above)}" if now[above.id] != then[above.id] else ""
    if now[above.id] == then[before.id]:
        return ""  # it ran again, with the same code on the same data
    if above.order > before.order:
        return f"{shown} was made anew by {_label(above)}"
    return f"it read {shown} as {_label(before)} had left it, which stands below"


def _signatures_then(done: Sequence[Execution]) -> dict[str, str]:
    made: dict[str, str] = {}
    found: dict[str, str] = {}
    for execution in done:
        parts = [execution.source]
        parts += [f"{name}={made.get(name, '')}" for name in _reads(execution)]
        own = {use.path for use in execution.outputs}
        parts += [f"{use.path} {use.size} {use.modified_ns}" for use in execution.inputs if use.path not in own]
        found[execution.id] = _hash(parts)
        for name in _writes(execution):
            made[name] = found[execution.id]
    return found


def _latest(done: Sequence[Execution], saved: Mapping[str, str]) -> list[Execution]:
    """The last execution of each cell, in the order of the notebook; where that is not known, of first execution."""
    last = {execution.cell_id or execution.source: execution for execution in done}
    if not saved:
        return list(last.values())
    order = {cell: number for number, cell in enumerate(saved)}
    return sorted((each for cell, each in last.items() if cell in order), key=lambda each: order[each.cell_id or ""])


def _makers(done: Sequence[Execution]) -> dict[str, list[Execution]]:
    """By name, in the order of execution."""
    found: dict[str, list[Execution]] = {}
    for execution in sorted(done, key=_order):
        for name in _writes(execution):
            found.setdefault(name, []).append(execution)
    return found


def _last_before(executions: Sequence[Execution], order: int) -> Execution | None:
    position = bisect_left(executions, order, key=_order)
    return executions[position - 1] if position else None


def _order(execution: Execution) -> int:
    return execution.order


def _reads(execution: Execution) -> tuple[str, ...]:
    return (*execution.reads, *(f"file {use.path}" for use in execution.inputs))


def _writes(execution: Execution) -> frozenset[str]:
    return frozenset((*execution.writes, *(f"file {use.path}" for use in execution.outputs)))


def _signature_of(maker: Execution | None, now: Mapping[str, str], then: Mapping[str, str]) -> str:
    return "" if maker is None else now.get(maker.id, then[maker.id])


def _label(execution: Execution) -> str:
    return f"cell [{execution.count}]" if execution.count else f"cell {execution.order}"


def _squeezed(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _hash(parts: Sequence[str]) -> str:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()
