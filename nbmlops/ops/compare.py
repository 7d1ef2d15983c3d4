"""`compare`: runs side by side, what differs marked."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError, UsageError
from nbmlops.model.run import RunView, Tags
from nbmlops.model.snapshot import Change
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.project import Project
from nbmlops.snapshot.diff import diff
from nbmlops.snapshot.find import load
from nbmlops.track.lists import find_run


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    runs: Annotated[tuple[str, ...], positional("Two or more runs, by id or name.", metavar="RUN")]
    all: Annotated[bool, option("Show parameters that do not differ, too.", short="a")] = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    values: tuple[str | float | None, ...]
    """One per run; None where the run does not have it."""
    differs: bool


class Result(msgspec.Struct, frozen=True, kw_only=True):
    runs: tuple[RunView, ...]
    metrics: tuple[Row, ...]
    params: tuple[Row, ...]
    data: tuple[Change, ...]
    """Changes of the data between the first run and the last."""
    code: tuple[Change, ...]
    same_code: bool
    same_data: bool


def compare(call: Call, request: Request) -> Result:
    """Raises UsageError for fewer than two runs, NotFoundError for an unknown one."""
    if len(request.runs) < 2:
        raise UsageError("Comparing takes at least two runs.", kind="runs-too-few", hint="List them: nbmlops runs")
    project = call.project
    runs = tuple(find_run(project.uri, reference) for reference in request.runs)
    metrics = _rows([dict(run.metrics) for run in runs])
    params = _rows([dict(run.params) for run in runs])
    return Result(
        runs=runs,
        metrics=metrics,
        params=params if request.all else tuple(row for row in params if row.differs),
        data=_changes(project, runs, Tags.DATA_SNAPSHOT),
        code=_changes(project, runs, Tags.CODE_SNAPSHOT),
        same_code=len({run.tags.get(Tags.CODE_SNAPSHOT) for run in runs}) == 1,
        same_data=len({run.tags.get(Tags.DATA_SNAPSHOT) for run in runs}) == 1,
    )


def _rows(columns: list[dict[str, float]] | list[dict[str, str]]) -> tuple[Row, ...]:
    names = sorted({name for column in columns for name in column})
    rows = []
    for name in names:
        values = tuple(column.get(name) for column in columns)
        rows.append(Row(name=name, values=values, differs=len(set(values)) > 1))
    return tuple(rows)


def _changes(project: Project, runs: tuple[RunView, ...], tag: str) -> tuple[Change, ...]:
    first, last = runs[0].tags.get(tag), runs[-1].tags.get(tag)
    if not first or not last or first == last:
        return ()
    try:
        return diff(load(first, project.objects).entries, load(last, project.objects).entries)
    except (NotFoundError, IntegrityError):
        return ()
