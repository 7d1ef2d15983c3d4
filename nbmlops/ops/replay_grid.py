"""Old and new code with old and new data: four replays that tell which of the two moved a metric."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import msgspec

from nbmlops.lib.clock import new_id, utc_now
from nbmlops.model.replay import Reproduction, Sides
from nbmlops.model.run import RunView
from nbmlops.model.trace import Trace
from nbmlops.ops.call import Call
from nbmlops.ops.compare_replay import compare_with_run, metrics_of, numbers_of, other_packages, verdict_of
from nbmlops.ops.replay import replay
from nbmlops.replay.judge import compare_figures, in_order
from nbmlops.replay.plan import problems


class GridRow(msgspec.Struct, frozen=True, kw_only=True):
    """One metric in the four replays."""

    metric: str
    old_code_old_data: float | None
    old_code_new_data: float | None
    new_code_old_data: float | None
    new_code_new_data: float | None
    moved_by: str
    """`code`, `data`, `code and data`, `both together` or nothing."""


def replay_grid(
    call: Call, run: RunView, trace: Trace, *, tolerance: float, python: str
) -> tuple[Reproduction, tuple[GridRow, ...]]:
    """The replay of the run as it was, judged, and a row per metric."""
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
                    wanted=numbers_of(run),
                    python=python,
                )
                replays[code, data] = metrics_of(call.project, run, again)
                notes += again.missing
                if (code, data) == ("run", "run"):
                    cells = len(again.executions)
                    compared, found = compare_with_run(call.project, run, trace, again, tolerance)
    grid = tuple(grid_row(name, replays, tolerance) for name in sorted(run.metrics))
    reproduction = Reproduction(
        id=new_id(),
        run=run.id,
        verdict=verdict_of(found),
        made=utc_now(),
        seconds=round(time.monotonic() - began, 3),
        cells=cells,
        compared=compared,
        differences=in_order(found),
        metrics=replays["run", "run"],
        notes=tuple(dict.fromkeys((*problems(trace), *notes, *other_packages(call.project, run)))),
    )
    return reproduction, grid


def grid_row(metric: str, replays: dict[tuple[str, str], dict[str, float]], tolerance: float) -> GridRow:
    """`replays` has the metrics by side of the code and side of the data. What a clock gave is moved by nothing."""
    values = {sides: found.get(metric) for sides, found in replays.items()}

    def moves(left: tuple[str, str], right: tuple[str, str]) -> bool:
        a, b = values[left], values[right]
        if a is None or b is None:
            return a is not b
        return bool(compare_figures("metric", {metric: a}, {metric: b}, cell=0, source="", tolerance=tolerance))

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
