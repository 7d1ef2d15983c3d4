"""What a session has read and run, kept for its runs: data, code and trace."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.capture.environment import environment, git_state
from nbmlops.errors import NbmlopsError
from nbmlops.lib.distributions import providers
from nbmlops.model.cell import Execution, FileUse, SessionInfo, worst
from nbmlops.model.run import DatasetUse, Tags
from nbmlops.model.snapshot import Scope, SnapshotRecord
from nbmlops.ops.snapshot import take_data
from nbmlops.ops.take_files import take_files
from nbmlops.project import Project
from nbmlops.snapshot.code import code_contents
from nbmlops.snapshot.find import load
from nbmlops.snapshot.trace import imported_distributions, keep_trace


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a run rests on, as it is written on the run."""

    tags: dict[str, str]
    uses: tuple[DatasetUse, ...]
    executed: bytes
    """The executed notebook; empty where only the data are asked for."""


def gather(project: Project, body: dict[str, Any], run: str) -> Evidence:
    """Snapshots of what the sessions named in `body` have read and run, and the trace of it. `run` is the first one."""
    sessions = [str(session) for session in body.get("sessions", [])]
    ran = [(session, _executions(project, session, str(body.get("upto", "")))) for session in sessions]
    executions = tuple(execution for _, each in ran for execution in each)
    notebook = str(body.get("notebook", ""))
    tags: dict[str, str] = {}
    tags[Tags.COMPLETENESS] = worst(execution.completeness for execution in executions)
    last_use = {use.path: use for execution in executions for use in execution.inputs if not use.is_remote}
    present = [path for name in last_use if (path := project.absolute(name)).is_file()]
    changed = [name for name, use in last_use.items() if _has_changed(project.absolute(name), use)]
    if changed:
        tags[Tags.PROBLEM] = f"no longer as it was read: {', '.join(changed)}"[:500]
    if not body.get("is_data_only"):
        modules = [Path(name) for name in body.get("modules", [])]
        tags[Tags.CODE_SNAPSHOT] = _code(project, executions, notebook, modules, run).snapshot
    uses: tuple[DatasetUse, ...] = ()
    digests: dict[str, str] = {}
    if present:
        try:
            data = take_data(project, present, notebook=notebook, run=run)
        except NbmlopsError as error:
            tags[Tags.PROBLEM] = str(error)[:500]
        else:
            tags[Tags.DATA_SNAPSHOT] = data.snapshot
            entries = load(data.snapshot, project.objects).entries
            digests = {entry.path: entry.content for entry in entries if entry.path not in changed}
            frames = {path: name for each in executions for name, path in each.frames.items()}
            uses = tuple(
                DatasetUse(
                    name=frames.get(entry.path) or Path(entry.path).name,
                    path=entry.path,
                    digest=entry.content,
                    size=entry.size,
                )
                for entry in entries
            )
    executed = b""
    if not body.get("is_data_only"):
        tags[Tags.TRACE], executed = keep_trace(
            [(info, each) for session, each in ran if (info := project.records.get(SessionInfo, session)) is not None],
            digests={**_written(project, executions), **digests},
            imported=imported_distributions(body.get("imported", ()), environment(), providers()),
            records=project.records,
            objects=project.objects,
            variables=body.get("variables"),
        )
    return Evidence(tags=tags, uses=uses, executed=executed)


def _executions(project: Project, session: str, upto: str) -> tuple[Execution, ...]:
    """In order, without those that came after the message was sent: ids sort by time."""
    found = project.records.oldest(Execution, subject=session)
    return tuple(execution for execution in found if not upto or execution.id <= upto)


def _written(project: Project, executions: tuple[Execution, ...]) -> dict[str, str]:
    """Digests of files that cells wrote and that are still as they wrote them."""
    last = {use.path: use for execution in executions for use in execution.outputs}
    found = {}
    for name, use in last.items():
        path = project.absolute(name)
        if use.size is None or use.size > project.settings.snapshot.largest_bytes or _has_changed(path, use):
            continue
        with contextlib.suppress(NbmlopsError, OSError):
            found[name] = project.stats.digest(path)
    return found


def _has_changed(path: Path, use: FileUse) -> bool:
    """Whether a file is gone or was written since a cell read it: then its bytes are not what the cell saw."""
    try:
        info = path.stat()
    except OSError:
        return True
    return (use.size, use.modified_ns) != (info.st_size, info.st_mtime_ns)


def _code(
    project: Project, executions: tuple[Execution, ...], notebook: str, modules: list[Path], run: str
) -> SnapshotRecord:
    # A workspace lies in the repository, and is no state of it.
    git = git_state(project.root) if not project.workspace else None
    state = None
    if git is not None:
        state, diff = git
        if diff:
            state = msgspec.structs.replace(state, diff=project.objects.put_bytes(diff)[0])
    return take_files(
        project,
        [path for path in modules if path.is_file()],
        scope=Scope.CODE,
        contents=code_contents(notebook, executions, environment()),
        notebook=notebook,
        run=run,
        environment=environment(),
        git=state,
    )
