"""Ticks: what is recorded, told and kept when things go well, fail, or are stopped."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from nbmlops.errors import InterruptedRunError, StateError
from nbmlops.model.reconciler import Action, Attempt, Outcome, Phase, ProposalState, PublishSpec, Reconciler, State
from nbmlops.reconcile.conditions import reason_of
from nbmlops.reconcile.lease import Lease
from nbmlops.reconcile.memory import MemoryStore
from nbmlops.reconcile.noticed import again
from nbmlops.reconcile.tick import Ticked, tick
from nbmlops.reconcile.ticks import Rounds, worst
from nbmlops.reconcile.world import Told, Trained
from tests.unit.reconcile.simulated import PLACE, SimulatedWorld, deployer, trainer

NAME = "labels-train"


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = SimulatedWorld()
        self.store = MemoryStore(folder)
        self.said: list[str] = []

    def tick(self, spec: Reconciler, *, is_dry: bool = False) -> Ticked:
        return tick(spec, self.world, self.store, self.lease(spec.name), self.said.append, is_dry=is_dry)

    def lease(self, name: str) -> Lease:
        return Lease(self.folder, name)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = Bench(tmp_path / "reconcile")
    found.world.state.data = "data-1"
    return found


def test_a_story_from_need_to_champion(bench: Bench) -> None:
    spec = trainer()
    outcome, decision, memory = bench.tick(spec)
    assert (outcome, decision.action, reason_of(memory.conditions)) == (Outcome.ACTED, Action.TRAIN, "ProposalOpen")
    assert bench.tick(spec)[0] == Outcome.IN_SYNC
    bench.world.merge()
    outcome, decision, memory = bench.tick(spec)
    assert (outcome, decision.action, reason_of(memory.conditions)) == (Outcome.ACTED, Action.ADOPT, "InSync")
    assert [each.kind for each in memory.timeline] == [
        "began", "trained", "judged", "proposed", "promoted", "in-sync",
    ]  # fmt: skip
    assert bench.said == [
        "labels-train: attempt 1: dataChanged data-1 is not what 1 was trained on",
        "labels-train: 2 is made",
        "labels-train: 2 was let through: accuracy is 0.9",
        "labels-train: 2 is proposed on auto-update/labels-train",
        "labels-train: 2 is the champion",
    ]
    (attempt,) = memory.attempts
    assert (attempt.state, attempt.phase, attempt.version) == (State.SUCCEEDED, Phase.PUBLISHED, "2")
    assert (attempt.cpu_seconds, attempt.table, attempt.verdict) == (60, "| a |", "accuracy is 0.9")
    assert bench.store.peek(NAME) == memory


def test_what_is_agreed_beforehand_is_adopted_in_the_same_tick(bench: Bench) -> None:
    outcome, _, memory = bench.tick(trainer(publish=PublishSpec(place=PLACE, approve="auto")))
    assert (outcome, memory.applied, bench.world.state.champion) == (Outcome.ACTED, "2", "2")
    assert bench.world.state.git == ["2", "1"]


def test_what_git_says_already_is_not_proposed(bench: Bench) -> None:
    bench.world.commit("2")
    _, _, memory = bench.tick(trainer())
    assert (memory.applied, memory.proposals, bench.world.state.champion) == ("2", (), "2")


def test_a_gate_that_says_no_ends_it(bench: Bench) -> None:
    bench.world.state.passes = False
    outcome, _, memory = bench.tick(trainer())
    assert (outcome, reason_of(memory.conditions)) == (Outcome.STALLED, "GateRejected")
    assert memory.conditions[0].message.endswith("2 was not let through: accuracy is 0.5")
    assert memory.attempts[0].state == State.REJECTED
    assert bench.tick(trainer())[0] == Outcome.STALLED
    assert [deed for deed, _ in bench.world.state.deeds] == ["train"]


def test_a_version_that_was_rejected_by_hand_is_not_proposed(bench: Bench) -> None:
    memory = bench.store.load(NAME)
    bench.store.save(msgspec.structs.replace(memory, rejected={"2": "too slow"}))
    outcome, _, memory = bench.tick(trainer())
    assert (outcome, memory.attempts[0].state, memory.proposals) == (Outcome.STALLED, State.REJECTED, ())


def test_a_version_that_was_rejected_is_not_even_judged(bench: Bench) -> None:
    memory = bench.store.load(NAME)
    bench.store.save(msgspec.structs.replace(memory, rejected={"2": "too slow"}))
    bench.tick(trainer())
    assert bench.world.state.judged == {}


def test_a_version_that_is_rejected_while_it_is_judged_is_not_proposed(bench: Bench) -> None:
    begun = Attempt(
        key="k", number=1, began=bench.world.now(), phase=Phase.JUDGED, version="2", verdict="accuracy is 0.9"
    )
    memory = bench.store.load(NAME)
    bench.store.save(msgspec.structs.replace(memory, attempts=(begun,), rejected={"2": "too slow"}))
    _, decision, memory = bench.tick(trainer())
    assert decision.action == Action.RESUME
    assert (memory.attempts[0].state, memory.attempts[0].verdict) == (State.REJECTED, "too slow")
    assert bench.world.state.deeds == []


def test_what_was_rejected_stays_so_when_the_need_comes_back(bench: Bench) -> None:
    spec = trainer()
    bench.tick(spec)
    bench.world.close()
    bench.tick(spec)
    bench.world.state.data = "data-0"
    assert reason_of(bench.tick(spec)[2].conditions) == "InSync"
    bench.world.state.data = "data-1"
    assert reason_of(bench.tick(spec)[2].conditions) == "ProposalRejected"


def test_what_somebody_did_meanwhile_is_seen_before_anything_is_done(bench: Bench) -> None:
    spec = trainer()
    first: list[str] = []

    def meanwhile(name: str) -> None:
        if name == "look-begin" and not first:
            first.append(name)
            bench.tick(spec)

    bench.world.point = meanwhile
    outcome, decision, memory = bench.tick(spec)
    assert (outcome, decision.action, reason_of(decision.conditions)) == (Outcome.IN_SYNC, Action.NONE, "ProposalOpen")
    assert (len(memory.attempts), len(bench.world.state.deeds)) == (1, 2)


def test_dry_run_writes_nothing(bench: Bench) -> None:
    outcome, decision, memory = bench.tick(trainer(), is_dry=True)
    assert (outcome, decision.action) == (Outcome.IN_SYNC, Action.TRAIN)
    assert reason_of(memory.conditions) == "Training"
    assert not bench.folder.exists()
    assert bench.world.state.deeds == []


def test_a_bug_in_a_deed_is_recorded_as_a_failure(bench: Bench) -> None:
    bench.world.state.broken = {"judge"}
    outcome, _, memory = bench.tick(trainer())
    assert outcome == Outcome.ACTED
    assert memory.error == "internal: ZeroDivisionError: division by zero"
    assert bench.said[-1] == "labels-train: internal: ZeroDivisionError: division by zero"
    assert reason_of(memory.conditions) == "BackOff"


def test_a_look_that_fails_is_unknown_and_no_failure(bench: Bench) -> None:
    bench.world.state.broken = {"look"}
    outcome, decision, memory = bench.tick(trainer())
    assert (outcome, reason_of(decision.conditions), memory.failures) == (Outcome.STALLED, "Unknown", 0)
    assert decision.why == "nothing says which version is wanted: The registry does not answer."


class Stops(SimulatedWorld):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def train(self, spec: Reconciler, attempt: Attempt, told: Told) -> Trained:
        raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), InterruptedRunError("Stopped.", kind="run-interrupted")])
def test_what_somebody_interrupts_goes_on_later(bench: Bench, error: BaseException) -> None:
    spec = trainer(publish=None)
    stopping = Stops(error)
    stopping.state.data = "data-1"
    with pytest.raises(type(error)):
        tick(spec, stopping, bench.store, bench.lease(NAME))
    (attempt,) = bench.store.peek(NAME).attempts
    assert (attempt.state, attempt.phase) == (State.RUNNING, Phase.BEGUN)
    assert bench.lease(NAME).holder() is None
    _, decision, memory = bench.tick(spec)
    assert decision.action == Action.RESUME
    assert [(each.number, each.state, each.resumed) for each in memory.attempts] == [(1, State.SUCCEEDED, 1)]


def test_what_is_interrupted_again_and_again_is_not_counted_as_killed(bench: Bench) -> None:
    stopping = Stops(KeyboardInterrupt())
    stopping.state.data = "data-1"
    for _ in range(9):
        with pytest.raises(KeyboardInterrupt):
            tick(trainer(), stopping, bench.store, bench.lease(NAME))
    assert bench.store.peek(NAME).attempts[0].resumed == 0


def test_whoever_lost_the_lease_does_and_writes_nothing_more(bench: Bench) -> None:
    spec = trainer()

    def taken_over(name: str) -> None:
        if name == "train-end":
            (bench.folder / f"{NAME}.lease").unlink()

    bench.world.point = taken_over
    outcome, decision, _ = bench.tick(spec)
    assert (outcome, decision.action, decision.why) == (Outcome.IN_SYNC, Action.NONE, "somebody else is at it")
    assert [deed for deed, _ in bench.world.state.deeds] == ["train"]
    assert bench.store.peek(NAME).attempts[0].phase == Phase.BEGUN
    bench.world.point = lambda name: None
    _, _, memory = bench.tick(spec)
    assert [deed for deed, _ in bench.world.state.deeds] == ["train", "propose"]
    assert len(memory.attempts) == 1


def test_what_is_in_sync_is_not_written_each_time(bench: Bench) -> None:
    spec = trainer(publish=None)
    bench.world.state.data = "data-0"
    bench.tick(spec)
    file = bench.folder / f"{NAME}.json"
    written = file.stat().st_mtime_ns, file.stat().st_ino
    bench.world.state.clock += 10
    bench.tick(spec)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == written
    bench.world.state.clock += spec.interval
    bench.tick(spec)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) != written


def test_another_document_is_another_chance(bench: Bench) -> None:
    bench.world.state.broken = {"train"}
    spec = trainer(most_attempts=1)
    outcome, _, memory = bench.tick(spec)
    assert (outcome, reason_of(memory.conditions)) == (Outcome.STALLED, "AttemptsUsedUp")
    bench.world.state.broken = set()
    assert bench.tick(spec)[1].action == Action.NONE
    outcome, _, memory = bench.tick(msgspec.structs.replace(spec, digest="d2"))
    assert (outcome, memory.failures, memory.observed) == (Outcome.ACTED, 0, "d2")


@pytest.mark.parametrize("word", ["GateRejected", "ProposalGone", "ProposalRejected", "AttemptsUsedUp"])
def test_what_is_stalled_is_tried_once_more_for_somebody_who_asks(bench: Bench, word: str) -> None:
    spec, state = trainer(most_attempts=1), bench.world.state
    state.passes = word != "GateRejected"
    state.broken = {"train"} if word == "AttemptsUsedUp" else set()
    bench.tick(spec)
    if word.startswith("Proposal"):
        bench.world.close(ProposalState(word.removeprefix("Proposal").lower()))
        bench.tick(spec)
    _, _, memory = bench.tick(spec)
    assert reason_of(memory.conditions) == word
    state.passes, state.broken, state.judged, state.proposals = True, set(), {}, []
    assert bench.tick(spec)[1].action == Action.NONE
    bench.store.save(again(memory))
    _, decision, memory = bench.tick(spec)
    assert decision.action == Action.TRAIN
    assert reason_of(memory.conditions) == "ProposalOpen"
    assert [each.number for each in memory.attempts][-1] == 2


def test_a_deployment_is_what_git_says_and_heals(bench: Bench) -> None:
    spec, state = deployer(), bench.world.state
    for value, actual in (("2", "1"), ("2", ""), ("1", "2"), ("2", "1")):
        bench.world.commit(value)
        state.actual = actual
        outcome, decision, memory = bench.tick(spec)
        assert (outcome, decision.action, state.actual) == (Outcome.ACTED, Action.DEPLOY, value)
        assert (reason_of(memory.conditions), memory.applied) == ("InSync", value)
    assert len(bench.store.peek(spec.name).attempts) == 4


def test_a_deployment_that_does_not_come_up_is_stalled(bench: Bench) -> None:
    bench.world.commit("2")
    bench.world.state.broken = {"deploy-lies"}
    outcome, _, memory = bench.tick(deployer())
    assert (outcome, reason_of(memory.conditions)) == (Outcome.STALLED, "PostconditionNotMet")


def test_a_deployment_that_is_wanted_no_more_is_left(bench: Bench) -> None:
    spec, stopping = deployer(), bench.world
    stopping.commit("2")
    memory = bench.store.load(spec.name)
    left = Attempt(key="k", number=1, began=stopping.now(), version="2")
    bench.store.save(msgspec.structs.replace(memory, attempts=(left,)))
    stopping.commit("3")
    _, decision, memory = bench.tick(spec)
    assert (decision.action, stopping.state.actual) == (Action.DEPLOY, "3")
    assert [(each.version, each.state, each.error) for each in memory.attempts] == [
        ("2", State.FAILED, "3 is wanted meanwhile"),
        ("3", State.SUCCEEDED, ""),
    ]


def test_rounds_go_in_order_and_one_s_trouble_is_no_other_s(bench: Bench) -> None:
    bench.folder.mkdir()
    (bench.folder / "new.json").write_text('{"layout": 99, "name": "new"}')
    specs = [deployer(depends_on=(NAME,)), trainer(), trainer(name="new")]
    rounds = Rounds(bench.world, bench.store, bench.lease, bench.said.append)
    found = rounds.all(specs)
    assert [(each.spec.name, each.outcome) for each in found] == [
        (NAME, Outcome.ACTED),
        ("labels-deploy", Outcome.IN_SYNC),
        ("new", Outcome.STALLED),
    ]
    assert isinstance(found[2].error, StateError)
    assert worst(found) == Outcome.STALLED
    assert worst(found[:2]) == Outcome.ACTED
    assert worst(()) == Outcome.IN_SYNC
    assert rounds.due(specs) == ()
    due = rounds.next_due(specs)
    assert due is not None
    bench.world.state.clock += (due - bench.world.now()).total_seconds()
    assert len(rounds.due(specs)) >= 1
    bench.world.state.clock -= 100_000
    assert len(rounds.due(specs)) == 3
    changed = [msgspec.structs.replace(each, digest="other") for each in specs]
    assert len(rounds.due(changed)) == 3
