"""`keep`: what has already been executed becomes a run, with its inputs, code and outputs."""

from __future__ import annotations

import re
import time
from typing import Annotated

import msgspec

from nbmlops.dataflow import analyse, cut, find_parameters
from nbmlops.errors import NbmlopsError, NotFoundError, StateError, UsageError
from nbmlops.lib.redact import is_secret_name
from nbmlops.model.cell import Execution, Outcome
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell
from nbmlops.model.run import Tags
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.session import Session
from nbmlops.track.messages import EndRun, LogMetrics, Point

_RANGE = re.compile(r"^(\d+)(?:-(\d+))?$")


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cells: Annotated[
        tuple[str, ...],
        positional("Executions by their number in brackets: 3 5-8. Without any: all so far.", metavar="CELLS"),
    ] = ()
    as_: Annotated[str, option("Name of the run. Default: the notebook's.", metavar="NAME")] = ""
    metric: Annotated[
        tuple[str, ...], option("Variables to log as metrics. Default: the floats that the cells made.", metavar="NAME")
    ] = ()


class Result(msgspec.Struct, frozen=True, kw_only=True):
    run: str
    """MLflow's id."""
    name: str
    cells: int
    params: dict[str, str]
    metrics: dict[str, float]
    inputs: tuple[str, ...]


def keep(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a cell that was not executed and StateError when nothing was."""
    session = call.session
    executions = session.project.records.oldest(Execution, subject=session.id)
    done = [execution for execution in executions if execution.outcome is Outcome.OK]
    chosen = _chosen(done, request.cells)
    params = _params(session, done, chosen)
    metrics = _metrics(session, chosen, request.metric, params)
    name = request.as_ or (session.notebook.rpartition("/")[2].removesuffix(".ipynb") or "kept")
    run = session.open_run(
        name,
        "keep",
        params=params,
        tags={Tags.EXECUTION: chosen[-1].id, Tags.CELL: chosen[-1].cell_id or ""},
        is_of_cell=False,
        started=chosen[0].started,
    )
    now = time.time_ns() // 1_000_000
    if metrics:
        points = tuple(Point(metric, value, 0, now) for metric, value in metrics.items())
        session.send(LogMetrics(key=run.key, points=points))
    session.tie(run.key, upto=chosen[-1].id)
    session.send(EndRun(key=run.key, ended_ms=int((chosen[-1].started.timestamp() + chosen[-1].seconds) * 1000)))
    return Result(
        run=session.resolve(run.key),
        name=name,
        cells=len(chosen),
        params=params,
        metrics=metrics,
        inputs=tuple(sorted({use.path for execution in chosen for use in execution.inputs})),
    )


def _chosen(done: list[Execution], wanted: tuple[str, ...]) -> list[Execution]:
    if not done:
        raise StateError("No cell has been executed yet.", kind="session-empty", hint="Run some cells first.")
    if not wanted:
        return done
    counts: set[int] = set()
    for text in wanted:
        match = _RANGE.match(text)
        if match is None:
            raise UsageError(
                f"{text!r} is no cell.", kind="cells-malformed", hint="Name executions by number: %mlops keep 3 5-8"
            )
        counts |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    found = [execution for execution in done if execution.count in counts]
    missing = sorted(counts - {execution.count for execution in found})
    if not found or (missing and not any("-" in text for text in wanted)):
        raise NotFoundError(
            f"In [{missing[0]}] was not executed to its end.",
            kind="cell-missing",
            hint=f"Executed: {', '.join(str(e.count) for e in done if e.count)}",
        )
    return found


def _params(session: Session, done: list[Execution], chosen: list[Execution]) -> dict[str, str]:
    """Literals that the chosen cells set and that reach something."""
    cells = tuple(
        NotebookCell(index=n, id=e.cell_id or e.id, kind=CellKind.CODE, source=e.source) for n, e in enumerate(done)
    )
    try:
        flow = analyse(Notebook(path=session.notebook or "notebook.ipynb", cells=cells), lambda name: None)
        found = find_parameters(flow, cut(flow))
    except NbmlopsError:
        return {}
    ids = {execution.id for execution in chosen}
    return {
        parameter.name: parameter.default if isinstance(parameter.default, str) else repr(parameter.default)
        for parameter in found
        if parameter.cell is not None and done[parameter.cell].id in ids and not is_secret_name(parameter.name)
    }


def _metrics(
    session: Session, chosen: list[Execution], wanted: tuple[str, ...], params: dict[str, str]
) -> dict[str, float]:
    """Raises NotFoundError for a name that holds no number."""
    namespace = session.namespace
    if wanted:
        found = {}
        for name in wanted:
            number = _number(namespace.get(name))
            if number is None:
                raise NotFoundError(
                    f"{name} holds no number.", kind="metric-missing", hint="Name a variable that does."
                )
            found[name] = number
        return found
    written = dict.fromkeys(name for execution in chosen for name in execution.writes)
    floats = {
        name: _number(namespace[name])
        for name in written
        if _is_float(namespace.get(name)) and not name.startswith("_")
    }
    return {name: value for name, value in floats.items() if value is not None and name not in params}


def _is_float(value: object) -> bool:
    return isinstance(value, float) or type(value).__name__ in ("float16", "float32", "float64")


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
