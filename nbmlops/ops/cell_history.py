"""What the records know of a notebook's cells: how each ran last, and whether its kernel is alive."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path

import msgspec

from nbmlops.model.cell import Execution, SessionInfo
from nbmlops.project import Project

_SESSIONS = 5
"""Kernels of the notebook that are looked at, the newest first, for cells that later ones have not executed."""
_REMEMBERED = 8
_ended: OrderedDict[tuple[Path, str], tuple[Execution, ...]] = OrderedDict()


class CellHistory(msgspec.Struct, frozen=True, kw_only=True):
    sessions: tuple[SessionInfo, ...] = ()
    """The newest first."""
    executions: tuple[Execution, ...] = ()
    """Of the newest session, in order."""
    last: dict[str, Execution] = {}
    """By cell id; by source where the front end gave no id."""


def cell_history(project: Project, notebook: str, cells: Collection[str]) -> CellHistory:
    """`notebook`: as records name it. `cells`: ids of its code cells."""
    known = project.records.newest(SessionInfo, limit=500)
    sessions = tuple(session for session in known if session.notebook == notebook)[:_SESSIONS]
    last: dict[str, Execution] = {}
    newest: tuple[Execution, ...] = ()
    for number, session in enumerate(sessions):
        executions = _executions(project, session)
        newest = executions if number == 0 else newest
        for execution in reversed(executions):
            last.setdefault(execution.cell_id or execution.source, execution)
        if all(cell in last for cell in cells):
            break
    return CellHistory(sessions=sessions, executions=newest, last=last)


def _executions(project: Project, session: SessionInfo) -> tuple[Execution, ...]:
    """Of a session that has ended nothing changes any more."""
    key = (project.home, session.id)
    if key in _ended:
        return _ended[key]
    found = project.records.oldest(Execution, subject=session.id)
    if session.ended is not None:
        _ended[key] = found
        while len(_ended) > _REMEMBERED:
            _ended.popitem(last=False)
    return found
