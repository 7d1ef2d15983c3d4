"""Two runs side by side: what they were given, what they ran, in what they ran, and what that explains."""

from __future__ import annotations

from collections.abc import Mapping

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.difference import CellChange, FileDetail, Pair, RunDiff
from nbmlops.model.documents import decode
from nbmlops.model.run import RunView, Tags
from nbmlops.model.snapshot import Change, Entry
from nbmlops.model.trace import RandomStates, Trace
from nbmlops.project import Project
from nbmlops.snapshot.code import EXECUTED, LOCK
from nbmlops.snapshot.diff import diff as tree_diff
from nbmlops.snapshot.find import load
from nbmlops.snapshot.notebooks import diff_cells
from nbmlops.snapshot.suspects import suspects
from nbmlops.snapshot.trace import trace_of


def diff_runs(
    project: Project,
    before: RunView,
    after: RunView,
    *,
    data: tuple[Change, ...],
    details: tuple[FileDetail, ...],
) -> RunDiff:
    left, right = _trace(project, before), _trace(project, after)
    params = _pairs(before.params, after.params)
    cells: tuple[CellChange, ...] = ()
    packages: tuple[Pair, ...] = ()
    is_random = False
    if left is not None and right is not None:
        cells = _cells(left, right)
        packages = _pairs(_imported(left), _imported(right))
        is_random = _starts_differ(project, left, right)
    modules = tree_diff(_modules(project, before), _modules(project, after))
    found = suspects(
        params=params,
        data=data,
        details=details,
        cells=cells,
        modules=modules,
        packages=packages,
        is_random=is_random,
    )
    return RunDiff(
        before=before.name,
        after=after.name,
        metrics=tuple(
            Pair(name=name, before=before.metrics.get(name), after=after.metrics.get(name))
            for name in sorted(before.metrics.keys() | after.metrics.keys())
        ),
        params=params,
        packages=packages,
        cells=cells,
        suspects=found,
    )


def _trace(project: Project, run: RunView) -> Trace | None:
    """None where the run has none that can be read: then only its figures and data are compared."""
    try:
        return trace_of(run, project.objects)
    except (NotFoundError, IntegrityError):
        return None


def _cells(before: Trace, after: Trace) -> tuple[CellChange, ...]:
    sides = [
        {each.cell_id or f"In [{each.order}]": each.source for each in trace.executions} for trace in (before, after)
    ]
    return diff_cells(*sides)


def _imported(trace: Trace) -> dict[str, str]:
    return dict(text.split("==", 1) for text in trace.imported)


def _modules(project: Project, run: RunView) -> tuple[Entry, ...]:
    digest = run.tags.get(Tags.CODE_SNAPSHOT)
    try:
        entries = load(digest, project.objects).entries if digest else ()
    except (NotFoundError, IntegrityError):
        return ()
    return tuple(entry for entry in entries if not entry.path.endswith((EXECUTED, LOCK)))


def _pairs(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Pair, ...]:
    names = sorted(before.keys() | after.keys())
    return tuple(
        Pair(name=name, before=before.get(name), after=after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def _starts_differ(project: Project, before: Trace, after: Trace) -> bool:
    """Whether cells with the same source began from other random states."""
    states = []
    for trace in (before, after):
        last = ""
        found: dict[str, str] = {}
        for execution in trace.executions:
            if digest := trace.random.get(execution.id):
                last = _content(project, digest)
            found[execution.cell_id or execution.source] = last
        states.append(found)
    return any(states[0][cell] != states[1][cell] for cell in states[0].keys() & states[1].keys())


def _content(project: Project, digest: str) -> str:
    """Of the states alone: the document names its execution, too."""
    try:
        states = decode(project.objects.read(digest), RandomStates, place="random states").states
    except (NotFoundError, IntegrityError):
        return digest
    return digest_bytes(canonical_json(states))
