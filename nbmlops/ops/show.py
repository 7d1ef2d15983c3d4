"""`show`: one run, with everything that made it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.model.cell import Execution
from nbmlops.model.documents import decode
from nbmlops.model.environment import Environment, GitState
from nbmlops.model.run import DatasetUse, ModelView, RunView, Tags
from nbmlops.ops.call import Call
from nbmlops.ops.fields import positional
from nbmlops.ops.housekeeping import sweep
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.track.lists import children, datasets, find_run, models


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: Annotated[str, positional("Id, the beginning of one, or the name of the newest.")]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    run: RunView
    datasets: tuple[DatasetUse, ...]
    models: tuple[ModelView, ...]
    children: tuple[RunView, ...]
    source: str
    """The cell that made the run, as it was executed."""
    git: GitState | None = None
    python: str = ""
    packages: int = 0
    code: tuple[str, ...] = ()
    """Files of its code snapshot."""


def show(call: Call, request: Request) -> Result:
    """Raises NotFoundError with near names."""
    project = call.project
    if call.has_session:
        call.session.scribe.flush(10.0)
    sweep(project)
    run = find_run(project.uri, request.run)
    execution = project.records.get(Execution, run.tags.get(Tags.EXECUTION, ""))
    git, environment, code = _code(project, run)
    return Result(
        run=run,
        datasets=tuple(
            msgspec.structs.replace(use, path=project.relative(project.absolute(use.path)))
            for use in datasets(project.uri, run.id)
        ),
        models=models(project.uri, run.id),
        children=children(project.uri, run.id),
        source=execution.source if execution is not None else "",
        git=git,
        python=environment.python if environment is not None else "",
        packages=len(environment.packages) if environment is not None else 0,
        code=code,
    )


def _code(project: Project, run: RunView) -> tuple[GitState | None, Environment | None, tuple[str, ...]]:
    """Of the run's code snapshot; nothing where the store does not have it."""
    digest = run.tags.get(Tags.CODE_SNAPSHOT)
    if not digest:
        return None, None, ()
    try:
        snapshot = load(digest, project.objects)
        environment = None
        if snapshot.environment:
            data = project.objects.read(snapshot.environment)
            environment = decode(data, Environment, place="environment")
    except (NotFoundError, IntegrityError):
        return None, None, ()
    return snapshot.git, environment, tuple(entry.path for entry in snapshot.entries)
