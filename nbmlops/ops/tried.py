"""What the user has tried: values of parameters, from the records of the notebook's kernels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from nbmlops.dataflow.tried import tried_values
from nbmlops.errors import NbmlopsError
from nbmlops.model.cell import Execution, SessionInfo
from nbmlops.model.pipeline import Parameter
from nbmlops.project import Project

SESSIONS = 20
"""The newest kernels of a notebook that are looked at."""


def with_tried(parameters: Iterable[Parameter], project: Project, notebook: Path) -> tuple[Parameter, ...]:
    """The parameters with the values that they had in the notebook's kernels."""
    wanted = tuple(parameters)
    sources = _sources(project, notebook) if wanted else []
    return tuple(msgspec.structs.replace(each, tried=tried_values(each, sources)) for each in wanted)


def _sources(project: Project, notebook: Path) -> list[str]:
    """Of all that was executed, the oldest first. Without records nothing was tried."""
    name = project.relative(notebook)
    try:
        sessions = [each for each in project.records.newest(SessionInfo, limit=500) if each.notebook == name]
        return [
            execution.source
            for session in reversed(sessions[:SESSIONS])
            for execution in project.records.oldest(Execution, subject=session.id)
        ]
    except NbmlopsError:
        return []  # a convenience: a damaged record is for `verify` to tell
