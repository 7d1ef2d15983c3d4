"""Plays a run again in a folder of its own and reads what came of it."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.capture.names import names
from nbmlops.errors import NotebookError, StateError
from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.child import python_module, run_child
from nbmlops.model.cell import Execution, SessionInfo
from nbmlops.model.notebook import CellKind, NotebookCell
from nbmlops.model.replay import CellPlayed, PlayedSession, SessionPlayed, Sides
from nbmlops.model.run import RunView, Tags
from nbmlops.model.run_plan import RunPlan
from nbmlops.model.trace import CellOutputs, SessionTrace, Trace
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.lay_out import lay_out
from nbmlops.pipeline.handoff import FOLDER_VARIABLE
from nbmlops.pipeline.source import read_notebook
from nbmlops.project import Project
from nbmlops.replay.plan import sessions_to_play
from nbmlops.snapshot.trace import random_states
from nbmlops.track.lists import list_runs

_FOREIGN = ("MLFLOW_", "_MLFLOW_", "NBMLOPS_", "JPY_", "PAPERMILL_")
"""Whatever the surroundings say of servers, runs and notebooks is not the replay's."""
_BATCH = frozenset({"batch", "step"})


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay left."""

    folder: str
    played: tuple[Execution, ...]
    """What was to be executed, ..."""
    executions: tuple[Execution, ...]
    """... and what was, in the same order."""
    outputs: dict[str, tuple[dict[str, Any], ...]]
    runs: tuple[RunView, ...]
    numbers: dict[str, float | str]
    missing: tuple[str, ...]


@contextlib.contextmanager
def replay_folder(wanted: Path | None) -> Iterator[Path]:
    """The folder asked for, which stays; else a temporary one."""
    if wanted is not None:
        yield wanted
        return
    with tempfile.TemporaryDirectory(prefix="nbmlops-replay-") as name:
        yield Path(name).resolve() / "project"


def replay(
    call: Call,
    run: RunView,
    trace: Trace,
    *,
    sides: Sides,
    folder: Path,
    values: Path | None = None,
    wanted: tuple[str, ...] = (),
    python: str = sys.executable,
) -> Replay:
    """Lay out, execute, read back. Raises StateError when a kernel dies or cannot start."""
    project = call.project
    task = "replay" if sides == Sides() else f"replay ({sides.code} code, {sides.data} data)"
    call.progress(Progress(task=task, note="restoring code and data"))
    played = trace if sides.code == "run" else _with_code_of_now(project, trace)
    missing = lay_out(project, run, trace, sides, folder)
    kind = run.tags.get(Tags.KIND, "")

    def plan(session: SessionTrace) -> str:
        is_batch = session.door == "batch" or kind in _BATCH
        return RunPlan(name=run.name, kind="batch", experiment=run.experiment).to_variable() if is_batch else ""

    def random(execution: str) -> dict[str, Any]:
        states = random_states(trace, execution, project.objects)
        return states.states if states is not None else {}

    sessions = sessions_to_play(
        played,
        root=folder,
        random=random,
        environment={FOLDER_VARIABLE: str(folder / ".nbmlops" / "handoff")},
        plan=plan,
        values=values,
        wanted=wanted,
    )
    numbers: dict[str, float | str] = {}
    for session in sessions:
        numbers |= _play(call, task, session, python).numbers
    call.progress(Progress(task=task, state="done", done=1, total=1, note=f"{len(played.executions)} cells"))
    return _read(folder, played, numbers, missing)


def _play(call: Call, task: str, session: PlayedSession, python: str) -> SessionPlayed:
    ends: list[SessionPlayed] = []

    def heard(line: bytes) -> None:
        message = msgspec.json.decode(line)
        if "cell" in message:
            cell = msgspec.convert(message, CellPlayed)
            call.progress(Progress(task=task, done=cell.cell, total=cell.total, note=cell.preview))
        else:
            ends.append(msgspec.convert(message, SessionPlayed))

    environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    with tempfile.TemporaryDirectory(prefix="nbmlops-") as scratch:
        spec = Path(scratch) / "spec.json"
        spec.write_bytes(canonical_json(session))
        ended = run_child(
            python_module("nbmlops.replay.player", str(spec), python=python), heard, environment=environment
        )
    if not ends or not ends[0].done:
        why = ends[0].error if ends else ended.death("the player")
        raise StateError(f"The run could not be replayed: {why}.", kind="replay-broken")
    return ends[0]


def _read(folder: Path, played: Trace, numbers: Mapping[str, float | str], missing: tuple[str, ...]) -> Replay:
    again = Project(folder)
    try:
        sessions = again.records.oldest(SessionInfo)
        executions = tuple(e for session in sessions for e in again.records.oldest(Execution, subject=session.id))
        found = {e.id: again.records.get(CellOutputs, e.id) for e in executions}
        return Replay(
            folder=str(folder),
            played=played.executions,
            executions=executions,
            outputs={id: document.outputs for id, document in found.items() if document is not None},
            runs=list_runs(again.uri, limit=1_000_000),
            numbers=dict(numbers),
            missing=missing,
        )
    finally:
        again.database.close()


def _with_code_of_now(project: Project, trace: Trace) -> Trace:
    """The same sessions with the cells that the notebooks have now, up to the last one that was executed then.

    Raises NotebookError for a notebook that is gone or unknown.
    """
    sessions = []
    for session in trace.sessions:
        if not session.notebook:
            raise NotebookError(
                "It is not known which notebook the run came from.",
                kind="notebook-unknown",
                hint="Replay it with the code that it had: leave out --new-code.",
            )
        cells = [c for c in read_notebook(project.absolute(session.notebook)).cells if c.kind is CellKind.CODE]
        last = max((n for n, c in enumerate(cells) if c.id == session.executions[-1].cell_id), default=len(cells) - 1)
        before = {e.cell_id: e for e in session.executions}
        executions = tuple(
            _execution(session, before.get(cell.id), cell, number) for number, cell in enumerate(cells[: last + 1], 1)
        )
        sessions.append(msgspec.structs.replace(session, executions=executions))
    return msgspec.structs.replace(trace, sessions=tuple(sessions))


def _execution(session: SessionTrace, before: Execution | None, cell: NotebookCell, order: int) -> Execution:
    reads, writes = names(cell.source)
    if before is None:
        before = Execution(
            id=cell.id,
            session=session.session,
            notebook=session.notebook,
            order=order,
            source="",
            started=session.executions[-1].started,
            seconds=0.0,
        )
    return msgspec.structs.replace(
        before, cell_id=cell.id, count=None, source=cell.source, order=order, reads=reads, writes=writes
    )
