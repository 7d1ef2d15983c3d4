"""One process's share of a sweep: ask for values, run the pipeline with them, tell what came out.

    python -m nbmlops.ops.trials PLAN.json      # one of several; they meet in the study's journal

Optuna proposes the values. Its journal is a file that several processes may append to, and that a killed process
leaves whole. Steps that a trial shares with earlier ones are kept: only what depends on swept parameters is executed.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from nbmlops import plugins
from nbmlops.errors import CellFailedError, UsageError
from nbmlops.model.pipeline import PipelineResult, StepState
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.journal_lock import JournalLock
from nbmlops.ops.pipeline_run import PipelineRun, Wanted
from nbmlops.ops.pruning import PrunedEngine, Pruner
from nbmlops.ops.session import Session
from nbmlops.ops.step_results import step_cache
from nbmlops.ops.unchanged import is_at_hand, unchanged
from nbmlops.pipeline.folder import read_pipeline
from nbmlops.pipeline.plan import nothing_to_run, plan
from nbmlops.pipeline.schedule import AS_NEEDED
from nbmlops.pipeline.space import Kind, Range, read_space
from nbmlops.ports import Engine
from nbmlops.project import Project

MADE_BY_US = ("training_", "fit_seconds")
"""Beginnings of metrics that nobody wants to search for."""


class TrialPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What every process of a sweep has to know."""

    name: str
    pipeline: str
    """Folder."""
    space: tuple[str, ...]
    values: dict[str, Any]
    """Of the parameters that are not swept."""
    metric: str
    trials: int
    sampler: str
    pruner: Pruner
    seed: int
    journal: str
    experiment: str
    run: str
    """MLflow id of the sweep's run."""


