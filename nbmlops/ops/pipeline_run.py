"""One execution of a pipeline with its MLflow runs: the parent, and a child for each step."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.capture.place import NOTEBOOK_VARIABLE
from nbmlops.errors import (
    CellFailedError,
    IntegrityError,
    InterruptedRunError,
    NotFoundError,
)
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.digest import short
from nbmlops.lib.files import write_atomic
from nbmlops.lib.redact import MARK, is_secret_name
from nbmlops.model.documents import encode, identity
from nbmlops.model.live import LiveRun, LiveStep
from nbmlops.model.pipeline import Pipeline, PipelineResult, Step, StepResult, StepState
from nbmlops.model.run import RunView, Tags
from nbmlops.model.run_plan import VARIABLE, RunPlan
from nbmlops.model.step_cache import StepEntry
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.live_run import LiveRecord
from nbmlops.ops.run_workspace import Laid
from nbmlops.ops.session import OpenedRun, Session
from nbmlops.ops.step_results import Keeper
from nbmlops.pipeline.execute import Interrupted, Places, execute
from nbmlops.pipeline.fan_out import base_of, executed_as
from nbmlops.pipeline.folder import read_certificate
from nbmlops.pipeline.handoff import AS_VARIABLE
from nbmlops.pipeline.page import Pages, page_of
from nbmlops.pipeline.reassemble import reassemble
from nbmlops.pipeline.schedule import Choice, outcome, outcome_variables
from nbmlops.pipeline.step_cache import StepCache
from nbmlops.ports import Engine, StepProgress
from nbmlops.track.lists import children
from nbmlops.track.messages import EndRun, Extra, LogMetrics, Point, SetTags
from nbmlops.track.server import check_server

logger = logging.getLogger("nbmlops")
STATUS = {StepState.DONE: "FINISHED", StepState.FAILED: "FAILED", StepState.KILLED: "KILLED"}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be executed, and how."""

    pipeline: Pipeline
    folder: Path
    """The pipeline's."""
    values: dict[str, Any]
    cache: StepCache
    choice: Choice
    jobs: int
    """Steps at once; 0: what the engine has places for."""
    engine: Engine
    name: str = ""
    experiment: str = ""
    parent: str = ""
    """Key or MLflow id of a run that this one belongs to: a sweep."""
    register: str = ""
    """What its model is registered as, while the scribe has MLflow at hand; empty: it is not."""
    with_pages: bool = True
    """Whether executed notebooks are made into HTML too."""
    id: str = ""
    """Of the run, where it has got one already."""
    laid: Laid | None = None
    """The workspace that the steps run in; None: the project itself."""


