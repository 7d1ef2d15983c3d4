"""The record that a run of a pipeline keeps of itself while it goes, for those who look from elsewhere."""

from __future__ import annotations

import msgspec

from nbmlops.lib.clock import utc_now
from nbmlops.lib.redact import redact
from nbmlops.model.live import LiveRun, LiveStep
from nbmlops.model.pipeline import PipelineResult, StepResult, StepState
from nbmlops.ops.session import Session
from nbmlops.pipeline.fan_out import base_of
from nbmlops.ports import StepProgress
from nbmlops.project import Project


class LiveRecord:
    """Written by the session's thread, at most twice a second."""

    def __init__(self, session: Session, run: LiveRun) -> None:
        self.session = session
        self.run = run
        self.steps = {each.result.step: each for each in run.steps}
        self.is_closed = False
        self._write()

    def step(self, result: StepResult) -> None:
        before = self.steps.get(result.step)
        if result.state is StepState.RUNNING:
            now = LiveStep(result=result, since=utc_now())
        else:
            now = msgspec.structs.replace(before or LiveStep(result=result), result=result, preview="")
        self._set(result.step, now)
        self._write()

    def cell(self, progress: StepProgress) -> None:
        before = self.steps.get(progress.step)
        if before is not None and before.result.state is StepState.RUNNING:
            self.steps[progress.step] = msgspec.structs.replace(
                before, done=progress.cell, total=progress.total, preview=redact(progress.preview)[:80]
            )
            self._write()

    def close(self) -> None:
        """The result is written: it says all that this did."""
        if not self.is_closed:
            self.is_closed = True
            self.session.records.flush()
            self.session.project.records.delete(LiveRun, self.run.id)

    def abandon(self, state: StepState, failure: str) -> None:
        """There will be no result."""
        if not self.is_closed:
            self.is_closed = True
            self.run = msgspec.structs.replace(self.run, state=state, failure=failure[:1000])
            self.session.records.put(self._now(), id=self.run.id)
            self.session.records.flush()

    def _set(self, name: str, now: LiveStep) -> None:
        """An instance stands where its step stood, or after those before it."""
        base = base_of(name)
        if name in self.steps or base not in self.steps:
            self.steps[name] = now
            return
        found: dict[str, LiveStep] = {}
        last = [each for each in self.steps if base_of(each) == base][-1]
        for each, step in self.steps.items():
            found[each] = step
            if each == last:
                found[name] = now
        self.steps = found

    def _now(self) -> LiveRun:
        return msgspec.structs.replace(self.run, steps=tuple(self.steps.values()))

    def _write(self) -> None:
        self.session.records.put(self._now(), id=self.run.id)


def is_under_way(project: Project, live: LiveRun) -> bool:
    return live.state is StepState.RUNNING and project.is_alive(live.session)


def result_of_killed(live: LiveRun, run: str) -> PipelineResult:
    """What a run has left that was killed outright. `run`: its MLflow id."""
    ended = {StepState.RUNNING: StepState.KILLED, StepState.WAITING: StepState.SKIPPED}
    return PipelineResult(
        id=live.id,
        pipeline=live.pipeline,
        name=live.name,
        folder=live.folder,
        run=run,
        source=live.source,
        parameters=live.parameters,
        state=StepState.KILLED if live.state is StepState.RUNNING else live.state,
        started=live.started,
        seconds=0.0,
        steps=tuple(
            msgspec.structs.replace(each.result, state=ended.get(each.result.state, each.result.state))
            for each in live.steps
        ),
        error=live.failure or "its process was killed",
        data=live.data,
        code=live.code,
        workspace=live.workspace,
        parent=live.parent,
    )
