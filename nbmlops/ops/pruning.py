"""Trials that promise little are stopped early: what a step logs while it goes is shown to Optuna's pruner.

    engine = PrunedEngine(engine, spool, metric)
    with engine.watching(trial):
        ...                       # run the pipeline; steps are stopped when the pruner says so
    engine.is_pruned              # whether one was

A step's kernel journals its metrics. The journal is read while the step runs, so the notebook needs no word about
trials: `nbmlops.log_metric("loss", loss, epoch)` in its loop is enough.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.lib.stop import Stop
from nbmlops.model.pipeline import Step, StepResult, StepState
from nbmlops.model.run_plan import plan_from
from nbmlops.ports import Engine, StepProgress, StepSpec
from nbmlops.track.journal import Journal
from nbmlops.track.messages import LogMetrics

LOOK_SECONDS = 0.5


class Pruner(StrEnum):
    NONE = "none"
    MEDIAN = "median"
    """Worse than the median of the other trials at the same point."""
    HALVING = "halving"
    HYPERBAND = "hyperband"

    def make(self) -> Any:
        """Optuna's."""
        import optuna

        makers: dict[Pruner, Callable[[], Any]] = {
            Pruner.NONE: optuna.pruners.NopPruner,
            Pruner.MEDIAN: lambda: optuna.pruners.MedianPruner(n_startup_trials=4),
            Pruner.HALVING: optuna.pruners.SuccessiveHalvingPruner,
            Pruner.HYPERBAND: optuna.pruners.HyperbandPruner,
        }
        return makers[self]()


class PrunedEngine:
    """An engine whose steps end early where the trial that they belong to is not worth its time."""

    def __init__(self, engine: Engine, spool: Path, metric: str) -> None:
        self._engine = engine
        self._spool = spool
        self._metric = metric
        self._trial: Any = None
        self.is_pruned = False

    @contextlib.contextmanager
    def watching(self, trial: Any) -> Iterator[None]:
        """Steps that run inside of the block belong to this trial."""
        self._trial, self.is_pruned = trial, False
        try:
            yield
        finally:
            self._trial = None

    def check(self, steps: Sequence[Step], folder: Path) -> None:
        self._engine.check(steps, folder)

    def places(self) -> int:
        return self._engine.places()

    def prepare(self, notebooks: Sequence[Path]) -> None:
        self._engine.prepare(notebooks)

    def describe(self) -> str:
        return self._engine.describe()

    def close(self) -> None:
        self._engine.close()

    def run(self, spec: StepSpec, report: Callable[[StepProgress], None], stop: Stop) -> StepResult:
        plan = plan_from(spec.environment)
        if self._trial is None or plan is None or not plan.session:
            return self._engine.run(spec, report, stop)
        ended, own = Stop(), Stop()
        points = _Points(Journal(self._spool, plan.session), self._metric)
        watcher = threading.Thread(target=self._watch, args=(points, ended, own), daemon=True)
        with stop.ending(own.ask):
            watcher.start()
            try:
                result = self._engine.run(spec, report, own)
            finally:
                ended.ask()
                watcher.join()
        self._tell(points)  # others are held against these
        if self.is_pruned and result.state is not StepState.DONE:
            return msgspec.structs.replace(result, error="pruned: other trials were better at that point")
        return result

    def _watch(self, points: _Points, ended: Stop, step: Stop) -> None:
        while not ended.wait(LOOK_SECONDS):
            self._tell(points)
            if points.seen and self._trial.should_prune():
                self.is_pruned = True
                step.ask()
                return

    def _tell(self, points: _Points) -> None:
        for number, value in points.new():
            self._trial.report(value, number)


class _Points:
    """The values of one metric, in the order of their steps, read from a journal that grows."""

    def __init__(self, journal: Journal, metric: str) -> None:
        self._journal = journal
        self._metric = metric
        self._offset = 0
        self.seen: set[int] = set()

    def new(self) -> Iterator[tuple[int, float]]:
        for line, offset in self._journal.lines(self._offset):
            self._offset = offset
            if b'"metrics"' not in line:
                continue
            with contextlib.suppress(msgspec.MsgspecError):
                for point in msgspec.json.decode(line, type=LogMetrics).points:
                    value = float(point.value)
                    if point.name == self._metric and point.step not in self.seen and math.isfinite(value):
                        self.seen.add(point.step)
                        yield point.step, value
