"""A Trainer's pipeline on an engine that takes it as a whole: compiled, submitted, awaited. What its steps have logged
in MLflow is known by a tag, and comes to lie inside of one run of ours, as that of a pipeline that runs here.
"""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from nbmlops.errors import ExternalError, InterruptedRunError, NbmlopsError, NotFoundError, UnavailableError, UsageError
from nbmlops.lib.clock import utc_now
from nbmlops.lib.durations import lasting
from nbmlops.lib.json_api import LOOPBACK
from nbmlops.lib.redact import MARK, is_secret_name
from nbmlops.model.documents import identity
from nbmlops.model.pipeline import Pipeline, StepState
from nbmlops.model.run import RunView, Tags
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.plugin import OF_TRAINERS, open_compiler, open_orchestrator
from nbmlops.ops.session import Session
from nbmlops.ops.target import target_in
from nbmlops.ports import OrchestratedRun, Orchestrator, Target
from nbmlops.project import Project
from nbmlops.track.address import shown
from nbmlops.track.lists import find_run, list_runs
from nbmlops.track.messages import AdoptRun, EndRun, Extra, LogMetrics, Point, SetTags
from nbmlops.track.server import check_server

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
"""Seconds between two looks; longer and longer."""
PATIENCE = 600.0
"""Seconds for which nothing may answer. Then the attempt has failed, and the next one takes up what was submitted."""
TRACKING = "MLFLOW_TRACKING_URI"
_MOST_RUNS = 1000
_LONGEST_FAILURE = 1000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """Of the run."""
    model: str = ""
    """What its model is registered as."""
    engine: str = ""
    """Empty: the one of the settings."""
    values: dict[str, Any] = {}
    """Of the pipeline's parameters."""
    timeout: float = 0.0
    """Seconds from when it was submitted; 0: any time."""


def run_orchestrated(call: Call, asked: Asked, pipeline: Pipeline, folder: Path) -> RunView:
    """Done again with the same name, it takes up what was submitted before. Ctrl-C lets that go on.

    Raises ExternalError for one that fails or takes longer than it may, which is then cancelled, NotFoundError for one
    that has left nothing in MLflow, and UnavailableError where the engine or MLflow does not answer.
    """
    project = call.project
    engine = asked.engine or project.settings.pipeline.engine
    orchestrator = open_orchestrator(project.settings, engine)
    check_server(project.uri)
    call.progress(Progress(task=f"compiling for {engine}"))
    files = open_compiler(project.settings, engine).compile(_target(project, engine, pipeline, folder))
    values = {name: value if isinstance(value, str) else repr(value) for name, value in asked.values.items()}
    id = orchestrator.submit(files, asked.name, values, but=_useless(project, pipeline, asked.name))
    where = orchestrator.address(id) or id
    call.progress(Progress(task=f"train on {engine}:", note=f"submitted, {where}"))
    try:
        seen = _awaited(call, orchestrator, id, engine, asked.timeout)
    except KeyboardInterrupt:
        raise InterruptedRunError(
            f"Nobody waits for {id} any longer; {engine} goes on with it.",
            kind="interrupted",
            hint="The next reconcile takes it up.",
        ) from None
    return _gathered(call, asked, pipeline, folder, seen, id, engine)


def _target(project: Project, engine: str, pipeline: Pipeline, folder: Path) -> Target:
    image, project_folder, tracking = (project.settings.engine.get(engine, {}).get(name, "") for name in OF_TRAINERS)
    if not image.strip():
        raise UsageError(
            f"A Trainer on {engine} needs an image, and nobody names one.",
            kind="image-missing",
            hint=f'In nbmlops.toml: [engine.{engine}] image = "registry.example.org/wine:1"',
        )
    if tracking := tracking or _reachable(project.uri):
        steps = tuple(msgspec.structs.replace(each, env={TRACKING: tracking, **each.env}) for each in pipeline.steps)
        pipeline = msgspec.structs.replace(pipeline, steps=steps)
    return target_in(project, folder, pipeline, image=image, project_folder=project_folder or "/project")


def _reachable(uri: str) -> str:
    """The project's MLflow, if containers may find it by the same address. A login is not written into documents."""
    place = urlsplit(uri)
    is_theirs = place.scheme in ("http", "https") and place.hostname not in LOOPBACK
    return uri if is_theirs and "@" not in place.netloc else ""


def _useless(project: Project, pipeline: Pipeline, name: str) -> frozenset[str]:
    """What was submitted under this name and came to nothing, though it may have ended well there."""
    tags = {Tags.KIND: "pipeline", Tags.PIPELINE: identity(pipeline)}
    failed = list_runs(project.uri, tags=tags, status="FAILED", limit=_MOST_RUNS)
    return frozenset(
        run.tags[Tags.ORCHESTRATED] for run in failed if run.name == name and Tags.ORCHESTRATED in run.tags
    )


