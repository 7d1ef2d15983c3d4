"""What is remembered, also when the file is broken, newer, or too long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.errors import ExternalError, StateError, UsageError
from nbmlops.model.reconciler import Attempt, GuardSpec, Memory, Phase, Proposal, ProposalState, Reason, State
from nbmlops.reconcile.backoff import longest
from nbmlops.reconcile.memory import (
    MOST_FINISHED,
    MOST_HAPPENINGS,
    MemoryStore,
    changed,
    finished,
    on_time,
    proposed,
    told,
    trimmed,
)
from tests.unit.reconcile.simulated import trainer

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def attempt(number: int, state: State = State.SUCCEEDED, *, days: float = 0.0) -> Attempt:
    began = NOW - timedelta(days=days)
    return Attempt(key="k", number=number, began=began, ended=None if state == State.RUNNING else began, state=state)


def proposal(key: str) -> Proposal:
    return Proposal(key=key, value="2", before="1", branch="b", commit="c", opened=NOW)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    reason = Reason(need="any", holds=None, why="", parts=(Reason(need="drift", holds=True, why="psi"),))
    memory = Memory(name="a", attempts=(attempt(1),), proposals=(proposal("k"),), reason=reason, rejected={"2": "no"})
    store.save(memory)
    assert store.load("a") == store.peek("a") == memory
    assert store.names() == ("a",)
    store.forget("a")
    store.forget("a")
    assert store.load("a") == Memory(name="a")
    assert store.names() == ()


def test_there_is_nothing_in_a_folder_that_there_is_not(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path / "none")
    assert store.names() == ()
    assert store.peek("a") == store.load("a") == Memory(name="a")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"null", b"[1]", b"\xff\xfe", b'{"name": 1}', b'{"name": "other"}', b"[" * 100_000,
     b'{"name": "a", "looked": "2026-01-01T00:00:00"}', b'{"name": "a", "attempts": [{}]}'],
)  # fmt: skip
def test_what_cannot_be_read_is_set_aside_and_told_of(tmp_path: Path, data: bytes) -> None:
    store = MemoryStore(tmp_path)
    (tmp_path / "a.json").write_bytes(data)
    assert store.peek("a").attempts == ()
    found = store.load("a", NOW)
    assert [(each.kind, each.message) for each in found.timeline] == [
        ("broken", "What was remembered could not be read: it is in a.json.broken-20260302T120000.")
    ]
    assert (tmp_path / "a.json.broken-20260302T120000").read_bytes() == data
    assert store.load("a") == found
    assert store.names() == ("a",)


def test_what_a_newer_one_wrote_is_left_alone(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path)
    (tmp_path / "a.json").write_bytes(b'{"layout": 99, "name": "a", "new": {}}')
    for read in (store.peek, store.load):
        with pytest.raises(StateError, match="was written by a newer nbmlops") as caught:
            read("a")
        assert caught.value.hint == "Upgrade nbmlops."
    assert (tmp_path / "a.json").exists()


@pytest.mark.parametrize("name", ["../a", "", "A", "a/b", "a" * 53, "a\n", ".."])
def test_names_do_not_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a reconciler"):
        MemoryStore(tmp_path).save(Memory(name=name))


def test_a_folder_that_cannot_be_written_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExternalError, match="A file stands where a folder is needed"):
        MemoryStore(tmp_path / "file").save(Memory(name="a"))


def test_the_timeline_and_finished_keys_have_an_end() -> None:
    memory = Memory(name="a")
    for number in range(300):
        memory = told(finished(memory, str(number)), NOW, "judged", str(number))
    assert (len(memory.timeline), memory.timeline[-1].message) == (MOST_HAPPENINGS, "299")
    assert (len(memory.finished), memory.finished[-1]) == (MOST_FINISHED, "299")
    assert finished(memory, "298").finished[-2:] == ("299", "298")


def test_an_attempt_is_changed_where_it_stands() -> None:
    memory = changed(changed(Memory(name="a"), attempt(1)), attempt(2))
    later = msgspec.structs.replace(attempt(1), phase=Phase.JUDGED)
    assert changed(memory, later).attempts == (later, attempt(2))


def test_at_most_one_proposal_is_open() -> None:
    memory = proposed(proposed(Memory(name="a"), proposal("a")), proposal("b"))
    assert [each.state for each in memory.proposals] == [ProposalState.GONE, ProposalState.OPEN]


def test_history_has_limits_and_guards_keep_what_they_count() -> None:
    states = [State.SUCCEEDED, State.FAILED, State.REJECTED]
    attempts = tuple(attempt(number, states[number % 3], days=40 - number) for number in range(40))
    memory = Memory(name="a", attempts=(*attempts, attempt(99, State.RUNNING)))
    spec = trainer(kept_successful=2, kept_failed=1)
    assert [each.number for each in trimmed(memory, spec, NOW).attempts] == [36, 37, 38, 39, 99]
    for guard, least in ((GuardSpec(cpu_hours=1), 11), (GuardSpec(most_runs_a_day=1), 36)):
        found = trimmed(memory, trainer(kept_successful=0, kept_failed=0, guard=guard), NOW).attempts
        assert found[-1].number == 99
        assert min(each.number for each in found) >= least
    assert trimmed(trimmed(memory, spec, NOW), spec, NOW) == trimmed(memory, spec, NOW)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(list(State)), max_size=30), st.integers(0, 5), st.integers(0, 5))
def test_trimming_keeps_what_runs_and_the_newest_and_the_order(
    states: list[State], successful: int, failed: int
) -> None:
    attempts = tuple(attempt(number, state) for number, state in enumerate(states))
    spec = trainer(kept_successful=successful, kept_failed=failed)
    found = trimmed(Memory(name="a", attempts=attempts), spec, NOW).attempts
    assert [each.number for each in found] == sorted(each.number for each in found)
    assert all(each in found for each in attempts if each.state == State.RUNNING)
    assert attempts[-1:] == found[-1:]


def test_a_clock_that_went_back_leaves_nothing_in_the_future() -> None:
    ahead = NOW + timedelta(days=400)
    spec = trainer()
    late = Attempt(key="k", number=1, began=ahead, ended=ahead, state=State.FAILED)
    memory = Memory(name="a", attempts=(late,), looked=ahead, failed=ahead, next_attempt=ahead)
    found = on_time(memory, spec, NOW)
    assert (found.attempts[0].began, found.attempts[0].ended, found.looked, found.failed) == (NOW, NOW, NOW, NOW)
    assert found.next_attempt == NOW + timedelta(seconds=longest(spec))
    assert on_time(found, spec, NOW) is found
