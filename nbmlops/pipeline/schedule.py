"""Which step runs when: ready ones at once, as many as asked for; kept results instead where there are any.

All decisions are made in the caller's thread; each running step has a thread of its own that only waits for its engine.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

import msgspec

from nbmlops.errors import IntegrityError, NbmlopsError, NotFoundError
from nbmlops.lib.stop import Stop
from nbmlops.model.documents import decode
from nbmlops.model.names import slug
from nbmlops.model.pipeline import Step, StepResult, StepState
from nbmlops.model.step_cache import StepEntry
from nbmlops.pipeline.handoff import MANIFEST, Manifest
from nbmlops.pipeline.needs import places_of
from nbmlops.pipeline.order import needs_of
from nbmlops.pipeline.step_cache import Found, digests_given
from nbmlops.ports import Engine, StepProgress, StepSpec

LOOK_SECONDS = 0.25
LONGEST_WAIT = 300.0
"""Seconds between two tries, at most."""


class Cache(Protocol):
    def look(self, step: Step, given: Mapping[str, str]) -> Found: ...

    def values_of(self, entry: StepEntry) -> dict[str, str]: ...

    def bring_back(self, entry: StepEntry, handoff: Path, notebook: Path) -> None: ...


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which steps are executed although nothing has changed, and which are not asked for."""

    forced: Mapping[str, str] = {}
    """Step -> why."""
    left_out: frozenset[str] = frozenset()
    """Not executed; where a kept result is there, it serves those that are."""