def _awaited(call: Call, orchestrator: Orchestrator, id: str, engine: str, timeout: float) -> OrchestratedRun:
    began, answered, told = time.monotonic(), time.monotonic(), ""
    while True:
        now = time.monotonic()
        age = now - began
        try:
            seen = orchestrator.look(id)
        except UnavailableError as error:
            if now - answered > PATIENCE:
                raise
            note = f"no answer: {error.message}"
        else:
            answered = now
            if seen.state is not StepState.RUNNING:
                return seen
            age = max(age, seen.seconds)
            note = f"{seen.done} of {seen.total} steps" if seen.total else "waiting"
        if note != told:
            call.progress(Progress(task=f"train on {engine}:", note=note))
            told = note
        if timeout and age > timeout:
            raise _too_slow(orchestrator, id, engine, timeout)
        time.sleep(min(FIRST_PAUSE + (now - began) / 20, LONGEST_PAUSE))


def _too_slow(orchestrator: Orchestrator, id: str, engine: str, timeout: float) -> ExternalError:
    ending = "is cancelled"
    try:
        orchestrator.cancel(id)
    except NbmlopsError as error:
        ending = f"could not be cancelled: {error.message.rstrip('.')}"
    return ExternalError(
        f"{id} on {engine} took more than {lasting(timeout)}, and {ending}.",
        kind="pipeline-slow",
        hint="Raise timeout.",
    )


def _gathered(
    call: Call, asked: Asked, pipeline: Pipeline, folder: Path, seen: OrchestratedRun, id: str, engine: str
) -> RunView:
    """The run of the whole, with the steps' inside, written when all is over: who was killed before has left none.

    Raises ExternalError and NotFoundError as `run_orchestrated`, once that is written down.
    """
    project = call.project
    found = list_runs(project.uri, tags={Tags.ORCHESTRATED: id}, limit=_MOST_RUNS)
    steps = [run for run in found if run.tags.get(Tags.KIND) != "pipeline"]
    error = _failure(project, steps, seen, id, engine)
    session = Session(project, notebook=None, namespace={}, door="pipeline")
    is_clean = False
    try:
        opened = session.open_run(
            asked.name,
            "pipeline",
            params={name: MARK if is_secret_name(name) else str(value) for name, value in asked.values.items()},
            tags={
                Tags.PIPELINE: identity(pipeline),
                Tags.NOTEBOOK: project.relative(folder / pipeline.notebook),
                Tags.MLFLOW_SOURCE: project.relative(folder),
                Tags.ORCHESTRATED: id,
            },
            experiment=pipeline.name,
            is_of_cell=False,
            started=utc_now() - timedelta(seconds=seen.seconds),
        )
        parent = session.resolve(opened.key)
        for run in steps:
            session.send(AdoptRun(key=run.id, run=run.id))
            session.send(SetTags(key=run.id, tags={Tags.MLFLOW_PARENT: parent}))
        if metrics := {name: value for run in reversed(steps) for name, value in run.metrics.items()}:
            now = time.time_ns() // 1_000_000
            points = tuple(Point(name, value, 0, now) for name, value in metrics.items())
            session.send(LogMetrics(key=opened.key, points=points))
        failure = error.message[:_LONGEST_FAILURE] if error is not None else ""
        if failure:
            session.send(SetTags(key=opened.key, tags={Tags.FAILURE: failure}))
        if error is None and asked.model:
            session.send(Extra(name="register", key=opened.key, body={"model": asked.model}))
        status = "FINISHED" if error is None else "KILLED" if seen.state is StepState.KILLED else "FAILED"
        session.send(EndRun(key=opened.key, ended_ms=time.time_ns() // 1_000_000, status=status, failure=failure))
        session.scribe.flush(60.0)
        is_clean = True
    finally:
        session.close(60.0, is_clean=is_clean)
    if error is not None:
        raise error
    return find_run(project.uri, parent)


def _failure(
    project: Project, steps: list[RunView], seen: OrchestratedRun, id: str, engine: str
) -> NbmlopsError | None:
    if seen.state is StepState.KILLED:
        return ExternalError(f"{engine}: {seen.why or f'{id} was cancelled'}.", kind="pipeline-cancelled")
    if seen.state is not StepState.DONE:
        return _step_failed(steps, seen, id, engine)
    if not steps:
        return NotFoundError(
            f"{id} has ended well on {engine}, and left no run in MLflow at {shown(project.uri)}: "
            f"{TRACKING} of its containers does not lead there.",
            kind="run-missing",
            hint=f'Name it in nbmlops.toml, [engine.{engine}] tracking = "http://...", or set it in the image.',
        )
    return None


def _step_failed(steps: list[RunView], seen: OrchestratedRun, id: str, engine: str) -> ExternalError:
    """In the words of the step itself, where it could log them."""
    said = {run.tags.get(Tags.STEP, ""): run.tags.get(Tags.FAILURE, "") for run in reversed(steps)}
    name = seen.step or next((step for step, failure in said.items() if failure), "")
    why = (said.get(name) or seen.why or "it does not say why").rstrip(".")
    what = f"Step {name}" if name else f"The run {id}"
    return ExternalError(f"{what} failed on {engine}: {why}.", kind="step-failed", hint=f"Look at {id} there.", run=id)
