"""`reproduce`: execute again what a run executed, and say whether the same comes out."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import msgspec

from nbmlops.capture.environment import environment
from nbmlops.errors import IntegrityError, NotFoundError, StateError, UsageError
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.digest import short
from nbmlops.model.certificate import Verdict
from nbmlops.model.documents import decode
from nbmlops.model.environment import Environment
from nbmlops.model.replay import ReplayDifference, ReplayVerdict, Reproduction, Sides
from nbmlops.model.run import RunView, Tags
from nbmlops.model.trace import Trace
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.clean_environment import clean_environment
from nbmlops.ops.fields import option, positional
from nbmlops.ops.replay import Replay, replay, replay_folder
from nbmlops.ops.same_run import same_run
from nbmlops.pipeline.comparing import TEXT, ComparingSpec, compare
from nbmlops.project import Project
from nbmlops.replay.judge import TOLERANCE, compare_cells, compare_figures, compare_texts, in_order
from nbmlops.replay.plan import problems
from nbmlops.snapshot.find import load
from nbmlops.snapshot.trace import trace_of
from nbmlops.track.lists import find_run

_FROM_OUTSIDE = frozenset({"batch", "step", "pipeline", "cell", "keep"})
"""Kinds of run whose parameters may come from a command line or a header: those are not computed again."""
MOST_PACKAGES = 5


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: Annotated[str, positional("Id, the beginning of one, or the name of the newest.")]
    new_data: Annotated[bool, option("With the data as it is now, instead of the run's.")] = False
    new_code: Annotated[bool, option("With the code as it is now, instead of the run's.")] = False
    grid: Annotated[
        bool, option("All four: old and new code with old and new data; tells which of them moved a metric.")
    ] = False
    env: Annotated[bool, option("In a clean environment with the packages of the run.")] = False
    to: Annotated[str, option("Folder to replay in, which is kept. Default: a temporary one.", metavar="FOLDER")] = ""
    tolerance: Annotated[float, option("Largest relative difference of equal metrics.", metavar="SHARE")] = TOLERANCE


class GridRow(msgspec.Struct, frozen=True, kw_only=True):
    """One metric in the four replays."""

    metric: str
    old_code_old_data: float | None
    old_code_new_data: float | None
    new_code_old_data: float | None
    new_code_new_data: float | None
    moved_by: str
    """`code`, `data`, `code and data`, `both together` or nothing."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    run: RunView
    reproduction: Reproduction
    grid: tuple[GridRow, ...] = ()
    folder: str = ""

    @property
    def exit_code(self) -> int:
        return 0 if self.reproduction.verdict is ReplayVerdict.REPRODUCED else 1


def reproduce(call: Call, request: Request) -> Result:
    """Raises NotFoundError when the run left no trace, StateError when it cannot be executed at all."""
    if request.grid and (request.new_data or request.new_code or request.to):
        raise UsageError(
            "--grid replays all four combinations.",
            kind="arguments-conflict",
            hint="Leave out --new-data, --new-code and --to.",
        )
    project = call.project
    if call.has_session:
        call.session.scribe.flush(30.0)
    run = find_run(project.uri, request.run)
    trace = _trace(project, run)
    began = time.monotonic()
    with clean_environment(call, project, run, trace, is_wanted=request.env) as python:
        if request.grid:
            return _grid(call, request, run, trace, python)
        sides = Sides(code="now" if request.new_code else "run", data="now" if request.new_data else "run")
        wanted = call.path(request.to) if request.to else None
        with replay_folder(wanted) as folder, tempfile.TemporaryDirectory(prefix="nbmlops-values-") as scratch_name:
            scratch = Path(scratch_name)
            names = _numbers(run)
            differences: tuple[ReplayDifference, ...] = ()
            if sides == Sides():
                again = replay(call, run, trace, sides=sides, folder=folder, wanted=names, python=python)
            else:
                base = replay(
                    call, run, trace, sides=Sides(), folder=scratch / "base", values=scratch / "old", python=python
                )
                again = replay(
                    call, run, trace, sides=sides, folder=folder, values=scratch / "new", wanted=names, python=python
                )
                call.progress(Progress(task="compare", note="values of each cell"))
                differences = _values(trace, base, again, scratch)
            compared, found = _compare(project, run, trace, again, request.tolerance)
    reproduction = Reproduction(
        id=new_id(),
        run=run.id,
        verdict=_verdict(differences + found),
        made=utc_now(),
        seconds=round(time.monotonic() - began, 3),
        sides=sides,
        cells=len(again.executions),
        compared=compared,
        differences=in_order(differences + found),
        metrics=_metrics(project, run, again),
        notes=(*problems(trace), *again.missing, *(() if request.env else _packages(project, run))),
    )
    _remember(call, run, reproduction)
    return Result(run=run, reproduction=reproduction, folder=str(wanted) if wanted is not None else "")


def _trace(project: Project, run: RunView) -> Trace:
    if run.tags.get(Tags.KIND) == "step":
        raise StateError(
            f"{run.name} is a step: it starts from what other steps gave it.",
            kind="replay-of-step",
            hint=f"Reproduce the run of its pipeline: nbmlops reproduce {short(run.parent or '')}",
        )
    trace = trace_of(run, project.objects)
    if not trace.executions:
        raise StateError(f"Run {run.name} has executed nothing that was recorded.", kind="trace-empty")
    return trace


