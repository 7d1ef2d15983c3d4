"""Which step runs when: ready ones at once, as many as asked for; kept results instead where there are any.

A step whose condition is false is left out; one with `foreach` becomes an instance for each item; exit steps come last.

All decisions are made in the caller's thread; each running step has a thread of its own that only waits for its engine.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import msgspec

from nbmlops.errors import IntegrityError, NbmlopsError, NotFoundError
from nbmlops.lib.stop import Stop
from nbmlops.model.documents import decode
from nbmlops.model.pipeline import Step, StepResult, StepState
from nbmlops.model.step_cache import StepEntry
from nbmlops.pipeline.attempts import attempt
from nbmlops.pipeline.conditions import OUTCOME, items, rests_on, why_not
from nbmlops.pipeline.fan_out import base_of, instance
from nbmlops.pipeline.handed import plain_value
from nbmlops.pipeline.handoff import MANIFEST, Manifest, folder_name, gather, manifest_of
from nbmlops.pipeline.needs import places_of
from nbmlops.pipeline.order import needs_of
from nbmlops.pipeline.step_cache import Found, digests_given, digests_of_lists, kept_result
from nbmlops.ports import Engine, StepProgress, StepSpec

LOOK_SECONDS = 0.25
LONGEST_END = 60.0
"""Seconds that an exit step may take after Ctrl-C."""
OUTCOME_VARIABLES = {"status": "NBMLOPS_STATUS", "failed_step": "NBMLOPS_FAILED_STEP", "error": "NBMLOPS_ERROR"}
"""By which an exit step learns how the run went."""


class Cache(Protocol):
    def look(self, step: Step, given: Mapping[str, str], more: Mapping[str, Any] | None = None) -> Found: ...

    def handed(self, entry: StepEntry, name: str) -> Any: ...

    def values_of(self, entry: StepEntry) -> dict[str, str]: ...

    def bring_back(self, entry: StepEntry, handoff: Path, notebook: Path) -> None: ...


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which steps are executed although nothing has changed, and which are not asked for."""

    forced: Mapping[str, str] = {}
    """Step -> why."""
    left_out: frozenset[str] = frozenset()
    """Not executed; where a kept result is there, it serves those that are."""


AS_NEEDED = Choice()


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """What one step or instance gets beside what all get."""

    parameters: dict[str, Any] = {}
    environment: dict[str, str] = {}


