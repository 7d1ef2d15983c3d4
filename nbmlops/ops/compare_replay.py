"""What a replay left, held against what its run had left: figures, outputs, files, values."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nbmlops.capture.environment import environment
from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.lib.digest import short
from nbmlops.model.cell import Execution
from nbmlops.model.certificate import Verdict
from nbmlops.model.documents import decode
from nbmlops.model.environment import Environment
from nbmlops.model.replay import ReplayDifference, ReplayVerdict
from nbmlops.model.run import RunView, Tags
from nbmlops.model.trace import Trace
from nbmlops.ops.replay import Replay
from nbmlops.ops.same_run import same_run
from nbmlops.pipeline.comparing import TEXT, ComparingSpec, compare
from nbmlops.project import Project
from nbmlops.replay.judge import TOLERANCE, comparable, compare_cells, compare_figures, compare_texts
from nbmlops.snapshot.find import load

_FROM_OUTSIDE = frozenset({"batch", "step", "pipeline", "cell", "keep"})
"""Kinds of run whose parameters may come from a command line or a header: those are not computed again."""
MOST_PACKAGES = 5


def verdict_of(differences: tuple[ReplayDifference, ...]) -> ReplayVerdict:
    return ReplayVerdict.DIFFERS if any(each.counts for each in differences) else ReplayVerdict.REPRODUCED


def compare_with_run(
    project: Project, run: RunView, trace: Trace, again: Replay, tolerance: float
) -> tuple[tuple[str, ...], tuple[ReplayDifference, ...]]:
    """What was compared, and what differs from what the run left. The replay may be one of a part of the trace."""
    shown = _shown(project, trace)
    found: list[ReplayDifference] = []
    then = {execution.id: execution for execution in trace.executions}
    is_same_code = all(then.get(each.id) == each for each in again.played)
    if is_same_code:
        shown = {each.id: shown[each.id] for each in again.played if each.id in shown}
        found += compare_cells(again.played, again.executions, shown, again.outputs)
    else:
        for number, (wish, done) in enumerate(zip(again.played, again.executions, strict=False), 1):
            if done.failure is not None:
                text = f"{done.failure.error}: {done.failure.message}"
                first = wish.source.strip().partition("\n")[0][:80]
                found.append(
                    ReplayDifference(cell=number, what="outcome", expected="ok", actual=text[:200], source=first)
                )
    cell = next((n for n, e in enumerate(again.played, 1) if e.id == run.tags.get(Tags.EXECUTION)), len(again.played))
    source = again.played[cell - 1].source if again.played else ""
    params, metrics = _params(run, again, project), metrics_of(project, run, again)
    is_open = run.tags.get(Tags.KIND) in _FROM_OUTSIDE
    before = {name: value for name, value in run.params.items() if not is_open or name in params}
    found += compare_figures("metric", run.metrics, metrics, cell=cell, source=source, tolerance=tolerance)
    found += compare_texts("parameter", before, params, cell=cell, source=source)
    files, file_differences = _files(again.played if is_same_code else trace.executions, again)
    found += file_differences
    counts = {"metric": len(run.metrics), "parameter": len(before), "output": len(shown), "file": files}
    compared = tuple(f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counts.items() if count)
    return compared, tuple(found)


def _shown(project: Project, trace: Trace) -> dict[str, list[dict[str, object]]]:
    """Outputs by execution, of those that showed something that counts."""
    if not trace.executed:
        return {}
    notebook = msgspec.json.decode(project.objects.read(trace.executed))
    return {
        execution.id: cell["outputs"]
        for execution, cell in zip(trace.executions, notebook["cells"], strict=True)
        if comparable(cell["outputs"])
    }


def numbers_of(run: RunView) -> tuple[str, ...]:
    """A run made by `keep` took its figures from variables: they are asked for again."""
    return (*run.metrics, *run.params) if run.tags.get(Tags.KIND) == "keep" else ()


def metrics_of(project: Project, run: RunView, again: Replay) -> dict[str, float]:
    if run.tags.get(Tags.KIND) == "keep":
        return {name: value for name, value in again.numbers.items() if isinstance(value, float)}
    found = same_run(project, run, again)
    return found.metrics if found is not None else {}


def _params(run: RunView, again: Replay, project: Project) -> dict[str, str]:
    if run.tags.get(Tags.KIND) == "keep":
        return {}
    found = same_run(project, run, again)
    return found.params if found is not None else {}


def _files(executions: tuple[Execution, ...], again: Replay) -> tuple[int, list[ReplayDifference]]:
    """Files whose bytes are their content, as they were written last."""
    project = Project(Path(again.folder))
    last = {
        use.path: (number, execution, use.digest)
        for number, execution in enumerate(executions, 1)
        for use in execution.outputs
        if use.digest and Path(use.path).suffix.lower() in TEXT and not Path(use.path).is_absolute()
    }
    found = []
    for path, (number, execution, digest) in last.items():
        place = project.absolute(path)
        now = project.stats.digest(place) if place.is_file() else ""
        if now != digest:
            source = execution.source.strip().partition("\n")[0][:80]
            found.append(
                ReplayDifference(
                    cell=number,
                    what=f"file {path}",
                    expected=short(digest or ""),
                    actual=short(now) if now else "not written",
                    source=source,
                )
            )
    project.database.close()
    return len(last), found


def where_values_part(trace: Trace, base: Replay, again: Replay, scratch: Path) -> tuple[ReplayDifference, ...]:
    """Where two replays part: variables by cell, for code that both have."""
    found: list[ReplayDifference] = []
    number = 0
    for place, session in enumerate(trace.sessions):
        writes = {f"cell-{n:04}": e.writes for n, e in enumerate(session.executions, 1) if e.writes}
        spec = ComparingSpec(
            names=writes,
            files={},
            expected=str(scratch / "old" / f"{place:02}"),
            actual=str(scratch / "new" / f"{place:02}"),
            expected_folder=base.folder,
            actual_folder=again.folder,
            tolerance=TOLERANCE,
            owners=("the run", "the replay"),
        )
        for each in compare(spec, scratch) if base.played == again.played else ():
            if each.verdict is Verdict.DIVERGES:
                at = int(each.step.removeprefix("cell-"))
                found.append(
                    ReplayDifference(
                        cell=number + at,
                        what=f"value {each.name}",
                        expected=each.expected,
                        actual=each.difference or each.actual,
                        source=session.executions[at - 1].source.strip().partition("\n")[0][:80],
                    )
                )
        number += len(session.executions)
    return tuple(found)


def other_packages(project: Project, run: RunView) -> tuple[str, ...]:
    """Packages that have another version now."""
    digest = run.tags.get(Tags.CODE_SNAPSHOT)
    if not digest:
        return ()
    try:
        snapshot = load(digest, project.objects)
        if snapshot.environment is None:
            return ()
        then = decode(project.objects.read(snapshot.environment), Environment, place="environment")
    except (NotFoundError, IntegrityError):
        return ()
    now = environment()
    versions = {package.name: package.version for package in now.packages}
    changed = [
        f"{package.name} {package.version} then, {versions.get(package.name, 'absent')} now"
        for package in then.packages
        if versions.get(package.name) != package.version
    ]
    if then.python != now.python:
        changed.insert(0, f"Python {then.python} then, {now.python} now")
    more = len(changed) - MOST_PACKAGES
    return (*changed[:MOST_PACKAGES], *((f"{more} more packages have another version",) if more > 0 else ()))
