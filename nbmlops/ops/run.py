"""`run`: execute a pipeline, one MLflow run with a child per step."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import msgspec

from nbmlops import plugins
from nbmlops.capture.place import NOTEBOOK_VARIABLE
from nbmlops.errors import CellFailedError, ExternalError, InterruptedRunError, StateError
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.digest import short
from nbmlops.lib.files import write_atomic
from nbmlops.lib.redact import MARK, is_secret_name
from nbmlops.model.certificate import Certificate
from nbmlops.model.documents import encode, identity
from nbmlops.model.pipeline import Pipeline, PipelineResult, Step, StepResult, StepState
from nbmlops.model.run import Tags
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.run_plan import VARIABLE, RunPlan
from nbmlops.ops.session import OpenedRun, Session
from nbmlops.pipeline.execute import Interrupted, Places, execute
from nbmlops.pipeline.folder import read_certificate, read_pipeline
from nbmlops.pipeline.parameters import defaults, values
from nbmlops.ports import StepProgress
from nbmlops.track.lists import children
from nbmlops.track.messages import EndRun, Extra, LogMetrics, Point, SetTags

STATUS = {StepState.DONE: "FINISHED", StepState.FAILED: "FAILED", StepState.KILLED: "KILLED"}


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pipeline: Annotated[str, positional("Folder of the pipeline.")]
    param: Annotated[tuple[str, ...], option("Set a parameter.", short="p", metavar="NAME=VALUE")] = ()
    name: Annotated[str, option("Name of the run. Default: the pipeline's.", metavar="NAME")] = ""
    experiment: Annotated[
        str, option("MLflow experiment. Default: the pipeline's name.", short="e", metavar="NAME")
    ] = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    result: PipelineResult
    certificate: Certificate | None


def run(call: Call, request: Request) -> Result:
    """Raises UsageError for unknown or ill-typed parameters before anything runs, CellFailedError when a step fails
    and InterruptedRunError on Ctrl-C; in both cases what was done is kept and recorded."""
    folder = call.path(request.pipeline)
    pipeline = read_pipeline(folder)
    folder = folder.parent if folder.is_file() else folder
    chosen = {**defaults(pipeline), **values(pipeline, request.param)}
    if not call.has_session:
        call = Call(folder, progress=call.progress, makes_project=True)
    call.progress(Progress(task="mlflow", note="opening the run"))
    session = call.session if call.has_session else _own_session(call)
    running = _Running(call, session, pipeline, folder, chosen, request)
    is_clean = False
    try:
        result = running.run()
        is_clean = True
        return result
    except BaseException as error:
        running.abandon(error)
        raise
    finally:
        if not call.has_session:
            session.close(60.0, is_clean=is_clean)


def _own_session(call: Call) -> Session:
    return Session(call.project, notebook=None, namespace={}, door="pipeline")


class _Running:
    def __init__(
        self, call: Call, session: Session, pipeline: Pipeline, folder: Path, values: dict[str, Any], request: Request
    ) -> None:
        self.call = call
        self.session = session
        self.pipeline = pipeline
        self.folder = folder
        self.values = values
        self.name = request.name or pipeline.name
        self.experiment = request.experiment or pipeline.name
        self.id = new_id()
        self.certificate = read_certificate(folder)
        self.work = call.project.layout.runs / self.id
        self.opened: dict[str, tuple[OpenedRun, str]] = {}
        """The run of each step that was started: ours, and MLflow's id of it."""
        self.sessions: list[str] = []
        """Of the steps' kernels, in the order in which they ran."""
        self.unended: list[OpenedRun] = []
        """Runs that somebody has to end, whatever happens: the parent first."""
        self.began, self.clock = utc_now(), time.monotonic()

    def run(self) -> Result:
        opened = self._open()
        try:
            parent = self.session.resolve(opened.key)
        except StateError as error:
            raise ExternalError(
                error.message, kind="mlflow-unreachable",
                hint="Nothing was executed. Look at it: nbmlops doctor",
            ) from error  # fmt: skip
        self.call.progress(Progress(task="mlflow", state="done", note=f"run {short(parent)}"))
        places = Places(pipeline=self.folder, folder=(self.folder / self.pipeline.folder).resolve(), work=self.work)
        try:
            steps = execute(
                self.pipeline,
                places=places,
                engine=plugins.load(plugins.ENGINES, "local")(),
                values=self.values,
                environment=lambda step: self._environment(step, opened),
                on_step=self._on_step,
                on_cell=self._on_cell,
            )
        except Interrupted as stopped:
            result = self._finish(opened, parent, stopped.results)
            raise InterruptedRunError(
                f"Stopped in step {stopped.results[-1].step}; what was done is kept in {result.folder}.",
                kind="interrupted",
                hint=f"Look at it: nbmlops show {short(parent)}",
                run=parent,
            ) from None
        result = self._finish(opened, parent, steps)
        if result.state is not StepState.DONE:
            failed = next(step for step in steps if step.state is not StepState.DONE)
            raise CellFailedError(
                f"Step {failed.step} failed: {failed.error}.",
                kind="step-failed",
                hint=f"Its notebook: {failed.notebook or self.work}",
                run=parent,
                step=failed.step,
                notebook=failed.notebook,
            )
        return Result(result=result, certificate=self.certificate)

    def _open(self) -> OpenedRun:
        shown = {name: MARK if is_secret_name(name) else str(value) for name, value in self.values.items()}
        verdict = {"nbmlops.certificate": str(self.certificate.verdict)} if self.certificate else {}
        notebook = self.call.project.relative(self.folder / self.pipeline.notebook)
        opened = self.session.open_run(
            self.name,
            "pipeline",
            params=shown,
            tags={
                Tags.PIPELINE: identity(self.pipeline),
                Tags.NOTEBOOK: notebook,
                Tags.MLFLOW_SOURCE: self.call.project.relative(self.folder),
                "nbmlops.result": self.id,
                **verdict,
            },
            experiment=self.experiment,
            is_of_cell=False,
        )
        self.unended.append(opened)
        return opened

    def abandon(self, error: BaseException) -> None:
        """Something got in between, an interrupt or a full disk: no run is left open, and none looks finished."""
        status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
        failure = "stopped by the user" if status == "KILLED" else str(error)
        while self.unended:
            self._end_run(self.unended[-1], status, failure)

    def _end_run(self, opened: OpenedRun, status: str, failure: str) -> None:
        if opened in self.unended:
            self.unended.remove(opened)
        if failure:
            self.session.send(SetTags(key=opened.key, tags={Tags.FAILURE: failure[:1000]}))
        now = time.time_ns() // 1_000_000
        self.session.send(EndRun(key=opened.key, ended_ms=now, status=status, failure=failure[:1000]))

    def _environment(self, step: Step, parent: OpenedRun) -> dict[str, str]:
        """Opens the step's run, so that MLflow shows it while it goes, and tells its kernel to write to it."""
        tags = {Tags.STEP: step.name, Tags.PIPELINE: identity(self.pipeline)}
        opened = self.session.open_run(
            step.name, "step", tags=tags, parent=parent.key, experiment=self.experiment, is_of_cell=False
        )
        self.unended.append(opened)
        run = self.session.resolve(opened.key)
        self.opened[step.name] = (opened, run)
        self.sessions.append(new_id())
        plan = RunPlan(
            name=step.name, kind="step", experiment=self.experiment, run=run, session=self.sessions[-1], tags=tags
        )
        return {
            VARIABLE: plan.to_variable(),
            "MLFLOW_EXPERIMENT_NAME": self.experiment,
            NOTEBOOK_VARIABLE: str((self.folder / step.notebook).resolve()),
        }

    def _on_step(self, step: Step, result: StepResult) -> None:
        state = "running" if result.state is StepState.RUNNING else str(result.state)
        self.call.progress(Progress(task=step.name, state=state, note=result.error))
        if result.state in STATUS:
            self._end(step.name, result)

    def _end(self, step: str, result: StepResult) -> None:
        """The step's kernel is gone: send what it has journaled, then end its run."""
        self.session.send(Extra(name="collect"))
        if step in self.opened:
            opened = self.opened[step][0]
            # What the step computed rests on all that was read before it, too.
            self.session.send(Extra(name="tie", key=opened.key, body={"sessions": self.sessions, "is_data_only": True}))
            self._end_run(opened, STATUS[result.state], result.error)

    def _on_cell(self, progress: StepProgress) -> None:
        self.call.progress(
            Progress(task=progress.step, done=progress.cell, total=progress.total, note=progress.preview)
        )

    def _finish(self, opened: OpenedRun, parent: str, steps: tuple[StepResult, ...]) -> PipelineResult:
        """Steps' metrics onto the parent, the parent ended, the record written."""
        killed = next((step for step in steps if step.state is StepState.KILLED), None)
        if killed is not None:
            self._end(killed.step, killed)
        self.session.scribe.flush(120.0)
        runs = {child.tags.get(Tags.STEP): child for child in children(self.session.project.uri, parent)}
        metrics = {
            name: value for step in steps if (child := runs.get(step.step)) for name, value in child.metrics.items()
        }
        now = time.time_ns() // 1_000_000
        if metrics:
            points = tuple(Point(name, value, 0, now) for name, value in metrics.items())
            self.session.send(LogMetrics(key=opened.key, points=points))
        base = (self.folder / self.pipeline.folder).resolve()
        body = {
            "sessions": self.sessions,
            "notebook": self.session.project.relative(self.folder / self.pipeline.notebook),
            "modules": [str(base / name) for name in self.pipeline.modules],
        }
        self.session.send(Extra(name="tie", key=opened.key, body=body))
        states = {step.state for step in steps}
        state = next((s for s in (StepState.KILLED, StepState.FAILED) if s in states), StepState.DONE)
        error = next((step.error for step in steps if step.error), "")
        self._end_run(opened, STATUS[state], error)
        self.session.scribe.flush(60.0)
        result = PipelineResult(
            id=self.id,
            pipeline=identity(self.pipeline),
            name=self.name,
            folder=str(self.work),
            run=parent,
            parameters={name: MARK if is_secret_name(name) else value for name, value in self.values.items()},
            state=state,
            started=self.began,
            seconds=round(time.monotonic() - self.clock, 3),
            steps=tuple(
                msgspec.structs.replace(step, run=runs[step.step].id if step.step in runs else None) for step in steps
            ),
            metrics=metrics,
            error=error,
        )
        write_atomic(self.work / "result.json", encode(result))
        self.session.project.records.put(result, id=result.id, subject=result.pipeline)
        return result