def study_of(wanted: TrialPlan, direction: str, space: dict[str, Range], process: int = 0) -> Any:
    """The Optuna study, begun or gone on with. The trials of a grid wait in it from the beginning."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    seed = wanted.seed + process
    lock_obj: Any = JournalLock(wanted.journal)
    tpe = wanted.sampler == "tpe"
    study = optuna.create_study(
        study_name=wanted.name,
        storage=JournalStorage(JournalFileBackend(wanted.journal, lock_obj)),
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=5, constant_liar=True)
        if tpe
        else optuna.samplers.RandomSampler(seed=seed),
        pruner=wanted.pruner.make(),
        direction=direction,  # type: ignore[arg-type]
        load_if_exists=True,
    )
    if wanted.sampler == "grid" and not study.get_trials(deepcopy=False):
        names = {name: [repr(value) for value in each.grid(name)] for name, each in space.items()}
        for values in itertools.product(*names.values()):
            study.enqueue_trial(dict(zip(names, values, strict=True)))
    return study


def work(wanted: TrialPlan, direction: str, *, progress: Callable[[Progress], None], process: int = 0) -> None:
    """Trials until there are enough. Raises UsageError when nobody has said which metric counts."""
    from optuna.trial import TrialState

    counted = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    with contextlib.closing(_Worker(wanted, progress)) as worker:
        study = study_of(wanted, direction, worker.space, process)
        while len(study.get_trials(deepcopy=False, states=counted)) < wanted.trials:
            if wanted.sampler == "grid" and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
                return
            trial, state, value = study.ask(), TrialState.FAIL, None
            try:
                value = worker.value(trial)
                state = TrialState.PRUNED if value is None else TrialState.COMPLETE
            except CellFailedError as error:
                trial.set_user_attr("error", error.message)
                progress(Progress(task=worker.name_of(trial), state="failed", note=error.message))
                _give_up(study, error)
            finally:
                study.tell(trial, value, state=state)
                progress(_overall(study, wanted))


class _Worker:
    """The pipeline, and what its trials share: an engine that stays warm, a session."""

    def __init__(self, wanted: TrialPlan, progress: Callable[[Progress], None]) -> None:
        self.wanted = wanted
        self.progress = progress
        self.folder = Path(wanted.pipeline)
        self.pipeline = read_pipeline(self.folder)
        self.space = read_space(self.pipeline, wanted.space)
        self.project = Project.find(self.folder)
        self.session = Session(self.project, notebook=None, namespace={}, door="sweep")
        engine: Engine = plugins.load(plugins.ENGINES, "local")()
        self.engine = PrunedEngine(engine, self.project.layout.spool, wanted.metric)
        self.engine.prepare([self.folder / step.notebook for step in self.pipeline.steps])

    def close(self) -> None:
        self.engine.close()
        self.session.close(60.0)

    def name_of(self, trial: Any) -> str:
        return f"{self.wanted.name}-{trial.number}"

    def value(self, trial: Any) -> float | None:
        """Run the pipeline with what the trial proposes: its metric, or None where the pruner has stopped it.

        Raises CellFailedError when a step fails.
        """
        proposed = {name: _propose(trial, name, each, self.wanted) for name, each in self.space.items()}
        trial.set_user_attr("values", {name: repr(value) for name, value in proposed.items()})
        self.progress(Progress(task=self.name_of(trial), note=_shown(proposed)))
        try:
            with self.engine.watching(trial) if self.wanted.pruner is not Pruner.NONE else contextlib.nullcontext():
                result = self._run({**self.wanted.values, **proposed}, self.name_of(trial))
        except CellFailedError as error:
            if not self.engine.is_pruned:
                raise
            trial.set_user_attr("run", error.facts.get("run", ""))
            self.progress(Progress(task=self.name_of(trial), state="pruned", note=_shown(proposed)))
            return None
        value = _measured(result, self.wanted.metric)
        trial.set_user_attr("run", result.run)
        trial.set_user_attr("seconds", result.seconds)
        self.progress(Progress(task=self.name_of(trial), state="done", note=f"{_shown(proposed)}: {value:.6g}"))
        return value

    def _run(self, values: dict[str, Any], name: str) -> PipelineResult:
        cache = step_cache(self.project, self.pipeline, self.folder, values)
        planned = plan(self.pipeline, cache, AS_NEEDED)
        if nothing_to_run(planned) and is_at_hand(self.project, planned):
            return unchanged(self.project, self.pipeline, self.folder, values, planned, time.monotonic())
        wanted = Wanted(
            pipeline=self.pipeline,
            folder=self.folder,
            values=values,
            cache=cache,
            choice=AS_NEEDED,
            jobs=1,
            engine=self.engine,
            name=name,
            experiment=self.wanted.experiment,
            parent=self.wanted.run,
            with_pages=False,  # they take longer than many a trial
        )
        return PipelineRun(Call(self.folder), self.session, wanted).run()


def _overall(study: Any, wanted: TrialPlan) -> Progress:
    """How far the sweep is."""
    ended = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    values = [trial.value for trial in ended if trial.value is not None]
    best = max if study.direction.name == "MAXIMIZE" else min
    note = f"best {best(values):.6g}" if values else ""
    return Progress(task=wanted.name, done=min(len(ended), wanted.trials), total=wanted.trials, note=note)


def _give_up(study: Any, error: CellFailedError) -> None:
    """This and two more that failed before one has succeeded: the pipeline is broken, not the values."""
    from optuna.trial import TrialState

    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    if TrialState.COMPLETE not in states and states.count(TrialState.FAIL) >= 2:
        raise error


def _propose(trial: Any, name: str, each: Range, wanted: TrialPlan) -> Any:
    if wanted.sampler == "grid" or each.kind is Kind.CHOICE:
        # Optuna keeps choices as text: lists and None are values of parameters as well.
        named = {repr(value): value for value in each.grid(name)}
        return named[trial.suggest_categorical(name, list(named))]
    if each.kind in (Kind.INT, Kind.LOGINT):
        is_log = each.kind is Kind.LOGINT
        return trial.suggest_int(name, int(each.low), int(each.high), step=1 if is_log else each.step, log=is_log)
    return trial.suggest_float(name, each.low, each.high, log=each.kind is Kind.LOGUNIFORM)


def _measured(result: PipelineResult, metric: str) -> float:
    assert result.state is StepState.DONE
    names = [name for name in result.metrics if not name.startswith(MADE_BY_US)]
    if metric in result.metrics:
        return result.metrics[metric]
    if not metric and len(names) == 1:
        return result.metrics[names[0]]
    what = f"The pipeline has no metric {metric!r}." if metric else "Which metric shall be best?"
    raise UsageError(
        what,
        kind="metric-missing",
        hint=f"Name one with --metric: {', '.join(sorted(names))}" if names else "Log one: %mlops log score={{score}}",
    )


def _shown(proposed: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}" for name, value in proposed.items()
    )


def main(path: str, direction: str, process: int) -> int:
    from nbmlops.lib.child import claim_output, end_with_parent

    report = claim_output()
    end_with_parent()
    work(msgspec.json.decode(Path(path).read_bytes(), type=TrialPlan), direction, progress=report, process=process)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