class _DamagedError(Exception):
    """A kept value that a condition names cannot be read."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


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
        specify: Callable[[Step, Own], StepSpec],
        handoff: Path,
        output: Callable[[Step], Path],
        values: Mapping[str, Any] | None = None,
        cache: Cache | None = None,
        choice: Choice = AS_NEEDED,
        jobs: int = 1,
        on_step: Callable[[Step, StepResult], None] = lambda step, result: None,
        on_cell: Callable[[StepProgress], None] = lambda progress: None,
        on_done: Callable[[Step, StepResult, Found], None] = lambda step, result, found: None,
    ) -> None:
        """`steps` in an order in which each comes after what it needs; `values`: the parameters of the pipeline.

        `specify` is called right before a step starts, `output` says where its executed notebook belongs. `on_done` is
        told of each step that was executed to its end.
        """
        self._engine = engine
        self._specify = specify
        self._handoff = handoff
        self._output = output
        self._values = dict(values or {})
        self._cache = cache
        self._choice = choice
        self._jobs = jobs
        self._on_step = on_step
        self._on_cell = on_cell
        self._on_done = on_done
        self._pipeline = {step.name: step for step in steps}
        self._steps = dict(self._pipeline)
        """With the instances of those that run for each item."""
        self._waiting = {step.name: step for step in steps if not step.exit}
        self._fans: dict[str, tuple[str, ...]] = {}
        """By step that runs for each item, its instances."""
        self._own: dict[str, Own] = {}
        self._passed: set[str] = set()
        """Steps that a condition has left out, and those that rest on them."""
        self._outcome: dict[str, str] = {}
        """How the run went, once only exit steps are left."""
        self._running: dict[str, Stop] = {}
        self._results: dict[str, StepResult] = {}
        self._entries: dict[str, StepEntry] = {}
        """Of steps whose kept results stand for them, and have not been brought back yet."""
        self._given: dict[str, dict[str, str]] = {}
        self._found: dict[str, Found] = {}
        self._is_stopped = False
        self._spoilt: set[str] = set()
        """Steps whose kept values turned out to be damaged."""
        self._events: SimpleQueue[StepProgress | StepResult | BaseException] = SimpleQueue()

    def run(self) -> tuple[StepResult, ...]:
        """Results in the order in which steps ended. Raises Interrupted on Ctrl-C, after running steps have ended."""
        try:
            self._go()
            self._open_end()
            self._go()
        except KeyboardInterrupt:
            self._end_running()
            if not self._outcome:
                self._end_stopped()
            raise Interrupted(self._told()) from None
        except BaseException:
            self._end_running()
            raise
        return self._told()

    def _go(self) -> None:
        while self._waiting or self._running:
            self._advance()
            if self._running:
                self._hear()

    def _told(self) -> tuple[StepResult, ...]:
        """The instances of a step tell for themselves."""
        return tuple(result for name, result in self._results.items() if not self._fans.get(name))

    def _advance(self) -> None:
        """Decide whatever can be decided; start what is ready, in the order of the steps."""
        moved = True
        while moved:
            moved = False
            for step in list(self._waiting.values()):
                if step.name in self._waiting and self._is_ready(step) and self._decide(step):
                    moved = True

    def _is_ready(self, step: Step) -> bool:
        return step.exit or all(need in self._results for need in needs_of(step))

    def _decide(self, step: Step) -> bool:
        """Whether the step has got a result, instances or a start; not so when it has to wait."""
        is_wanted = base_of(step.name) not in self._choice.left_out
        broken = self._broken(step)
        if broken and is_wanted:
            self._skip(step, broken)
            return True
        if not broken and (step.when or step.foreach):
            try:
                if self._has_branched(step):
                    return True
            except _DamagedError as damaged:
                self._again(damaged.step)
                return True
        found = self._look(step) if not broken and not step.exit else None
        if found is not None and found.entry is not None:
            self._entries[step.name] = found.entry
            self._given[step.name] = self._cache.values_of(found.entry) if self._cache else {}
            self._settle(step, kept_result(step.name, found.entry, found.why))
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

    def _broken(self, step: Step) -> list[str]:
        """Needs that stand in the way: what failed first, then what a condition has left out.

        A step that only comes after one that was left out runs; so does an exit step that takes nothing.
        """
        absent = [need for need in needs_of(step) if self._state(need) is not StepState.DONE]
        if step.exit:
            return [need for need in absent if self._rests_on(step, need)]
        hard = [need for need in absent if need not in self._passed]
        return hard or [need for need in absent if self._rests_on(step, need)]

    def _state(self, name: str) -> StepState:
        return self._results[name].state if name in self._results else StepState.WAITING

    def _rests_on(self, step: Step, need: str) -> bool:
        return rests_on(self._pipeline, self._pipeline[base_of(step.name)], need, self._values)

    def _skip(self, step: Step, broken: list[str]) -> None:
        is_left_out = broken[0] in self._passed
        if is_left_out:
            self._passed.add(step.name)
        why = f"{broken[0]} {'was left out' if is_left_out else 'did not run'}"
        self._settle(step, StepResult(step=step.name, state=StepState.SKIPPED, why=why))

    def _has_branched(self, step: Step) -> bool:
        """Whether the step's condition leaves it out, or instances take its place."""
        values = {**self._values, **self._outcome}
        try:
            if why := why_not(self._pipeline, step, values, self._handed):
                self._passed.add(step.name)
                self._settle(step, StepResult(step=step.name, state=StepState.SKIPPED, why=why))
                return True
            if step.foreach:
                self._fan_out(step, *items(self._pipeline, step, values, self._handed))
                return True
        except (ValueError, NbmlopsError) as error:
            why = error.message.rstrip(".") if isinstance(error, NbmlopsError) else str(error)
            self._settle(step, StepResult(step=step.name, state=StepState.FAILED, error=why))
            return True
        return False

    def _handed(self, giver: str, name: str) -> Any:
        """A value that a step gave, wherever it lies now."""
        if giver in self._fans:
            return [self._handed(each, name) for each in self._fans[giver]]
        if giver in self._entries and self._cache is not None:
            try:
                return self._cache.handed(self._entries[giver], name)
            except IntegrityError as error:
                raise _DamagedError(giver) from error
        place = self._handoff / folder_name(giver)
        manifest = manifest_of(place) or Manifest(step=giver)
        return plain_value(manifest, name, lambda held: (place / held.file).read_bytes())

    def _fan_out(self, step: Step, item: str, values: list[Any]) -> None:
        instances = {(each := instance(step, number, item)).name: each for number in range(len(values))}
        self._steps |= instances
        self._own |= {name: Own(parameters={item: value}) for name, value in zip(instances, values, strict=True)}
        self._fans[step.name] = tuple(instances)
        waiting: dict[str, Step] = {}
        for name, each in self._waiting.items():
            waiting |= instances if name == step.name else {name: each}
        self._waiting = waiting
        if not instances:
            self._given[step.name] = digests_of_lists(step, ())
            gather(self._handoff / folder_name(step.name), step.name, ())
            self._settle(step, StepResult(step=step.name, state=StepState.DONE, why=f"foreach {item}: no items"))

    def _join(self, base: str) -> None:
        """Once all instances of a step have a result, the step has one: what comes after it may be decided."""
        parts = self._fans[base]
        if not parts or not all(part in self._results for part in parts):
            return
        states = [self._results[part].state for part in parts]
        state = next((each for each in states if each is not StepState.DONE), StepState.DONE)
        if state is StepState.DONE:
            self._given[base] = digests_of_lists(self._pipeline[base], [self._given[part] for part in parts])
            gather(self._handoff / folder_name(base), base, parts)
        self._results[base] = StepResult(step=base, state=state)

    def _open_end(self) -> None:
        """All others have a result: exit steps are next."""
        self._waiting = {name: step for name, step in self._pipeline.items() if step.exit}
        self._outcome = outcome(self._told(), is_stopped=self._is_stopped)
        for step in self._waiting.values():
            wanted = {name: self._outcome[name] for name in OUTCOME if name in step.parameters}
            self._own[step.name] = Own(parameters=wanted, environment=outcome_variables(self._outcome))

    def _end_stopped(self) -> None:
        """After Ctrl-C exit steps still run, for a while; the next Ctrl-C ends them as well."""
        self._is_stopped = True
        self._open_end()
        try:
            self._go()
        except KeyboardInterrupt:
            self._end_running()

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
        own = self._own.get(step.name)
        found = self._cache.look(step, given, own.parameters if own is not None else None)
        forced = self._choice.forced.get(base_of(step.name), "")
        why = "its kept values are damaged" if step.name in self._spoilt else forced
        if why:
            found = msgspec.structs.replace(found, entry=None, why=why)
        self._found[step.name] = found
        return found

    def _bring_back(self, step: Step) -> list[str]:
        """Put values of kept steps where this one takes them from; those whose values are damaged."""
        spoilt = []
        wanted = {part for take in step.takes for part in self._fans.get(take.step, (take.step,))}
        for name in sorted(wanted & self._entries.keys()):
            try:
                self._restore(name)
            except (IntegrityError, NotFoundError):
                spoilt.append(name)
        return spoilt

    def _restore(self, name: str) -> None:
        assert self._cache is not None
        self._cache.bring_back(self._entries[name], self._handoff / folder_name(name), self._output(self._steps[name]))
        del self._entries[name]

    def _again(self, name: str) -> None:
        self._spoilt.add(name)
        del self._entries[name], self._results[name], self._found[name]
        if base_of(name) in self._fans:
            del self._results[base_of(name)]
        self._waiting = {each: step for each, step in self._steps.items() if each in self._waiting or each == name}

    def _settle(self, step: Step, result: StepResult) -> None:
        self._waiting.pop(step.name, None)
        self._results[step.name] = result
        self._on_step(step, result)
        if base_of(step.name) != step.name:
            self._join(base_of(step.name))

    def _start(self, step: Step, found: Found | None) -> None:
        why = found.why if found is not None else "it ends the run" if step.exit else ""
        self._on_step(step, StepResult(step=step.name, state=StepState.RUNNING, why=why))
        spec = self._specify(step, self._own.get(step.name, Own()))
        if self._is_stopped:
            spec = msgspec.structs.replace(spec, timeout=min(spec.timeout or LONGEST_END, LONGEST_END))
        stop = Stop()
        del self._waiting[step.name]
        self._running[step.name] = stop
        threading.Thread(target=self._work, args=(step, spec, stop), name=f"nbmlops-{step.name}", daemon=True).start()

    def _work(self, step: Step, spec: StepSpec, stop: Stop) -> None:
        try:
            result = attempt(self._engine, step, spec, self._events.put, stop)
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits for it
            self._events.put(error)
        else:
            self._events.put(result)

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
        elif step.exit:
            result = msgspec.structs.replace(result, why="it ends the run")
        if result.state is StepState.DONE:
            try:
                self._given[step.name] = self._values_of(step)
            except NbmlopsError as error:
                result = msgspec.structs.replace(result, state=StepState.FAILED, error=error.message.rstrip("."))
        self._settle(step, result)
        if found is not None and result.state is StepState.DONE:
            self._on_done(step, result, found)

    def _values_of(self, step: Step) -> dict[str, str]:
        path = self._handoff / folder_name(step.name) / MANIFEST
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


def outcome(results: Iterable[StepResult], *, is_stopped: bool = False) -> dict[str, str]:
    """How a run went so far: `status`, and the step that failed first with its error."""
    broken = (each for each in results if each.state in (StepState.FAILED, StepState.KILLED))
    first = next(broken, StepResult(step="", state=StepState.DONE))
    state = StepState.KILLED if is_stopped else first.state
    return {"status": str(state), "failed_step": first.step, "error": first.error}


def outcome_variables(outcome: Mapping[str, str]) -> dict[str, str]:
    return {variable: outcome[name] for name, variable in OUTCOME_VARIABLES.items()}
