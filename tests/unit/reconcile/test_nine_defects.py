"""The nine defects of the controller that reconcilers are modelled on, each designed out."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from nbmlops.errors import UsageError
from nbmlops.model.reconciler import Action, Decision, Memory, Outcome, ProposalState, PublishSpec, Reconciler, State
from nbmlops.reconcile.conditions import reason_of
from nbmlops.reconcile.key import parameters_of
from nbmlops.reconcile.lease import Lease
from nbmlops.reconcile.memory import MemoryStore
from nbmlops.reconcile.spec import read
from nbmlops.reconcile.tick import tick
from nbmlops.reconcile.ticks import Rounds
from tests.unit.reconcile.documents import SMALL
from tests.unit.reconcile.simulated import PLACE, SimulatedWorld, deployer, trainer


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = SimulatedWorld()
        self.store = MemoryStore(folder)

    def tick(self, spec: Reconciler, after: float = 0.0) -> tuple[Outcome, Decision, Memory]:
        self.world.state.clock += after
        return tick(spec, self.world, self.store, Lease(self.folder, spec.name))

    def deeds(self, kind: str) -> int:
        return sum(1 for deed, _ in self.world.state.deeds if deed == kind)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "reconcile")


def test_1_a_pipeline_that_failed_is_no_success(bench: Bench) -> None:
    bench.world.state.data = "data-1"
    bench.world.state.broken = {"train"}
    _, decision, memory = bench.tick(trainer())
    (attempt,) = memory.attempts
    assert attempt.state == State.FAILED
    assert attempt.error == "The train failed."
    assert reason_of(decision.conditions) == "BackOff"
    assert bench.deeds("propose") == 0


def test_2_what_is_needed_after_it_was_done_is_stalled_and_not_done_again(bench: Bench) -> None:
    bench.world.state.drifts = True
    spec = trainer(publish=None)
    outcome, decision, _ = bench.tick(spec)
    assert (outcome, reason_of(decision.conditions)) == (Outcome.STALLED, "PostconditionNotMet")
    for _ in range(20):
        outcome, decision, _ = bench.tick(spec, 3600)
    assert (outcome, reason_of(decision.conditions)) == (Outcome.STALLED, "PostconditionNotMet")
    assert bench.deeds("train") == 1


def test_2_what_fails_is_tried_later_and_later_and_not_for_ever(bench: Bench) -> None:
    bench.world.state.data = "data-1"
    bench.world.state.broken = {"train"}
    spec = trainer(most_attempts=4)
    times = []
    for _ in range(1000):
        before = len(bench.store.peek(spec.name).attempts)
        outcome, decision, memory = bench.tick(spec, 10)
        if len(memory.attempts) > before:
            times.append(bench.world.state.clock)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(times) == 4
    assert gaps == sorted(gaps)
    assert gaps[0] >= 60
    assert gaps[-1] >= 240
    assert (outcome, reason_of(decision.conditions)) == (Outcome.STALLED, "AttemptsUsedUp")
    assert "failed 4 times: The train failed." in decision.why
    bench.world.state.broken = set()
    bench.world.state.data = "data-2"
    outcome, decision, _ = bench.tick(spec)
    assert (outcome, decision.action) == (Outcome.ACTED, Action.TRAIN)


def test_3_what_is_in_sync_is_looked_at_again_after_its_interval(bench: Bench) -> None:
    spec = trainer(interval=600.0)
    rounds = Rounds(bench.world, bench.store, lambda name: Lease(bench.folder, name))
    assert len(rounds.due([spec])) == 1
    assert rounds.due([spec]) == ()
    bench.world.state.clock += 590
    assert rounds.due([spec]) == ()
    bench.world.state.clock += 80
    assert len(rounds.due([spec])) == 1


@pytest.mark.parametrize("spec", [trainer(), deployer()], ids=["trainer", "deployer"])
def test_4_where_nothing_is_wanted_nothing_is_done(bench: Bench, spec: Reconciler) -> None:
    bench.world.state.git = [""]
    bench.world.state.data = "data-1"
    outcome, decision, memory = bench.tick(spec)
    assert decision.action == Action.NONE
    assert reason_of(decision.conditions) == "Unknown"
    assert decision.why == "nothing says which version is wanted"
    assert outcome == Outcome.STALLED
    assert bench.world.state.deeds == []
    assert memory.attempts == ()


def test_5_what_a_person_took_back_or_closed_is_never_proposed_again(bench: Bench) -> None:
    spec, world = trainer(), bench.world
    world.state.data = "data-1"
    bench.tick(spec)
    world.merge()
    _, decision, _ = bench.tick(spec, 60)
    assert decision.action == Action.ADOPT
    assert world.state.champion == "2"
    world.commit("1")
    _, decision, memory = bench.tick(spec, 60)
    assert decision.action == Action.ROLL_BACK
    assert world.state.champion == "1"
    assert memory.pinned == "1"
    assert "2" in memory.rejected
    for _ in range(10):
        _, decision, _ = bench.tick(spec, 86_400)
    assert decision.held == ("pinned to 1",)
    assert [deed for deed in world.state.deeds if deed[0] == "propose"] == [("propose", "2")]


def test_5_a_proposal_that_was_closed_is_not_opened_again(bench: Bench) -> None:
    spec, world = trainer(), bench.world
    world.state.data = "data-1"
    bench.tick(spec)
    world.close()
    _, decision, memory = bench.tick(spec, 60)
    assert decision.action == Action.REJECT
    assert memory.proposals[-1].state == ProposalState.REJECTED
    for _ in range(5):
        outcome, decision, _ = bench.tick(spec, 86_400)
    assert (outcome, reason_of(decision.conditions)) == (Outcome.STALLED, "ProposalRejected")
    assert (bench.deeds("train"), bench.deeds("propose")) == (1, 1)


def test_6_the_same_is_not_made_and_merged_twice(bench: Bench) -> None:
    spec, world = trainer(publish=PublishSpec(place=PLACE, approve="auto")), bench.world
    world.state.data = "data-1"
    for _ in range(10):
        outcome, _, _ = bench.tick(spec, 86_400)
    assert outcome == Outcome.IN_SYNC
    assert world.state.deeds == [("train", next(iter(world.state.made))), ("propose", "2"), ("adopt", "2")]


def test_7_what_a_need_gives_goes_to_a_parameter_with_a_name(bench: Bench) -> None:
    (spec,) = read(SMALL.replace("NAME", "a").replace("needs:", "parameters: {days: {from: max_age}, n: 1}, needs:"))
    reason = bench.world.reason().parts[0]
    given = type(reason)(need="url", holds=True, why="", parameters={"max_age": "3", "": "lost", "other": "x"})
    assert parameters_of(spec, given) == {"days": "3", "n": 1, "other": "x"}
    with pytest.raises(UsageError, match="a name in parameters is"):
        read(SMALL.replace("NAME", "a").replace("needs:", 'parameters: {"": 1}, needs:'))


def test_8_the_place_that_is_written_is_said_and_checked() -> None:
    with pytest.raises(UsageError, match=":4: edit of publish says no pointer"):
        read(SMALL.replace("NAME", "a").replace("needs:", "publish: {edit: {file: deploy/prod.yaml}}, needs:"))


@pytest.mark.parametrize("file", ["../prod.yaml", "/etc/prod.yaml", "a/../../b.yaml", "~/prod.yaml"])
def test_8_a_place_outside_of_the_project_is_refused(file: str) -> None:
    publish = f"publish: {{edit: {{file: {file}, pointer: /a}}}}, needs:"
    with pytest.raises(UsageError, match="is a path in the project"):
        read(SMALL.replace("NAME", "a").replace("needs:", publish))


def test_9_somebody_who_is_stuck_stops_only_his_own(bench: Bench) -> None:
    world = bench.world
    world.state.data = "data-1"
    stuck, free = trainer(name="stuck"), trainer(name="free")
    with Lease(bench.folder, "stuck").taken() as other:
        assert other is None
        _, decision, _ = bench.tick(stuck)
        assert decision.action == Action.NONE
        assert "is at it" in decision.why
        _, decision, _ = bench.tick(free)
        assert decision.action == Action.TRAIN
    _, decision, _ = bench.tick(stuck)
    assert decision.action == Action.TRAIN