def _compare(
    project: Project, run: RunView, trace: Trace, again: Replay, tolerance: float
) -> tuple[tuple[str, ...], tuple[ReplayDifference, ...]]:
    """What was compared, and what differs from what the run left."""
    shown = _shown(project, trace)
    found: list[ReplayDifference] = []
    is_same_code = again.played == trace.executions
    if is_same_code:
        found += compare_cells(trace.executions, again.executions, shown, again.outputs)
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
    params, metrics = _params(run, again, project), _metrics(project, run, again)
    is_open = run.tags.get(Tags.KIND) in _FROM_OUTSIDE
    before = {name: value for name, value in run.params.items() if not is_open or name in params}
    found += compare_figures("metric", run.metrics, metrics, cell=cell, source=source, tolerance=tolerance)
    found += compare_texts("parameter", before, params, cell=cell, source=source)
    files, file_differences = _files(trace, again)
    found += file_differences
    counts = {"metric": len(run.metrics), "parameter": len(before), "output": len(shown), "file": files}
    compared = tuple(f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counts.items() if count)
    return compared, tuple(found)


def _shown(project: Project, trace: Trace) -> dict[str, list[dict[str, object]]]:
    if not trace.executed:
        return {}
    notebook = msgspec.json.decode(project.objects.read(trace.executed))
    return {
        execution.id: cell["outputs"]
        for execution, cell in zip(trace.executions, notebook["cells"], strict=True)
        if cell["outputs"]
    }


def _numbers(run: RunView) -> tuple[str, ...]:
    """A run made by `keep` took its figures from variables: they are asked for again."""
    return (*run.metrics, *run.params) if run.tags.get(Tags.KIND) == "keep" else ()


def _metrics(project: Project, run: RunView, again: Replay) -> dict[str, float]:
    if run.tags.get(Tags.KIND) == "keep":
        return {name: value for name, value in again.numbers.items() if isinstance(value, float)}
    found = same_run(project, run, again)
    return found.metrics if found is not None else {}


def _params(run: RunView, again: Replay, project: Project) -> dict[str, str]:
    if run.tags.get(Tags.KIND) == "keep":
        return {}
    found = same_run(project, run, again)
    return found.params if found is not None else {}


def _files(trace: Trace, again: Replay) -> tuple[int, list[ReplayDifference]]:
    """Files whose bytes are their content, as they were written last."""
    project = Project(Path(again.folder))
    last = {
        use.path: (number, execution, use.digest)
        for number, execution in enumerate(trace.executions, 1)
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


def _values(trace: Trace, base: Replay, again: Replay, scratch: Path) -> tuple[ReplayDifference, ...]:
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


def _grid(call: Call, request: Request, run: RunView, trace: Trace, python: str) -> Result:
    began = time.monotonic()
    replays: dict[tuple[str, str], dict[str, float]] = {}
    cells = 0
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="nbmlops-replay-") as name:
        for code in ("run", "now"):
            for data in ("run", "now"):
                folder = Path(name).resolve() / f"{code}-{data}"
                again = replay(
                    call,
                    run,
                    trace,
                    sides=Sides(code=code, data=data),
                    folder=folder,
                    wanted=_numbers(run),
                    python=python,
                )
                replays[code, data] = _metrics(call.project, run, again)
                notes += again.missing
                if (code, data) == ("run", "run"):
                    cells = len(again.executions)
                    compared, found = _compare(call.project, run, trace, again, request.tolerance)
    grid = tuple(_row(name, replays, request.tolerance) for name in sorted(run.metrics))
    reproduction = Reproduction(
        id=new_id(),
        run=run.id,
        verdict=_verdict(found),
        made=utc_now(),
        seconds=round(time.monotonic() - began, 3),
        cells=cells,
        compared=compared,
        differences=in_order(found),
        metrics=replays["run", "run"],
        notes=tuple(dict.fromkeys((*problems(trace), *notes, *_packages(call.project, run)))),
    )
    _remember(call, run, reproduction)
    return Result(run=run, reproduction=reproduction, grid=grid)


def _row(metric: str, replays: dict[tuple[str, str], dict[str, float]], tolerance: float) -> GridRow:
    values = {sides: found.get(metric) for sides, found in replays.items()}

    def moves(left: tuple[str, str], right: tuple[str, str]) -> bool:
        a, b = values[left], values[right]
        if a is None or b is None:
            return a is not b
        return bool(compare_figures("", {"": a}, {"": b}, cell=0, source="", tolerance=tolerance))

    by_code, by_data = moves(("run", "run"), ("now", "run")), moves(("run", "run"), ("run", "now"))
    words = [word for word, is_moved in (("code", by_code), ("data", by_data)) if is_moved]
    is_joint = not words and moves(("run", "run"), ("now", "now"))
    return GridRow(
        metric=metric,
        old_code_old_data=values["run", "run"],
        old_code_new_data=values["run", "now"],
        new_code_old_data=values["now", "run"],
        new_code_new_data=values["now", "now"],
        moved_by="both together" if is_joint else " and ".join(words),
    )


def _verdict(differences: tuple[ReplayDifference, ...]) -> ReplayVerdict:
    return ReplayVerdict.DIFFERS if any(each.counts for each in differences) else ReplayVerdict.REPRODUCED


def _packages(project: Project, run: RunView) -> tuple[str, ...]:
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


def _remember(call: Call, run: RunView, reproduction: Reproduction) -> None:
    """The outcome, in our records and, of the run as it was, on the run."""
    project = call.project
    project.records.put(reproduction, id=reproduction.id, subject=run.id)
    if reproduction.sides == Sides():
        from nbmlops.track.writer import Writer

        when = reproduction.made.strftime("%Y-%m-%d %H:%M")
        Writer(project.uri, project.root).set_tags(run.id, {Tags.REPRODUCED: f"{reproduction.verdict} {when}"})
