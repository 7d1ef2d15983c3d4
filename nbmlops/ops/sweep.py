"""`sweep`: run a pipeline with many values of its parameters, and find those that give the best metric."""

from __future__ import annotations

import importlib.util
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from nbmlops.errors import CellFailedError, InterruptedRunError, MissingDependencyError, UsageError
from nbmlops.lib.child import python_module, run_child
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.digest import short
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.lib.stop import Stop
from nbmlops.model.documents import identity
from nbmlops.model.live import SweepRecord
from nbmlops.model.names import slug
from nbmlops.model.pipeline import Pipeline
from nbmlops.model.run import Tags
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.pruning import Pruner
from nbmlops.ops.session import OpenedRun, Session
from nbmlops.ops.sweep_log import SweepLog
from nbmlops.ops.target import target_in
from nbmlops.ops.trials import TrialPlan, study_of, work
from nbmlops.pipeline.folder import read_pipeline
from nbmlops.pipeline.katib import experiment
from nbmlops.pipeline.parameters import defaults, values
from nbmlops.pipeline.space import Range, read_space
from nbmlops.project import Project
from nbmlops.track.messages import EndRun, LogMetrics, Point, SetTags
from nbmlops.track.server import check_server

TRIALS = 20
STATES = {"FINISHED": "done", "FAILED": "failed", "KILLED": "killed"}


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pipeline: Annotated[str, positional("Folder of the pipeline.")]
    space: Annotated[
        tuple[str, ...],
        option(
            "Values to try: uniform, loguniform, int, logint or choice. The name alone: those of pipeline.yaml.",
            short="s",
            metavar="NAME=RANGE",
        ),
    ] = ()
    trials: Annotated[
        int, option("How many, with those of an earlier sweep of this name. Default: 20; of a grid all.", metavar="N")
    ] = 0
    metric: Annotated[str, option("What shall be best. Default: the pipeline's only metric.", metavar="NAME")] = ""
    direction: Annotated[Literal["maximize", "minimize"], option("What is best.", metavar="maximize|minimize")] = (
        "maximize"
    )
    sampler: Annotated[
        Literal["tpe", "random", "grid"], option("How values are proposed.", metavar="tpe|random|grid")
    ] = "tpe"
    pruner: Annotated[
        Literal["none", "median", "halving", "hyperband"],
        option("Stop trials that promise little by what they log.", metavar="none|median|halving|hyperband"),
    ] = "none"
    jobs: Annotated[int, option("Trials at once, each in a process of its own.", short="j", metavar="N")] = 1
    param: Annotated[tuple[str, ...], option("Set a parameter.", short="p", metavar="NAME=VALUE")] = ()
    name: Annotated[str, option("Name of the sweep; one of that name goes on. Default: the pipeline's.")] = ""
    seed: Annotated[int, option("For the proposals.", metavar="N")] = 0
    katib: Annotated[str, option("Try nothing here: write an Experiment for Kubeflow's Katib.", metavar="FILE")] = ""
    image: Annotated[
        str, option("Katib: holds nbmlops, what the steps import, and the project in /project.", metavar="IMAGE")
    ] = ""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    state: str
    """complete, pruned or fail."""
    value: float | None
    """Of the metric."""
    values: dict[str, str]
    """Of the swept parameters, as Python writes them."""
    run: str = ""
    """MLflow run id."""
    seconds: float = 0.0
    error: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    metric: str
    direction: str
    trials: tuple[Trial, ...]
    """The best first."""
    best: Trial | None
    params_file: str
    """The best values, for `run -f`."""
    run: str
    """MLflow run id of the sweep."""
    pipeline: str
    seconds: float
    katib: str = ""
    """The file that was written instead."""


