"""What a kernel has executed, as a notebook: cells in the order in which they ran, failures left out.

Headings and tags come from the notebook's file, by cell id, where it is saved; a cell that is no longer in the file
(deleted, or edited since) stays as it ran.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from nbmlops.dataflow.hidden import HiddenState, Ran, find_hidden
from nbmlops.errors import NotebookError, NotFoundError, StateError
from nbmlops.lib.redact import redact
from nbmlops.model.cell import Execution, Outcome
from nbmlops.model.dataflow import Flow
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell
from nbmlops.ops.session import Session
from nbmlops.pipeline.source import read_notebook


def live_notebook(session: Session) -> Notebook:
    """Raises StateError when nothing was executed yet, or the front end does not say which notebook this is."""
    executions = _executed(session)
    if not executions:
        raise StateError("No cell has been executed yet.", kind="session-empty", hint="Run the notebook first.")
    if not session.notebook:
        raise StateError(
            "The front end does not say which notebook this is.",
            kind="notebook-unknown",
            hint="Name it: nbmlops export NOTEBOOK.ipynb",
        )
    path = session.project.absolute(session.notebook)
    saved = _saved_cells(str(path))
    cells: list[NotebookCell] = []
    shown: set[int] = set()
    for execution in executions:
        origin = saved.get(execution.cell_id or "")
        if origin is not None:
            cells += _headings_before(origin, saved, shown, len(cells))
        cells.append(
            NotebookCell(
                index=len(cells),
                id=execution.cell_id or execution.id,
                kind=CellKind.CODE,
                source=execution.source,
                tags=origin.tags if origin is not None else (),
                count=execution.count,
            )
        )
    return Notebook(path=str(path), cells=tuple(cells))


def live_seconds(session: Session, live: Notebook) -> dict[int, float]:
    """How long each cell of a live notebook took."""
    ran = zip(live.code_cells, _executed(session), strict=False)  # more may have been executed meanwhile
    return {cell.index: execution.seconds for cell, execution in ran}


def hidden_state(session: Session, flow: Flow, live: Notebook) -> HiddenState:
    """What the kernel holds that its notebook, as it is saved, does not show. Records keep sources without secrets."""
    saved = [
        msgspec.structs.replace(cell, source=redact(cell.source))
        for cell in _saved_cells(str(session.project.absolute(session.notebook))).values()
        if cell.kind is CellKind.CODE
    ]
    log = {cell.index: Ran(cell=cell.id, count=cell.count, source=cell.source) for cell in live.code_cells}
    return find_hidden(flow, log, saved)


def _executed(session: Session) -> list[Execution]:
    found = session.project.records.oldest(Execution, subject=session.id)
    return [execution for execution in found if execution.outcome is Outcome.OK]


def _saved_cells(path: str) -> dict[str, NotebookCell]:
    try:
        return {cell.id: cell for cell in read_notebook(Path(path)).cells}
    except (NotebookError, NotFoundError):
        return {}


def _headings_before(
    origin: NotebookCell, saved: dict[str, NotebookCell], shown: set[int], position: int
) -> list[NotebookCell]:
    """Markdown cells between the cell and the code before it, each shown once."""
    ordered = sorted(saved.values(), key=lambda cell: cell.index)
    found: list[NotebookCell] = []
    for cell in reversed(ordered[: origin.index]):
        if cell.kind is CellKind.CODE:
            break
        if cell.index not in shown and cell.kind is CellKind.MARKDOWN:
            shown.add(cell.index)
            found.append(cell)
    return [
        NotebookCell(index=position + number, id=cell.id, kind=cell.kind, source=cell.source, tags=cell.tags)
        for number, cell in enumerate(reversed(found))
    ]
