"""The cells that a run needs: its own, and backwards what those rest on.

Found by analysis, and by the files that cells were seen to read and write. That may miss a cell, so whoever replays the
part and finds a difference has to replay the whole.
"""

from __future__ import annotations

import posixpath

from msgspec.structs import replace

from nbmlops.dataflow.analyse import analyse
from nbmlops.dataflow.cut import cut
from nbmlops.dataflow.frame import Modules
from nbmlops.errors import NbmlopsError
from nbmlops.model.cell import Execution, Outcome
from nbmlops.model.dataflow import Flow
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell
from nbmlops.model.run import RunView, Tags
from nbmlops.model.trace import Trace
from nbmlops.project import Project
from nbmlops.snapshot.find import load

_OF_CELLS = frozenset({"cell", "fit", "mlflow"})
"""Kinds of run that began in one cell; the others are made by all that ran."""


def needed_part(project: Project, run: RunView, trace: Trace) -> Trace:
    """The trace without the cells that the run does not need; all of it where that cannot be told."""
    first = next((n for n, e in enumerate(trace.executions) if e.id == run.tags.get(Tags.EXECUTION)), None)
    if first is None or len(trace.sessions) != 1 or run.tags.get(Tags.KIND) not in _OF_CELLS:
        return trace
    if any(execution.outcome is not Outcome.OK for execution in trace.executions[:first]):
        return trace  # nobody knows how far it came
    try:
        cells = needed_cells(trace.executions, first, _modules(project, run, trace.sessions[0].folder))
    except NbmlopsError:
        return trace
    random: dict[str, str] = {}
    states = ""
    for number, execution in enumerate(trace.executions):
        states = trace.random.get(execution.id, states)
        if number in cells and states:
            random[execution.id], states = states, ""
    kept = tuple(execution for number, execution in enumerate(trace.executions) if number in cells)
    return replace(trace, sessions=(replace(trace.sessions[0], executions=kept),), random=random)


def needed_cells(executions: tuple[Execution, ...], first: int, modules: Modules) -> frozenset[int]:
    """Positions of the executions from `first` on and of all that those need. Raises NotebookError."""
    cells = tuple(NotebookCell(index=n, id=e.id, kind=CellKind.CODE, source=e.source) for n, e in enumerate(executions))
    flow = analyse(Notebook(path="", cells=cells), modules)
    needed = frozenset(range(first, len(executions)))
    while more := _rested_on(flow, executions, needed) - needed:
        needed |= more
    return needed


def _rested_on(flow: Flow, executions: tuple[Execution, ...], cells: frozenset[int]) -> frozenset[int]:
    found = cut(flow, cells=cells)
    writers = {
        n
        for cell in found.cells
        for n, earlier in enumerate(executions[:cell])
        if {use.path for use in earlier.outputs} & {use.path for use in executions[cell].inputs}
    }
    return found.cells | {cell for cell, _ in found.shared} | writers


def _modules(project: Project, run: RunView, folder: str) -> Modules:
    """Source of the run's own modules, by dotted name."""
    digest = run.tags.get(Tags.CODE_SNAPSHOT)
    entries = load(digest, project.objects).entries if digest else ()
    digests = {entry.path: entry.digest for entry in entries}

    def source(name: str) -> str | None:
        base = posixpath.normpath(posixpath.join(folder, *name.split(".")))
        found = digests.get(f"{base}.py") or digests.get(f"{base}/__init__.py")
        return project.objects.read(found).decode("utf-8", "replace") if found else None

    return source