def sweep(call: Call, request: Request) -> Result:
    """Raises UsageError for a space that does not fit the pipeline, CellFailedError when every trial fails and
    InterruptedRunError on Ctrl-C; what was tried is kept, and the same sweep goes on from there."""
    began = time.monotonic()
    folder = call.path(request.pipeline)
    pipeline = read_pipeline(folder)
    folder = folder.parent if folder.is_file() else folder
    space = read_space(pipeline, request.space)
    if request.pruner != "none" and not request.metric:
        raise UsageError(
            "A pruner has to know which metric to look at.", kind="metric-missing", hint="Name it with --metric."
        )
    if request.sampler == "grid":
        trials = request.trials or math.prod(len(each.grid(name)) for name, each in space.items())
    else:
        trials = request.trials or TRIALS
    name = slug(request.name or pipeline.name, "sweep")
    if request.katib:
        written = _write_katib(call, request, pipeline, folder, space, name, trials)
        return Result(
            name=name, metric=request.metric, direction=request.direction, trials=(), best=None, params_file="", run="",
            pipeline=str(folder), seconds=round(time.monotonic() - began, 3), katib=str(written),
        )  # fmt: skip
    if importlib.util.find_spec("optuna") is None:
        raise MissingDependencyError(
            "A sweep needs optuna.", kind="optuna-missing", hint="pip install 'nbmlops[sweep]'", missing=["optuna"]
        )
    call = Call(folder, progress=call.progress, makes_project=True)
    check_server(call.project.uri)
    place = call.project.layout.folder / "sweeps" / name
    place.mkdir(parents=True, exist_ok=True)
    session = Session(call.project, notebook=None, namespace={}, door="sweep")
    try:
        opened = session.open_run(
            name,
            "sweep",
            params={**dict(text.partition("=")[::2] for text in request.space), "direction": request.direction},
            tags={Tags.PIPELINE: identity(pipeline), Tags.MLFLOW_SOURCE: call.project.relative(folder)},
            experiment=pipeline.name,
            is_of_cell=False,
        )
        wanted = TrialPlan(
            name=name,
            pipeline=str(folder),
            space=request.space,
            values={**defaults(pipeline), **values(pipeline, request.param)},
            metric=request.metric,
            trials=trials,
            sampler=request.sampler,
            pruner=Pruner(request.pruner),
            seed=request.seed,
            journal=str(place / "journal.log"),
            experiment=pipeline.name,
            run=session.resolve(opened.key),
        )
        status, log = "FAILED", None
        try:
            study = study_of(wanted, request.direction, space)
            _check_space(study, wanted)
            _end_abandoned(study)
            log = SweepLog(call.project, _record(call.project, session, wanted, request, pipeline), study)
            _work(log.telling(call.progress), wanted, request, place)
            status = "FINISHED"
        except (KeyboardInterrupt, InterruptedRunError):
            status = "KILLED"
            raise InterruptedRunError(
                f"Stopped; the trials of sweep {name} are kept.",
                kind="interrupted",
                hint="Go on with the same command.",
                run=wanted.run,
            ) from None
        finally:
            tried = _trials(study_of(wanted, request.direction, space), request.direction)
            best = next((trial for trial in tried if trial.state == "complete"), None)
            _end(session, opened, best, status)
            chosen = place / "best.yaml"
            if best is not None:
                write_atomic(chosen, _as_yaml(wanted.values, best))
            if log is not None:
                state = STATES[status] if best is not None or status == "KILLED" else "failed"
                log.end(state, str(chosen) if best is not None else "")
                call.progress(Progress(task=name, state=state, note=f"best {best.value:.6g}" if best else ""))
        if best is None:
            failed = next((trial.error for trial in tried if trial.error), "no trial was completed")
            raise CellFailedError(f"No trial succeeded: {failed}", kind="sweep-failed", hint="Run the pipeline alone.")
        return Result(
            name=name,
            metric=request.metric,
            direction=request.direction,
            trials=tried,
            best=best,
            params_file=str(chosen),
            run=wanted.run,
            pipeline=str(folder),
            seconds=round(time.monotonic() - began, 3),
        )
    finally:
        session.close(60.0)


def _write_katib(
    call: Call, request: Request, pipeline: Pipeline, folder: Path, space: dict[str, Range], name: str, trials: int
) -> Path:
    if not request.metric:
        raise UsageError(
            "Katib has to know which metric to read.", kind="metric-missing", hint="Name it with --metric."
        )
    if request.pruner != "none":
        raise UsageError(
            "Katib cannot stop these trials early: a pipeline tells its metrics at its end.",
            kind="engine-cannot",
            hint="Leave --pruner out, or sweep without --katib.",
        )
    project = Project.find(folder)
    target = target_in(project, folder, pipeline, image=request.image, project_folder="/project")
    data = experiment(
        target, space, name=name, trials=trials, jobs=request.jobs, metric=request.metric,
        direction=request.direction, sampler=request.sampler, seed=request.seed, fixed=values(pipeline, request.param),
    )  # fmt: skip
    path = call.path(request.katib)
    with refusing_disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data)
    return path