class PipelineRun:
    """One execution: an MLflow run with a child for each step that is executed or kept."""

    def __init__(self, call: Call, session: Session, wanted: Wanted) -> None:
        self.call = call
        self.project = wanted.laid.project if wanted.laid is not None else call.project
        self.session = session
        self.pipeline = wanted.pipeline
        self.folder = wanted.folder
        self.values = wanted.values
        self.wanted = wanted
        self.name = wanted.name or wanted.pipeline.name
        self.experiment = wanted.experiment or wanted.pipeline.name
        self.id = wanted.id or new_id()
        self.tags = wanted.laid.tags if wanted.laid is not None else {}
        self.certificate = read_certificate(wanted.folder)
        self.root = call.project.root
        self.work = self.project.layout.runs / self.id
        self.opened: dict[str, OpenedRun] = {}
        """The run of each step that was started."""
        self.sessions: dict[str, str] = {}
        """Of the steps' kernels, by step, in the order in which they began."""
        self.unended: list[OpenedRun] = []
        """Runs that somebody has to end, whatever happens: the parent first."""
        self.pages = Pages()
        self.began, self.clock = utc_now(), time.monotonic()
        self.live: LiveRecord | None = None

    def run(self) -> PipelineResult:
        """Raises UnavailableError where MLflow's server does not answer, and StateError where the engine cannot give a
        step what it asks for; then nothing is executed.

        Raises CellFailedError when a step fails, and InterruptedRunError on Ctrl-C.
        """
        try:
            with self.pages:
                return self._run()
        except BaseException as error:
            self._abandon(error)
            raise

    def _run(self) -> PipelineResult:
        engine = self.wanted.engine
        engine.check([each for each in self.pipeline.steps if each.name not in self.wanted.choice.left_out], self.root)
        # It takes its time to begin, and so does MLflow.
        engine.prepare([self.folder / step.notebook for step in self.pipeline.steps])
        check_server(self.project.uri)
        self.live = self._show_live()
        opened = self._open()
        places = Places(pipeline=self.folder, folder=(self.folder / self.pipeline.folder).resolve(), work=self.work)
        keeper = Keeper(self.project, self.wanted.cache, places.handoff, self.id)
        kept: dict[str, RunView] = {}
        try:
            steps = execute(
                self.pipeline,
                places=places,
                engine=engine,
                values=self.values,
                environment=lambda step: self._environment(step, opened),
                cache=self.wanted.cache,
                choice=self.wanted.choice,
                jobs=self.wanted.jobs or engine.places(),
                on_step=lambda step, result: self._on_step(step, result, opened),
                on_cell=self._on_cell,
                on_done=lambda step, result, found: keeper.keep(step, result, found, self.sessions[step.name]),
            )
            result, kept = self._finish(opened, steps)
        except Interrupted as stopped:
            result, kept = self._finish(opened, stopped.results, is_stopped=True)
            during = next((step.step for step in stopped.results if step.state is StepState.KILLED), "")
            raise InterruptedRunError(
                f"Stopped{f' in step {during}' if during else ''}; what was done is kept in {result.folder}.",
                kind="interrupted",
                hint=f"Go on from there: nbmlops resume {short(result.run)}",
                run=result.run,
            ) from None
        finally:
            keeper.close(kept)
        if result.state is not StepState.DONE:
            failed = next(step for step in steps if step.state in (StepState.FAILED, StepState.KILLED))
            raise CellFailedError(
                f"Step {failed.step} failed: {failed.error}.",
                kind="step-failed",
                hint=f"Its notebook: {failed.notebook or self.work}. Once mended: nbmlops resume {short(result.run)}",
                run=result.run,
                step=failed.step,
                notebook=failed.notebook,
            )
        return result

    def _show_live(self) -> LiveRecord:
        laid = self.wanted.laid
        run = LiveRun(
            id=self.id,
            session=self.session.id,
            name=self.name,
            source=self.project.relative(self.folder),
            pipeline=identity(self.pipeline),
            folder=str(self.work),
            parameters=self._told_parameters(),
            started=self.began,
            steps=tuple(
                LiveStep(result=StepResult(step=step.name, state=StepState.WAITING)) for step in self.pipeline.steps
            ),
            parent=self.wanted.parent,
            data=laid.data if laid is not None else "",
            code=laid.code if laid is not None else "",
            workspace=str(self.project.root) if self.project.workspace else "",
        )
        return LiveRecord(self.session, run)

    def _told_parameters(self) -> dict[str, Any]:
        return {name: MARK if is_secret_name(name) else value for name, value in self.values.items()}

    def _open(self) -> OpenedRun:
        shown = {name: MARK if is_secret_name(name) else str(value) for name, value in self.values.items()}
        verdict = {"nbmlops.certificate": str(self.certificate.verdict)} if self.certificate else {}
        notebook = self.project.relative(self.folder / self.pipeline.notebook)
        opened = self.session.open_run(
            self.name,
            "pipeline",
            params=shown,
            tags={
                Tags.PIPELINE: identity(self.pipeline),
                Tags.NOTEBOOK: notebook,
                Tags.MLFLOW_SOURCE: self.project.relative(self.folder),
                Tags.RESULT: self.id,
                **verdict,
                **self.tags,
            },
            parent=self.wanted.parent,
            experiment=self.experiment,
            is_of_cell=False,
        )
        self.unended.append(opened)
        return opened

    def _abandon(self, error: BaseException) -> None:
        """Something got in between, an interrupt or a full disk: no run is left open, and none looks finished."""
        status = "KILLED" if isinstance(error, KeyboardInterrupt | InterruptedRunError) else "FAILED"
        failure = "stopped by the user" if status == "KILLED" else str(error)
        while self.unended:
            self._end_run(self.unended[-1], status, failure)
        if self.live is not None:
            self.live.abandon(StepState(status.lower()), failure)

    def _end_run(self, opened: OpenedRun, status: str, failure: str) -> None:
        if opened in self.unended:
            self.unended.remove(opened)
        if failure:
            self.session.send(SetTags(key=opened.key, tags={Tags.FAILURE: failure[:1000]}))
        now = time.time_ns() // 1_000_000
        self.session.send(EndRun(key=opened.key, ended_ms=now, status=status, failure=failure[:1000]))

    def _environment(self, step: Step, parent: OpenedRun) -> dict[str, str]:
        """Opens the step's run, so that MLflow shows it while it goes, and tells its kernel to write to it."""
        tags = {
            Tags.STEP: step.name,
            Tags.PIPELINE: identity(self.pipeline),
            **self.tags,
            **self._models_taken(step),
        }
        opened = self.session.open_run(
            step.name, "step", tags=tags, parent=parent.key, experiment=self.experiment, is_of_cell=False
        )
        self.unended.append(opened)
        self.opened[step.name] = opened
        self.sessions[step.name] = new_id()
        plan = RunPlan(
            name=step.name,
            kind="step",
            experiment=self.experiment,
            key=opened.key,
            session=self.sessions[step.name],
            tags=tags,
        )
        return {
            VARIABLE: plan.to_variable(),
            "MLFLOW_EXPERIMENT_NAME": self.experiment,
            NOTEBOOK_VARIABLE: str((self.folder / step.notebook).resolve()),
        }

    def _models_taken(self, *steps: Step) -> dict[str, str]:
        """A tag that says which versions of registered models the steps were given."""
        taken = {address: now for step in steps for address, now in self.wanted.cache.models_of(step).items() if now}
        lines = "\n".join(f"{address} is version {now}" for address, now in sorted(taken.items()))
        return {Tags.MODELS_TAKEN: lines} if lines else {}

    def _on_step(self, step: Step, result: StepResult, parent: OpenedRun) -> None:
        state = "running" if result.state is StepState.RUNNING else str(result.state)
        if self.live is not None:
            self.live.step(result)
        note = result.error or result.why
        self.call.progress(Progress(task=step.name, state=state, note=f"kept: {note}" if result.is_kept else note))
        if result.is_kept:
            self._show_kept(step, result, parent)
        elif result.state in STATUS and step.name in self.opened:
            if self.wanted.with_pages and result.notebook:
                self.pages.make(Path(result.notebook))
            self._end(step.name, result)

    def _show_kept(self, step: Step, result: StepResult, parent: OpenedRun) -> None:
        """A child run that says whose results these are."""
        entry = self.project.records.get(StepEntry, result.entry)
        tags = {
            Tags.STEP: step.name,
            Tags.PIPELINE: identity(self.pipeline),
            Tags.KEPT_FROM: result.run or "",
            **self.tags,
        }
        opened = self.session.open_run(
            step.name, "step", tags=tags, parent=parent.key, experiment=self.experiment, is_of_cell=False
        )
        if entry is not None:
            # What the run computed rests on what that kernel had read, too.
            self.sessions[step.name] = entry.session
            self._log(opened, entry.metrics)
        self._end_run(opened, "FINISHED", "")

    def _log(self, opened: OpenedRun, metrics: dict[str, float]) -> None:
        if not metrics:
            return
        now = time.time_ns() // 1_000_000
        points = tuple(Point(name, value, 0, now) for name, value in metrics.items())
        self.session.send(LogMetrics(key=opened.key, points=points))

    def _end(self, step: str, result: StepResult) -> None:
        """The step's kernel is gone: send what it has journaled, then end its run."""
        self.session.send(Extra(name="collect", body={"session": self.sessions.get(step, "")}))
        if step in self.opened:
            opened = self.opened[step]
            # What the step computed rests on all that was read before it, too.
            body = {"sessions": list(self.sessions.values()), "is_data_only": True}
            self.session.send(Extra(name="tie", key=opened.key, body=body))
            self._end_run(opened, STATUS[result.state], result.error)

    def _on_cell(self, progress: StepProgress) -> None:
        if self.live is not None:
            self.live.cell(progress)
        if self.wanted.with_pages:
            self.pages.prepare()
        self.call.progress(
            Progress(task=progress.step, done=progress.cell, total=progress.total, note=progress.preview)
        )

    def _finish(
        self, opened: OpenedRun, steps: tuple[StepResult, ...], *, is_stopped: bool = False
    ) -> tuple[PipelineResult, dict[str, RunView]]:
        """Steps' metrics onto the parent, the parent ended, the record written; and the run of each step.

        `is_stopped`: by the user, also where no step was running just then.
        """
        for killed in (step for step in steps if step.state is StepState.KILLED):
            self._end(killed.step, killed)
        # Where the server has gone meanwhile, all is kept, and sent later.
        parent = self.session.scribe.flush(120.0).runs.get(opened.key, "")
        found = children(self.project.uri, parent) if parent else ()
        runs = {name: child for child in found if (name := child.tags.get(Tags.STEP))}
        # Instances of a step measure the same each: theirs stay on their own runs.
        metrics = {
            name: value
            for step in steps
            if step.step in runs and base_of(step.step) == step.step
            for name, value in runs[step.step].metrics.items()
        }
        self._log(opened, metrics)
        if taken := self._models_taken(*self.pipeline.steps):
            self.session.send(SetTags(key=opened.key, tags=taken))
        base = (self.folder / self.pipeline.folder).resolve()
        body = {
            "sessions": list(self.sessions.values()),
            "notebook": self.project.relative(self.folder / self.pipeline.notebook),
            "modules": [str(base / name) for name in self.pipeline.modules],
            "workspace": self.project.workspace,
            "variables": self._variables(steps),
        }
        self.session.send(Extra(name="tie", key=opened.key, body=body))
        states = {step.state for step in steps}
        if is_stopped:
            states.add(StepState.KILLED)
        state = next((s for s in (StepState.KILLED, StepState.FAILED) if s in states), StepState.DONE)
        error = next((step.error for step in steps if step.error), "")
        if self.wanted.register and state is StepState.DONE:
            self.session.send(Extra(name="register", key=opened.key, body={"model": self.wanted.register}))
        self._end_run(opened, STATUS[state], error)
        self.session.scribe.flush(60.0)
        self.pages.wait()
        steps = tuple(self._brought_back(step, runs[step.step].id if step.step in runs else None) for step in steps)
        result = PipelineResult(
            id=self.id,
            pipeline=identity(self.pipeline),
            name=self.name,
            folder=str(self.work),
            run=parent,
            source=self.project.relative(self.folder),
            parameters=self._told_parameters(),
            state=state,
            started=self.began,
            seconds=round(time.monotonic() - self.clock, 3),
            steps=steps,
            notebook=self._reassembled(steps),
            metrics=metrics,
            error=error,
            data=self.wanted.laid.data if self.wanted.laid is not None else "",
            code=self.wanted.laid.code if self.wanted.laid is not None else "",
            workspace=str(self.project.root) if self.project.workspace else "",
            parent=self.wanted.parent,
        )
        write_atomic(self.work / "result.json", encode(result))
        self.project.records.put(result, id=result.id, subject=result.pipeline)
        if self.live is not None:
            self.live.close()
        return result, runs

    def _variables(self, steps: tuple[StepResult, ...]) -> dict[str, dict[str, str]]:
        """By session, what a replay has to tell it: which instance it was, and how the run had gone."""
        exits = {step.name for step in self.pipeline.steps if step.exit}
        ended = outcome_variables(outcome(step for step in steps if step.step not in exits))
        found = {self.sessions[name]: ended for name in exits & self.sessions.keys()}
        return found | {self.sessions[name]: {AS_VARIABLE: name} for name in self.sessions if base_of(name) != name}

    def _brought_back(self, result: StepResult, run: str | None) -> StepResult:
        """With its MLflow run and its page; of a kept step, with the notebook as it was executed then."""
        page = page_of(Path(result.notebook)) if result.notebook else None
        result = msgspec.structs.replace(result, run=run, page=str(page) if page is not None and page.is_file() else "")
        entry = self.project.records.get(StepEntry, result.entry) if result.is_kept else None
        if entry is None:
            return result
        if self.project.records.get(PipelineResult, entry.result) is None:
            # It came from a remote: from now on it is this run's.
            self.wanted.cache.note(msgspec.structs.replace(entry, result=self.id, run=run or ""))
        source = next(step.notebook for step in self.pipeline.steps if step.name == base_of(result.step))
        path = self.work / executed_as(source, result.step)
        try:
            if not path.is_file():
                self.project.objects.restore(entry.notebook, path)
        except (IntegrityError, NotFoundError):
            return result  # a convenience: its values are what counts
        return msgspec.structs.replace(result, notebook=str(path))

    def _reassembled(self, steps: tuple[StepResult, ...]) -> str:
        """The notebook that the pipeline was made from, with what the steps have shown; empty where it is gone."""
        source, target = self.folder / self.pipeline.notebook, self.work / "notebook.ipynb"
        executed = [Path(step.notebook) for step in steps if step.notebook]
        if not source.is_file() or not executed:
            return ""
        try:
            reassemble(source, executed, target)
        except Exception as error:  # noqa: BLE001 - the source is the user's, and may have become anything
            logger.warning("The outputs could not be put into %s: %s", source, error)
            return ""
        return str(target)
