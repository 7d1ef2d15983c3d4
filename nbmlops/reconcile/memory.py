"""What reconcilers remember: one JSON document each, `.nbmlops/reconcile/NAME.json`.

A crash leaves the old document or the new one. One that cannot be read is set aside and told of; what matters of it is
in git and in MLflow, too, and deeds find what they did.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from nbmlops.errors import StateError, UsageError
from nbmlops.lib.failpoints import failpoint
from nbmlops.lib.files import atomic_writer, refusing_disk_errors
from nbmlops.model.reconciler import LAYOUT, Attempt, Happening, Memory, Proposal, ProposalState, Reconciler, State
from nbmlops.reconcile.backoff import longest
from nbmlops.reconcile.words import is_name

MOST_HAPPENINGS = 200
MOST_FINISHED = 200
_MOST_PROPOSALS = 50
_MOST_COUNTED = 2000
"""Attempts that are kept for a guard."""
_MOST_BYTES = 16 << 20
_SUFFIX = ".json"


class _Layout(msgspec.Struct, frozen=True):
    layout: int = LAYOUT


_decoder = msgspec.json.Decoder(Memory)


class MemoryStore:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        if not is_name(name):
            raise UsageError(
                f"{name[:80]!r} is no name of a reconciler.",
                kind="reconciler-malformed",
                hint="Letters a-z, digits and hyphens, at most 52.",
            )
        return self.folder / f"{name}{_SUFFIX}"

    def names(self) -> tuple[str, ...]:
        """Of those that have something to remember."""
        try:
            there = os.listdir(self.folder)
        except OSError:
            return ()
        stems = (name.removesuffix(_SUFFIX) for name in there if name.endswith(_SUFFIX))
        return tuple(sorted(stem for stem in stems if is_name(stem)))

    def peek(self, name: str) -> Memory:
        """Changes nothing; one that cannot be read is as none. Raises StateError when a newer nbmlops wrote it."""
        return self._read(self.path(name)) or Memory(name=name)

    def load(self, name: str, now: datetime | None = None) -> Memory:
        """For whoever holds the lease. A document that cannot be read is set aside as `NAME.json.broken-TIME`."""
        path = self.path(name)
        found = self._read(path)
        if found is not None and found.name == name:
            return found
        if not path.exists():
            return Memory(name=name)
        time = now or datetime.now(UTC)
        aside = path.with_name(f"{path.name}.broken-{time:%Y%m%dT%H%M%S}")
        with refusing_disk_errors(path):
            os.replace(path, aside)
        lost = Happening(
            time=time, kind="broken", message=f"What was remembered could not be read: it is in {aside.name}."
        )
        memory = Memory(name=name, timeline=(lost,))
        self.save(memory)
        return memory

    def save(self, memory: Memory, *, durable: bool = True) -> None:
        """Raises ExternalError for a disk that does not take it. When it was looked need not be durable."""
        path = self.path(memory.name)
        failpoint("reconcile-save")
        with atomic_writer(path, durable=durable) as file:
            file.write(msgspec.json.encode(memory))
        failpoint("reconcile-saved")

    def forget(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.path(name).unlink()

    def _read(self, path: Path) -> Memory | None:
        try:
            with path.open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(
                f"What {path.stem} remembers cannot be read: {error.strerror or error}.",
                kind="reconciler-memory-unreadable",
                hint=f"Look at {path}.",
            ) from None
        if len(data) > _MOST_BYTES:
            return None
        try:
            layout = msgspec.json.decode(data, type=_Layout).layout
            if layout > LAYOUT:
                raise StateError(
                    f"What {path.stem} remembers was written by a newer nbmlops (layout {layout}; this one reads up to "
                    f"{LAYOUT}).",
                    kind="reconciler-memory-too-new",
                    hint="Upgrade nbmlops.",
                )
            found = _decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
            return None
        return found if _has_zones(found) else None


def told(memory: Memory, time: datetime, kind: str, message: str, key: str = "") -> Memory:
    """With another line in the timeline."""
    line = Happening(time=time, kind=kind, message=message[:2000], key=key)
    return msgspec.structs.replace(memory, timeline=(*memory.timeline, line)[-MOST_HAPPENINGS:])


def changed(memory: Memory, attempt: Attempt) -> Memory:
    """With the attempt in the place of the one with its key and number, or as the newest."""
    others = tuple(each for each in memory.attempts if (each.key, each.number) != (attempt.key, attempt.number))
    if len(others) == len(memory.attempts):
        return msgspec.structs.replace(memory, attempts=(*others, attempt))
    place = next(
        at for at, each in enumerate(memory.attempts) if (each.key, each.number) == (attempt.key, attempt.number)
    )
    return msgspec.structs.replace(memory, attempts=(*others[:place], attempt, *others[place:]))


def proposed(memory: Memory, proposal: Proposal) -> Memory:
    """With the proposal in the place of the one of its key, or as the newest. An older open one is no more."""
    found = [
        msgspec.structs.replace(each, state=ProposalState.GONE, ended=proposal.opened)
        if each.state == ProposalState.OPEN
        else each
        for each in memory.proposals
        if each.key != proposal.key
    ]
    return msgspec.structs.replace(memory, proposals=(*found, proposal)[-_MOST_PROPOSALS:])


def finished(memory: Memory, key: str) -> Memory:
    keys = (*(each for each in memory.finished if each != key), key)
    return msgspec.structs.replace(memory, finished=keys[-MOST_FINISHED:])


def trimmed(memory: Memory, spec: Reconciler, now: datetime) -> Memory:
    """Without the attempts over the limits of the document. Those that guards count stay as long as they do."""
    days = 30 if spec.guard.cpu_hours else 1 if spec.guard.most_runs_a_day else 0
    counted = now - timedelta(days=days)
    left = {State.SUCCEEDED: spec.kept_successful, State.FAILED: spec.kept_failed, State.REJECTED: spec.kept_failed}
    kept: list[Attempt] = []
    for attempt in reversed(memory.attempts):
        is_running, is_counted = attempt.state == State.RUNNING, bool(days) and attempt.began > counted
        if is_running or not kept or (is_counted and len(kept) < _MOST_COUNTED) or left[attempt.state] > 0:
            kept.append(attempt)
            if not is_running:
                left[attempt.state] -= 1
    return msgspec.structs.replace(memory, attempts=tuple(reversed(kept)))


def on_time(memory: Memory, spec: Reconciler, now: datetime) -> Memory:
    """With nothing that lies after now: the clock went back, and what waits for such a time would wait for long."""
    if not any(each > now for each in _times(memory)) and (
        memory.next_attempt is None or (memory.next_attempt - now).total_seconds() <= longest(spec)
    ):
        return memory
    attempts = tuple(
        msgspec.structs.replace(each, began=min(each.began, now), ended=_cut(each.ended, now))
        for each in memory.attempts
    )
    farthest = now + timedelta(seconds=longest(spec))
    return msgspec.structs.replace(
        memory,
        attempts=attempts,
        looked=_cut(memory.looked, now),
        failed=_cut(memory.failed, now),
        next_attempt=_cut(memory.next_attempt, farthest),
    )


T = TypeVar("T", bound=datetime | None)


def _cut(time: T, most: datetime) -> T | datetime:
    return time if time is None or time <= most else most


def _times(memory: Memory) -> Iterable[datetime]:
    yield from (each.began for each in memory.attempts)
    yield from (each.ended for each in memory.attempts if each.ended is not None)
    yield from (each for each in (memory.looked, memory.failed) if each is not None)


def _has_zones(memory: Memory) -> bool:
    """A time without a zone cannot be compared: nobody of ours wrote it."""
    others = [memory.next_attempt, *(each.since for each in memory.conditions)]
    others += [each.opened for each in memory.proposals]
    others += [each.time for each in memory.timeline]
    return all(each is None or each.tzinfo is not None for each in (*_times(memory), *others))
