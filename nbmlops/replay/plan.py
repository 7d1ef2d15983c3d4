"""A Trace -> what to play. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbmlops.lib.redact import MARK
from nbmlops.model.cell import Execution
from nbmlops.model.replay import PlayedCell, PlayedSession
from nbmlops.model.trace import SessionTrace, Trace

_OURS = re.compile(r"^(\s*)(%mlops[ \t]+(?!log\b|track\b).*)$", re.MULTILINE)
"""Verbs that look at the project or act on it: nothing of the run's values comes from them."""


def sessions_to_play(
    trace: Trace,
    *,
    root: Path,
    random: Callable[[str], dict[str, Any]],
    environment: Mapping[str, str],
    plan: Callable[[SessionTrace], str],
    values: Path | None,
    wanted: tuple[str, ...],
) -> tuple[PlayedSession, ...]:
    """`root` is the folder that the project's files were laid into; `random` gives the states before an execution."""
    played = []
    for number, session in enumerate(trace.sessions):
        variables = {**environment, **session.variables}
        told = plan(session)
        if told:
            variables["NBMLOPS_RUN"] = told
        played.append(
            PlayedSession(
                notebook=str(root / (session.notebook or "notebook.ipynb")),
                folder=str(root / session.folder),
                cells=tuple(_cell(execution, random(execution.id)) for execution in session.executions),
                environment=variables,
                values=str(values / f"{number:02}") if values is not None else "",
                wanted=wanted if number == len(trace.sessions) - 1 else (),
            )
        )
    return tuple(played)


def files_needed(executions: Sequence[Execution]) -> frozenset[str]:
    """Paths that the executions read without having made them first: what has to lie there before they begin."""
    made: set[str] = set()
    needed: set[str] = set()
    for execution in executions:
        written = {use.path for use in execution.outputs}
        for use in execution.inputs:
            # A file that was read and then overwritten has no size: it was there before.
            is_own = use.path in written and use.size is not None
            if use.path not in made and not is_own and not use.is_remote:
                needed.add(use.path)
        made |= written
    return frozenset(needed)


def problems(trace: Trace) -> tuple[str, ...]:
    """What is known beforehand to be missing for an exact replay."""
    found = []
    executions = trace.executions
    if any(MARK in execution.source for execution in executions):
        found.append("a secret was taken out of the code; the cell that has it cannot run as it did")
    needed = files_needed(executions)
    for execution in executions:
        for use in execution.inputs:
            if use.is_remote:
                found.append(f"{use.path} is read from where it lies, as it is now")
            elif use.path in needed and use.digest is None:
                found.append(f"{use.path} was not kept as it was read")
            elif use.path in needed and Path(use.path).is_absolute():
                found.append(f"{use.path} lies outside of the project; it is read as it is now")
    return tuple(dict.fromkeys(found))


def _cell(execution: Execution, random: dict[str, Any]) -> PlayedCell:
    return PlayedCell(
        execution=execution.id,
        source=_OURS.sub(r"\1pass  # \2", execution.source),
        cell_id=execution.cell_id,
        count=execution.count,
        random=random,
        writes=execution.writes,
    )