def _check_space(study: Any, wanted: TrialPlan) -> None:
    """Trials of another space cannot be held against these."""
    told = {"space": sorted(wanted.space), "sampler": wanted.sampler, "metric": wanted.metric}
    before = study.user_attrs.get("told")
    if before is not None and before != told:
        raise UsageError(
            f"There is a sweep {wanted.name} already, over {', '.join(before['space'])}.",
            kind="sweep-exists",
            hint="Give this one another --name.",
        )
    study.set_user_attr("told", told)


def _end_abandoned(study: Any) -> None:
    """Trials of processes that were killed: nobody goes on with them."""
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def _record(project: Project, session: Session, wanted: TrialPlan, request: Request, pipeline: Pipeline) -> SweepRecord:
    return SweepRecord(
        id=new_id(),
        session=session.id,
        name=wanted.name,
        pipeline=pipeline.name,
        source=project.relative(Path(wanted.pipeline)),
        run=wanted.run,
        metric=wanted.metric,
        direction=request.direction,
        sampler=wanted.sampler,
        space=wanted.space,
        trials=wanted.trials,
        started=utc_now(),
    )


def _work(progress: Callable[[Progress], None], wanted: TrialPlan, request: Request, place: Path) -> None:
    """This process and others share the trials; they meet in the journal."""
    plan_file = place / "plan.json"
    write_atomic(plan_file, msgspec.json.encode(wanted))
    stop = Stop()
    helpers = [
        threading.Thread(target=_help, args=(plan_file, request.direction, number, stop, progress), daemon=True)
        for number in range(1, max(1, min(request.jobs, wanted.trials)))
    ]
    for helper in helpers:
        helper.start()
    try:
        work(wanted, request.direction, progress=progress)
    except BaseException:
        stop.ask()
        raise
    finally:
        for helper in helpers:
            helper.join()


def _help(plan_file: Path, direction: str, number: int, stop: Stop, progress: Callable[[Progress], None]) -> None:
    command = python_module("nbmlops.ops.trials", str(plan_file), direction, str(number))
    ended = run_child(command, lambda line: progress(msgspec.json.decode(line, type=Progress)), stop=stop)
    if ended.code and not stop.is_asked:
        # The others go on without it: its trial counts as failed when the sweep is gone on with.
        who = f"process {number}"
        progress(Progress(task=who, state="failed", note=ended.death(who)))


def _trials(study: Any, direction: str) -> tuple[Trial, ...]:
    found = [
        Trial(
            number=trial.number,
            state=trial.state.name.lower(),
            value=trial.value,
            values=trial.user_attrs.get("values", {}),
            run=trial.user_attrs.get("run", ""),
            seconds=trial.user_attrs.get("seconds", 0.0),
            error=trial.user_attrs.get("error", ""),
        )
        for trial in study.get_trials(deepcopy=False)
    ]
    sign = -1 if direction == "maximize" else 1
    return tuple(
        sorted(
            found,
            key=lambda each: (each.state != "complete", each.value is None, sign * (each.value or 0.0), each.number),
        )
    )


def _end(session: Session, opened: OpenedRun, best: Trial | None, status: str) -> None:
    now = time.time_ns() // 1_000_000
    if best is not None and best.value is not None:
        session.send(LogMetrics(key=opened.key, points=(Point("best", best.value, 0, now),)))
        session.send(SetTags(key=opened.key, tags={"nbmlops.best": best.run}))
    session.send(EndRun(key=opened.key, ended_ms=now, status=status))


def _as_yaml(others: dict[str, Any], best: Trial) -> str:
    import ast

    chosen = {**others, **{name: ast.literal_eval(text) for name, text in best.values.items()}}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in chosen.items()}
    head = f"# The best of a sweep: trial {best.number}, {best.value!r}, run {short(best.run)}.\n"
    return head + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