AS_NEEDED = Choice()


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in the middle; carries what was done."""

    def __init__(self, results: tuple[StepResult, ...]) -> None:
        super().__init__()
        self.results = results


class Schedule:
    def __init__(
        self,
        steps: Sequence[Step],
        *,
        engine: Engine,
        specify: Callable[[Step], StepSpec],
        handoff: Path,
        outputs: Mapping[str, Path],
        cache: Cache | None = None,
        choice: Choice = AS_NEEDED,
        jobs: int = 1,
        on_step: Callable[[Step, StepResult], None] = lambda step, result: None,
        on_cell: Callable[[StepProgress], None] = lambda progress: None,
        on_done: Callable[[Step, StepResult, Found], None] = lambda step, result, found: None,
    ) -> None:
        """`steps` in an order in which each comes after what it needs. `specify` is called right before a step starts.

        `on_done` is told of each step that was executed to its end.
        """
        self._engine = engine
        self._specify = specify
        self._handoff = handoff
        self._outputs = outputs
        self._cache = cache
        self._choice = choice
        self._jobs = jobs
        self._on_step = on_step
        self._on_cell = on_cell
        self._on_done = on_done
        self._steps = {step.name: step for step in steps}
        self._waiting = dict(self._steps)
        self._running: dict[str, Stop] = {}
        self._results: dict[str, StepResult] = {}
        self._entries: dict[str, StepEntry] = {}
        """Of steps whose kept results stand for them, and have not been brought back yet."""
        self._given: dict[str, dict[str, str]] = {}
        self._found: dict[str, Found] = {}
        self._spoilt: set[str] = set()
        """Steps whose kept values turned out to be damaged."""
        self._events: SimpleQueue[StepProgress | StepResult | BaseException] = SimpleQueue()

    def run(self) -> tuple[StepResult, ...]:
        """Results in the order in which steps ended. Raises Interrupted on Ctrl-C, after running steps have ended."""
        try:
            while self._waiting or self._running:
                self._advance()
                if self._running:
                    self._hear()
        except KeyboardInterrupt:
            self._end_running()
            raise Interrupted(tuple(self._results.values())) from None
        except BaseException:
            self._end_running()
            raise
        return tuple(self._results.values())

    def _advance(self) -> None:
        """Decide whatever can be decided; start what is ready, in the order of the steps."""
        moved = True
        while moved:
            moved = False
            for step in list(self._waiting.values()):
                if step.name in self._waiting and self._is_ready(step) and self._decide(step):
                    moved = True

    def _is_ready(self, step: Step) -> bool:
        return all(need in self._results for need in needs_of(step))

    def _decide(self, step: Step) -> bool:
        """Whether the step has got a result or was started; not so when it has to wait."""
        is_wanted = step.name not in self._choice.left_out
        broken = [need for need in needs_of(step) if self._results[need].state is not StepState.DONE]
        if broken and is_wanted:
            self._settle(step, StepResult(step=step.name, state=StepState.SKIPPED, why=f"{broken[0]} did not run"))
            return True
        found = self._look(step) if not broken else None
        if found is not None and found.entry is not None:
            self._entries[step.name] = found.entry
            self._given[step.name] = self._cache.values_of(found.entry) if self._cache else {}
            self._settle(step, _kept(step, found))
            return True
        if not is_wanted:
            why = "not asked for, and nothing is kept of it" if found is not None else "not asked for"
            self._settle(step, StepResult(step=step.name, state=StepState.SKIPPED, why=why))
            return True
        if not self._has_room(step):
            return False
        spoilt = self._bring_back(step)
        if spoilt:
            for name in spoilt:
                self._again(name)
            return True
        self._start(step, found)
        return True

    def _has_room(self, step: Step) -> bool:
        """A step takes as many places as it wants cores; one that wants more than there are runs alone."""
        taken = sum(places_of(self._steps[name]) for name in self._running)
        return not taken or taken + places_of(step) <= self._jobs

    def _look(self, step: Step) -> Found | None:
        if self._cache is None:
            return None
        if step.name in self._found:
            return self._found[step.name]
        given = {take.name: digest for take in step.takes if (digest := self._given[take.step].get(take.name))}
        found = self._cache.look(step, given)
        why = "its kept values are damaged" if step.name in self._spoilt else self._choice.forced.get(step.name, "")
        if why:
            found = msgspec.structs.replace(found, entry=None, why=why)
        self._found[step.name] = found
        return found

    def _bring_back(self, step: Step) -> list[str]:
        """Put values of kept steps where this one takes them from; those whose values are damaged."""
        spoilt = []
        for name in {take.step for take in step.takes} & self._entries.keys():
            try:
                self._restore(name)
            except (IntegrityError, NotFoundError):
                spoilt.append(name)
        return spoilt

    def _restore(self, name: str) -> None:
        assert self._cache is not None
        self._cache.bring_back(self._entries[name], self._handoff / slug(name), self._outputs[name])
        del self._entries[name]

    def _again(self, name: str) -> None:
        self._spoilt.add(name)
        del self._entries[name], self._results[name], self._found[name]
        self._waiting = {each: step for each, step in self._steps.items() if each in self._waiting or each == name}

    def _settle(self, step: Step, result: StepResult) -> None:
        self._waiting.pop(step.name, None)
        self._results[step.name] = result
        self._on_step(step, result)

    def _start(self, step: Step, found: Found | None) -> None:
        why = found.why if found is not None else ""
        self._on_step(step, StepResult(step=step.name, state=StepState.RUNNING, why=why))
        spec = self._specify(step)
        stop = Stop()
        del self._waiting[step.name]
        self._running[step.name] = stop
        threading.Thread(target=self._work, args=(step, spec, stop), name=f"nbmlops-{step.name}", daemon=True).start()

    def _work(self, step: Step, spec: StepSpec, stop: Stop) -> None:
        try:
            result = self._try(step, spec, stop)
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits for it
            self._events.put(error)
        else:
            self._events.put(result)

    def _try(self, step: Step, spec: StepSpec, stop: Stop) -> StepResult:
        wait = step.backoff
        for number in range(1, step.retries + 2):
            result = self._engine.run(spec, self._events.put, stop)
            result = msgspec.structs.replace(result, tries=number)
            if result.state is not StepState.FAILED or number > step.retries:
                break
            self._events.put(StepProgress(step=step.name, cell=0, total=0, preview=f"try {number}: {result.error}"))
            if stop.wait(min(wait, LONGEST_WAIT)):
                break
            wait *= 2
        return result

    def _hear(self) -> None:
        event = self._next()
        if isinstance(event, BaseException):
            raise event
        if isinstance(event, StepProgress):
            self._on_cell(event)
            return
        self._ended(event)

    def _next(self) -> StepProgress | StepResult | BaseException:
        """Wait for an event. Now and then the wait ends, so that a signal which another thread has got is seen here."""
        while True:
            with contextlib.suppress(Empty):
                return self._events.get(timeout=LOOK_SECONDS)

    def _ended(self, result: StepResult) -> None:
        step = self._steps[result.step]
        del self._running[step.name]
        found = self._found.get(step.name)
        if found is not None:
            result = msgspec.structs.replace(result, why=found.why)
        if result.state is StepState.DONE:
            try:
                self._given[step.name] = self._values_of(step)
            except NbmlopsError as error:
                result = msgspec.structs.replace(result, state=StepState.FAILED, error=error.message.rstrip("."))
        self._settle(step, result)
        if found is not None and result.state is StepState.DONE:
            self._on_done(step, result, found)

    def _values_of(self, step: Step) -> dict[str, str]:
        path = self._handoff / slug(step.name) / MANIFEST
        return digests_given(decode(path.read_bytes(), Manifest, place=str(path))) if path.is_file() else {}

    def _end_running(self) -> None:
        """Ask all to end, and wait until they have saved what they had."""
        for stop in self._running.values():
            stop.ask()
        while self._running:
            event = self._next()
            if isinstance(event, StepResult):
                state = event.state if event.state is StepState.DONE else StepState.KILLED
                del self._running[event.step]
                self._results[event.step] = msgspec.structs.replace(event, state=state)
            elif isinstance(event, BaseException):
                break
        for name in self._waiting:
            self._results[name] = StepResult(step=name, state=StepState.SKIPPED, why="stopped before it began")


def _kept(step: Step, found: Found) -> StepResult:
    assert found.entry is not None
    return StepResult(
        step=step.name,
        state=StepState.DONE,
        seconds=found.entry.seconds,
        run=found.entry.run or None,
        is_kept=True,
        entry=found.entry.id,
        why=found.why,
    )
