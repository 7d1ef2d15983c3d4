"""`cells`: what each cell of a notebook is: its step, its run, how it ran last; why it goes or is out of date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from nbmlops.dataflow.explain import CellStory
from nbmlops.dataflow.staleness import stale_cells
from nbmlops.errors import NotFoundError
from nbmlops.lib.redact import redact
from nbmlops.model.cell import Execution, FileUse, SessionInfo
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell
from nbmlops.model.pipeline import Parameter, Pipeline
from nbmlops.ops.call import Call
from nbmlops.ops.cell_history import CellHistory, cell_history
from nbmlops.ops.fields import positional
from nbmlops.ops.handed_sizes import handed_sizes
from nbmlops.ops.outline import Outline, outline
from nbmlops.ops.stale import has_changed
from nbmlops.pipeline.handoff import Held
from nbmlops.pipeline.source import read_notebook
from nbmlops.project import Project
from nbmlops.track.cell_runs import CellRun, cell_runs


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    notebook: Annotated[str, positional("The notebook.")]


class CellFile(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    bytes: int | None = None


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    index: int
    id: str
    kind: CellKind
    preview: str
    """First line."""
    step: str = ""
    """The step that it would be in. A definition that several steps use is in none: each has it in its header."""
    is_parameters: bool = False
    kept: str = ""
    """Why a pipeline of this notebook has it."""
    dropped: str = ""
    """Why it has not."""
    stale: str = ""
    """Why its outputs no longer fit."""
    run: str = ""
    """The newest MLflow run that it has made."""
    run_name: str = ""
    run_status: str = ""
    count: int | None = None
    """`[n]` of its last execution, as all below."""
    executed: datetime | None = None
    seconds: float | None = None
    outcome: str = ""
    """ok, error or interrupted; empty: never executed while tracked."""
    error: str = ""
    reads: tuple[CellFile, ...] = ()
    writes: tuple[CellFile, ...] = ()


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """What one step hands to others."""

    names: tuple[str, ...]
    """Names that may share objects travel together."""
    bytes: int | None = None
    """As the last run of the pipeline has stored it, where there was one."""


class CellStep(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    title: str
    cells: tuple[int, ...]
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    gives: tuple[Value, ...]
    parameters: tuple[str, ...]
    seconds: float | None
    """What its cells took when they were executed last; None where none was."""


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """What flows from one step to another."""

    source: str
    target: str
    names: tuple[str, ...]
    """Empty where only the order counts: for files that one writes and the other reads."""
    bytes: int | None = None


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    session: str
    is_on: bool
    since: datetime
    pid: int


class Result(msgspec.Struct, frozen=True, kw_only=True):
    notebook: str
    """Relative to the project."""
    language: str
    cells: tuple[Cell, ...]
    steps: tuple[CellStep, ...] = ()
    flows: tuple[Passed, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    problem: str = ""
    """Why the notebook cannot be cut into steps."""
    tracking: Tracking | None = None
    """The live kernel of this notebook that records, if there is one."""


def cells(call: Call, request: Request) -> Result:
    """Raises NotFoundError and NotebookError for a file that is no notebook; one in another language is shown."""
    return cells_of(call, read_notebook(call.path(request.notebook), is_lenient=True))


def cells_of(call: Call, notebook: Notebook) -> Result:
    """Of a notebook as an editor holds it: its path need not be a file yet. Without a project nothing has run."""
    if call.has_session:
        call.session.settle()
    try:
        project = call.project
    except NotFoundError:
        project = None
    found = outline(notebook) if notebook.language == "python" else Outline()
    if project is None:
        return _result(notebook, notebook.path, found, CellHistory(), {}, {}, {}, None)
    name = project.relative(Path(notebook.path))
    history = cell_history(project, name, [cell.id for cell in notebook.code_cells])
    return _result(
        notebook,
        name,
        found,
        history,
        _stale(project, notebook, history),
        cell_runs(project.uri, name),
        handed_sizes(project, Path(notebook.path)) if found.pipeline is not None else {},
        _tracking(project, history.sessions),
    )


def _result(
    notebook: Notebook,
    name: str,
    found: Outline,
    history: CellHistory,
    stale: dict[str, str],
    runs: dict[str, CellRun],
    handed: dict[str, tuple[Held, ...]],
    tracking: Tracking | None,
) -> Result:
    pipeline = found.pipeline
    stories = {story.cell: story for story in found.stories}
    step_of = {index: step.name for step in pipeline.steps for index in step.cells} if pipeline is not None else {}
    setting = {each.cell for each in pipeline.parameters} if pipeline is not None else set()
    shown = []
    for cell in notebook.cells:
        last = history.last.get(cell.id) or history.last.get(redact(cell.source))
        shown.append(
            _cell(
                cell,
                story=stories.get(cell.index),
                step=step_of.get(cell.index, ""),
                is_parameters=cell.index in setting or "parameters" in cell.tags,
                stale=stale.get(cell.id, ""),
                run=runs.get(cell.id),
                last=last if cell.kind is CellKind.CODE else None,
            )
        )
    return Result(
        notebook=name,
        language=notebook.language,
        cells=tuple(shown),
        steps=_steps(pipeline, shown, handed),
        flows=_flows(pipeline, handed),
        parameters=pipeline.parameters if pipeline is not None else (),
        problem=found.problem,
        tracking=tracking,
    )


def _cell(
    cell: NotebookCell,
    *,
    story: CellStory | None,
    step: str,
    is_parameters: bool,
    stale: str,
    run: CellRun | None,
    last: Execution | None,
) -> Cell:
    plain = Cell(
        index=cell.index,
        id=cell.id,
        kind=cell.kind,
        preview=redact(next((line.strip() for line in cell.source.splitlines() if line.strip()), "")[:80]),
        step=step,
        is_parameters=is_parameters,
        kept=story.why if story is not None and story.stays else "",
        dropped=story.why if story is not None and not story.stays else "",
        stale=stale,
        run=run.id if run is not None else "",
        run_name=run.name if run is not None else "",
        run_status=run.status if run is not None else "",
    )
    if last is None:
        return plain
    failure = f"{last.failure.error}: {last.failure.message}" if last.failure is not None else ""
    return msgspec.structs.replace(
        plain,
        count=last.count,
        executed=last.started,
        seconds=last.seconds,
        outcome=str(last.outcome),
        error=failure[:500],
        reads=_files(last.inputs),
        writes=_files(last.outputs),
    )


def _files(uses: Sequence[FileUse]) -> tuple[CellFile, ...]:
    return tuple(CellFile(path=use.path, bytes=use.size) for use in uses)


def _steps(
    pipeline: Pipeline | None, shown: Sequence[Cell], handed: dict[str, tuple[Held, ...]]
) -> tuple[CellStep, ...]:
    if pipeline is None:
        return ()
    found = []
    for step in pipeline.steps:
        took = [seconds for index in step.cells if (seconds := shown[index].seconds) is not None]
        found.append(
            CellStep(
                name=step.name,
                title=step.title,
                cells=step.cells,
                needs=step.needs,
                takes=tuple(take.name for take in step.takes),
                gives=tuple(
                    Value(names=give.names, bytes=_bytes(handed.get(step.name, ()), give.names)) for give in step.gives
                ),
                parameters=step.parameters,
                seconds=round(sum(took), 3) if took else None,
            )
        )
    return tuple(found)


def _flows(pipeline: Pipeline | None, handed: dict[str, tuple[Held, ...]]) -> tuple[Passed, ...]:
    if pipeline is None:
        return ()
    found = []
    for step in pipeline.steps:
        for source in dict.fromkeys((*step.needs, *(take.step for take in step.takes))):
            names = tuple(take.name for take in step.takes if take.step == source)
            found.append(
                Passed(source=source, target=step.name, names=names, bytes=_bytes(handed.get(source, ()), names))
            )
    return tuple(found)


def _bytes(held: Sequence[Held], names: Sequence[str]) -> int | None:
    """Of the files that hold these names; None where one of them was never stored."""
    if not names or not set(names) <= {name for each in held for name in each.names}:
        return None
    return sum(each.size for each in held if set(names) & set(each.names))


def _stale(project: Project, notebook: Notebook, history: CellHistory) -> dict[str, str]:
    """By cell id: why. Records keep sources without secrets, so they are compared without."""
    if not history.sessions:
        return {}
    found = stale_cells(
        history.executions,
        saved={cell.id: redact(cell.source) for cell in notebook.code_cells},
        has_changed=lambda path, size, when: has_changed(project, path, size, when),
        is_batch=history.sessions[0].door == "batch",
    )
    return {each.cell: "; ".join(each.reasons) for each in found if each.cell}


def _tracking(project: Project, sessions: Sequence[SessionInfo]) -> Tracking | None:
    for session in sessions:
        if session.door == "notebook" and session.ended is None and project.is_alive(session.id):
            return Tracking(session=session.id, is_on=session.is_on, since=session.started, pid=session.pid)
    return None
