"""`stale`: which runs, and which cells' outputs, no longer fit the data and the code of today."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.dataflow.staleness import StaleCell, stale_cells
from nbmlops.errors import IntegrityError, NbmlopsError, NotFoundError
from nbmlops.lib.redact import redact
from nbmlops.model.cell import Execution, SessionInfo
from nbmlops.model.notebook import CellKind
from nbmlops.model.run import RunView, Tags
from nbmlops.model.snapshot import Change, Entry
from nbmlops.model.trace import SessionTrace
from nbmlops.ops.call import Call
from nbmlops.ops.diff import entries_now
from nbmlops.ops.fields import option, positional
from nbmlops.pipeline.source import read_notebook
from nbmlops.project import Project
from nbmlops.replay.plan import files_needed
from nbmlops.snapshot.code import EXECUTED, LOCK
from nbmlops.snapshot.diff import diff
from nbmlops.snapshot.find import load
from nbmlops.snapshot.trace import trace_of
from nbmlops.track.lists import find_run, list_runs


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    runs: Annotated[tuple[str, ...], positional("Only these runs. Default: the newest.", metavar="RUN")] = ()
    limit: Annotated[int, option("How many runs at most.", short="n")] = 20


class StaleRun(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    reasons: tuple[str, ...]
    """Empty: it fits."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    runs: tuple[StaleRun, ...]
    """Those that were looked at, newest first."""
    cells: tuple[StaleCell, ...]
    """Of the kernel, or of the last one that ran."""
    looked_at: int
    """Cells that were looked at."""
    notebook: str = ""


def stale(call: Call, request: Request) -> Result:
    """Raises NotFoundError for an unknown run."""
    project = call.project
    if request.runs:
        views = tuple(find_run(project.uri, reference) for reference in request.runs)
    else:
        views = list_runs(project.uri, limit=request.limit, parents_only=True)
    session = call.session.info if call.has_session else next(iter(project.records.newest(SessionInfo, limit=1)), None)
    executions = project.records.oldest(Execution, subject=session.id) if session is not None else ()
    saved = _saved(project, session.notebook) if session is not None else {}
    is_batch = session is not None and session.door == "batch"
    return Result(
        runs=tuple(
            StaleRun(id=run.id, name=run.name, reasons=_reasons(project, run)) for run in views if _is_tied(run)
        ),
        cells=stale_cells(
            executions,
            saved=saved,
            has_changed=lambda path, size, when: has_changed(project, path, size, when),
            is_batch=is_batch,
        ),
        looked_at=len({execution.cell_id or execution.source for execution in executions}),
        notebook=session.notebook if session is not None else "",
    )


def _is_tied(run: RunView) -> bool:
    return Tags.DATA_SNAPSHOT in run.tags or Tags.CODE_SNAPSHOT in run.tags


def _reasons(project: Project, run: RunView) -> tuple[str, ...]:
    try:
        return (*_data(project, run), *_modules(project, run), *_cells(project, run))
    except (NotFoundError, IntegrityError) as error:
        return (f"it cannot be told: {error.message}",)


def _data(project: Project, run: RunView) -> list[str]:
    """Files that the run made itself are its outcome: it is not stale because somebody made them again."""
    entries = _entries(project, run, Tags.DATA_SNAPSHOT)
    if Tags.TRACE in run.tags:
        needed = files_needed(trace_of(run, project.objects).executions)
        entries = tuple(entry for entry in entries if entry.path in needed)
    return [_words(change) for change in diff(entries, entries_now(project, entries))]


def _modules(project: Project, run: RunView) -> list[str]:
    entries = tuple(e for e in _entries(project, run, Tags.CODE_SNAPSHOT) if not e.path.endswith((EXECUTED, LOCK)))
    return [_words(change) for change in diff(entries, entries_now(project, entries))]


def _cells(project: Project, run: RunView) -> list[str]:
    if Tags.TRACE not in run.tags:
        return []
    found = []
    for session in trace_of(run, project.objects).sessions:
        saved = _saved(project, session.notebook)
        if not saved:
            continue
        edited, gone = _edited(session, saved)
        if edited:
            found.append(f"{_count(edited)} of {session.notebook} edited")
        if gone and session.door != "batch":  # a batch run has cells that were put in for it
            found.append(f"{_count(gone)} of {session.notebook} deleted")
    return found


def _edited(session: SessionTrace, saved: dict[str, str]) -> tuple[int, int]:
    last = {execution.cell_id: execution.source for execution in session.executions if execution.cell_id}
    edited = sum(cell in saved and saved[cell].strip() != source.strip() for cell, source in last.items())
    return edited, sum(cell not in saved for cell in last)


def _count(cells: int) -> str:
    return "1 cell" if cells == 1 else f"{cells} cells"


def _words(change: Change) -> str:
    return f"{change.path} {'is gone' if change.after is None else 'changed'}"


def _entries(project: Project, run: RunView, tag: str) -> tuple[Entry, ...]:
    digest = run.tags.get(tag)
    return load(digest, project.objects).entries if digest else ()


def _saved(project: Project, notebook: str) -> dict[str, str]:
    """Sources as records keep them, by cell id in order; nothing where the file cannot be read."""
    if not notebook:
        return {}
    try:
        cells = read_notebook(project.absolute(notebook)).cells
    except NbmlopsError:
        return {}
    return {cell.id: redact(cell.source) for cell in cells if cell.kind is CellKind.CODE}


def has_changed(project: Project, path: str, size: int | None, modified_ns: int | None) -> bool:
    try:
        info = project.absolute(path).stat()
    except OSError:
        return True
    return (info.st_size, info.st_mtime_ns) != (size, modified_ns)
