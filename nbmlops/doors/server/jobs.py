"""Long work: each call of a verb in a process of its own, so that it can be interrupted and cannot harm the server.

All of this runs on the server's loop. What a job has done is in the project's stores; this only remembers how it went.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.doors.failures import as_facts
from nbmlops.doors.server.child import Finished, Line, Order, Refused, Told
from nbmlops.doors.server.documents import Failure, Job, JobDetail, JobEvent, JobState, PageBlock
from nbmlops.doors.server.process import PATIENCE, Process
from nbmlops.errors import ExternalError, InternalError, NbmlopsError, NotFoundError, StateError
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.redact import MARK, is_secret_name, redact

logger = logging.getLogger("nbmlops")

KEPT = 50
"""Jobs that have ended."""
QUEUED = 100
_EVENTS = 500
"""Per job; the oldest go first."""
_RESULT_BYTES = 64 << 20
"""All results together; old jobs go when there is more."""
_CLOSING_PATIENCE = (10.0, 3.0)
"""When the server stops: it is waited for, too."""
_NOTHING = msgspec.Raw(b"null")


class Running:
    """One job and all that is known of it."""

    def __init__(self, order: Order, folder: Path, name: str, project: str | None) -> None:
        self.folder = folder
        self.job = Job(
            id=new_id(),
            verb=order.verb,
            folder=name,
            project=project,
            arguments=_shown(order.arguments),
            state=JobState.QUEUED,
            is_ending=False,
            created=utc_now(),
            started=None,
            ended=None,
            last=0,
            progress=(),
            code=0,
            error=None,
            output="",
        )
        self.events: list[JobEvent] = []
        self.result = _NOTHING
        self.page: tuple[PageBlock, ...] = ()
        self.code = 0
        self.failure: Failure | None = None
        self.process = Process(order, folder, self._hear)
        self.task: asyncio.Task[None] | None = None
        self.on_change: Callable[[Running], None] = lambda job: None

    @property
    def has_ended(self) -> bool:
        return self.job.ended is not None

    @property
    def has_result(self) -> bool:
        return self.result is not _NOTHING

    def change(self, **values: Any) -> None:
        self.job = msgspec.structs.replace(self.job, **values)
        self.on_change(self)

    def _hear(self, line: Line) -> None:
        if isinstance(line, Finished):
            self.result, self.page, self.code = line.result.copy(), line.page, line.code
        elif isinstance(line, Refused):
            self.failure = msgspec.convert(line.error, Failure)
        else:
            self._note(line)

    def _note(self, told: Told) -> None:
        number = self.job.last + 1
        event = JobEvent(number=number, at=utc_now(), **msgspec.structs.asdict(told))
        under_way = next((i for i, one in enumerate(self.events) if one.task == event.task and _goes(one)), None)
        if under_way is not None:
            del self.events[under_way]
        self.events.append(event)
        del self.events[:-_EVENTS]
        self.change(last=number, progress=tuple(one for one in self.events if _goes(one)))


class JobBoard:
    def __init__(self, *, at_once: int, on_change: Callable[[Running], None]) -> None:
        self._at_once = at_once
        self._on_change = on_change
        self._jobs: dict[str, Running] = {}
        self._is_closing = False

    @property
    def active(self) -> int:
        """How many have not ended."""
        return sum(not running.has_ended for running in self._jobs.values())

    def add(self, order: Order, folder: Path, name: str, project: str | None) -> Job:
        """Start it, or let it wait for its turn. Raises StateError where too many wait."""
        waiting = sum(one.job.state is JobState.QUEUED for one in self._jobs.values())
        if self._is_closing or waiting >= QUEUED:
            raise StateError(
                f"{waiting} jobs are waiting already.", kind="jobs-full", hint="Wait for some, or cancel them."
            )
        running = Running(order, folder, name, project)
        running.on_change = self._on_change
        self._jobs[running.job.id] = running
        self._start_next()
        self._on_change(running)
        return running.job

    def all(self) -> tuple[Running, ...]:
        """Newest first."""
        return tuple(reversed(self._jobs.values()))

    def detail(self, id: str, since: int) -> JobDetail:
        """Raises NotFoundError."""
        running = self._find(id)
        events = tuple(event for event in running.events if event.number > since)
        return JobDetail(job=running.job, events=events, result=running.result, page=running.page)

    def cancel(self, id: str) -> Job:
        """Interrupt it, as Ctrl-C does; one that waits never starts, and one that has ended stays as it is.

        Raises NotFoundError.
        """
        running = self._find(id)
        self._cancel(running, PATIENCE)
        return running.job

    async def stop(self) -> None:
        """Nothing of ours runs on without the server."""
        self._is_closing = True
        for running in self._jobs.values():
            self._cancel(running, _CLOSING_PATIENCE)
        tasks = [running.task for running in self._jobs.values() if running.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    def _find(self, id: str) -> Running:
        if (running := self._jobs.get(id)) is None:
            raise NotFoundError(
                f"There is no job {id!r}.", kind="job-missing", hint="Jobs are forgotten when the server restarts."
            )
        return running

    def _cancel(self, running: Running, patience: tuple[float, float]) -> None:
        if running.job.state is JobState.QUEUED:
            running.change(state=JobState.CANCELLED, is_ending=False, ended=utc_now())
        elif not running.has_ended:
            running.process.stop(patience)
            running.change(is_ending=True)

    def _start_next(self) -> None:
        active = sum(one.job.state is JobState.RUNNING for one in self._jobs.values())
        for running in self._jobs.values():
            if active < self._at_once and running.job.state is JobState.QUEUED and not self._is_closing:
                active += 1
                running.change(state=JobState.RUNNING, started=utc_now())
                running.task = asyncio.get_running_loop().create_task(self._run(running))

    async def _run(self, running: Running) -> None:
        state, failure = JobState.FAILED, None
        try:
            ended = await running.process.run()
            failure = running.failure
            if failure is not None:
                is_stopped = failure.error == "InterruptedRunError"
                state = JobState.CANCELLED if is_stopped or running.job.is_ending else JobState.FAILED
            elif running.has_result:
                state = JobState.DONE
            elif running.job.is_ending:
                state = JobState.CANCELLED
            else:
                hint = "What it wrote last is in its output." if running.process.output.strip() else ""
                failure = _failure(InternalError(f"{ended.death(running.job.verb)}.", kind="job-died", hint=hint))
        except NbmlopsError as error:
            failure = _failure(error)
            state = JobState.CANCELLED if running.job.is_ending else JobState.FAILED
        except OSError as error:
            reason = error.strerror or str(error)
            failure = _failure(
                ExternalError(f"{running.job.verb} could not be started: {reason}.", kind="job-not-started")
            )
        except Exception as error:
            logger.exception("The job %s could not be run", running.job.verb)
            failure = _failure(InternalError(f"{type(error).__name__}: {error}.", kind="bug"))
        output = "" if state is JobState.DONE else redact(running.process.output)
        code = running.code if state is JobState.DONE else 0
        running.change(
            state=state, is_ending=False, ended=utc_now(), code=code, error=failure, progress=(), output=output
        )
        self._forget()
        self._start_next()

    def _forget(self) -> None:
        """The oldest that have ended; the newest of them always stays."""
        count = size = 0
        for running in self.all():
            if running.has_ended:
                count, size = count + 1, size + memoryview(running.result).nbytes
                if count > KEPT or (count > 1 and size > _RESULT_BYTES):
                    del self._jobs[running.job.id]


def _goes(event: JobEvent) -> bool:
    return event.state == "running"


def _failure(error: NbmlopsError) -> Failure:
    return msgspec.convert(as_facts(error), Failure)


def _shown(arguments: dict[str, Any]) -> dict[str, Any]:
    """Values that look secret are not repeated to whoever lists the jobs."""
    return {name: _masked(value) for name, value in arguments.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(each) for each in value]
    if not isinstance(value, str):
        return value
    name, sign, _ = value.partition("=")
    return f"{name}={MARK}" if sign and is_secret_name(name.strip()) else redact(value)
