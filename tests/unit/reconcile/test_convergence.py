"""Whatever happens, in whatever order: never two at once, never what was rejected, and it ends where it should."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nbmlops.errors import NbmlopsError
from nbmlops.lib import failpoints
from nbmlops.model.reconciler import (
    Attempt,
    Decision,
    Memory,
    Outcome,
    Proposal,
    ProposalState,
    PublishSpec,
    Reconciler,
    State,
)
from nbmlops.reconcile.backoff import longest
from nbmlops.reconcile.conditions import reason_of
from nbmlops.reconcile.lease import Lease
from nbmlops.reconcile.memory import MemoryStore
from nbmlops.reconcile.tick import tick
from nbmlops.reconcile.world import Told, Trained, Verdict
from tests.unit.reconcile.simulated import PLACE, SimulatedWorld, deployer, trainer

BREAKABLE = ("look", "needs", "git", "train", "judge", "propose", "adopt", "deploy")
SHARED_MEMORY = Path("/dev/shm")


class Killed(BaseException):
    """As SIGKILL: nothing of ours hears of it."""


class WatchedWorld(SimulatedWorld):
    """It says when something is done that must not be."""

    store: MemoryStore

    def train(self, spec: Reconciler, attempt: Attempt, told: Told) -> Trained:
        memory = self.store.peek(spec.name)
        assert attempt.key not in memory.finished, "a key is run again after it went well"
        assert attempt.key not in memory.rejected, "a key is run again that was rejected"
        return super().train(spec, attempt, told)

    def propose(self, spec: Reconciler, attempt: Attempt, verdict: Verdict) -> Proposal:
        assert attempt.version not in self.store.peek(spec.name).rejected, "a version is proposed after it was rejected"
        assert self.state.judged[attempt.version], "a version is proposed that the gate did not let through"
        return super().propose(spec, attempt, verdict)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None))
        self.store = MemoryStore(self.folder)
        self.world = WatchedWorld(point=self.pass_point)
        self.world.store = self.store
        self.trainer, self.deployer = trainer(), deployer()
        self.left: int | None = None
        self.intrudes = False
        self.was = failpoints._wish, failpoints._pass
        failpoints._wish = "in this test"
        failpoints._pass = self.pass_point

    def teardown(self) -> None:
        try:
            self.ends_where_it_should()
        finally:
            failpoints._wish, failpoints._pass = self.was
            shutil.rmtree(self.folder, ignore_errors=True)

    @initialize(
        approve=st.sampled_from(["pr", "auto", "none"]),
        gate=st.booleans(),
        cooldown=st.sampled_from([0.0, 7200.0]),
        runs=st.sampled_from([0, 2]),
        kept=st.sampled_from([0, 1, 10]),
    )
    def begins(self, approve: str, gate: bool, cooldown: float, runs: int, kept: int) -> None:
        publish = PublishSpec(place=PLACE, approve=approve) if approve != "none" else None
        guard = msgspec.structs.replace(self.trainer.guard, cooldown=cooldown, most_runs_a_day=runs)
        changes = {"publish": publish, "guard": guard, "kept_successful": kept, "kept_failed": kept}
        if not gate:
            changes["gate"] = None
            self.world.state.judged = {str(number): True for number in range(200)}
        self.trainer = msgspec.structs.replace(self.trainer, **changes)

    def pass_point(self, name: str) -> None:
        """A place where the world may end; or where somebody else looks in."""
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.left = None
                raise Killed
        if self.intrudes and name == "train-begin":
            self.intrudes = False
            deeds = len(self.world.state.deeds)
            _, decision, _ = self.one(self.trainer)
            assert "is at it" in decision.why
            assert len(self.world.state.deeds) == deeds

    def one(self, spec: Reconciler) -> tuple[Outcome, Decision, Memory]:
        return tick(spec, self.world, self.store, Lease(self.folder, spec.name, beats=False))

    def both(self) -> None:
        self.one(self.trainer)
        self.one(self.deployer)

    @rule()
    def ticks(self) -> None:
        self.both()

    @rule(number=st.integers(1, 60))
    def ticks_and_is_killed(self, number: int) -> None:
        self.left = number
        try:
            self.both()
        except Killed:
            pass
        finally:
            self.left = None

    @rule()
    def two_tick_at_once(self) -> None:
        self.intrudes = True
        try:
            self.both()
        finally:
            self.intrudes = False

    @rule(seconds=st.sampled_from([30, 300, 3600, 90_000, 3_000_000]))
    def time_passes(self, seconds: int) -> None:
        self.world.state.clock += seconds

    @rule(seconds=st.sampled_from([60, 7200, 100_000, 100_000_000]))
    def the_clock_goes_back(self, seconds: int) -> None:
        self.world.state.clock -= seconds

    @rule(number=st.integers(0, 5))
    def data_come(self, number: int) -> None:
        self.world.state.data = f"data-{number}"

    @rule(drifts=st.booleans())
    def what_training_does_not_help_comes_or_goes(self, drifts: bool) -> None:
        self.world.state.drifts = drifts

    @rule(passes=st.booleans())
    def the_gate_is_set(self, passes: bool) -> None:
        self.world.state.passes = passes

    @rule(what=st.sampled_from(BREAKABLE))
    def something_breaks(self, what: str) -> None:
        self.world.state.broken.add(what)

    @rule()
    def all_is_mended(self) -> None:
        self.world.state.broken.clear()

    @rule()
    def somebody_merges(self) -> None:
        self.world.merge()

    @rule()
    def somebody_closes(self) -> None:
        self.world.close()

    @rule()
    def somebody_deletes_the_branch(self) -> None:
        self.world.close(ProposalState.GONE)

    @rule(back=st.integers(1, 2))
    def somebody_reverts(self, back: int) -> None:
        git = self.world.state.git
        if len(git) > back and git[back]:
            self.world.commit(git[back])

    @rule(value=st.sampled_from(["1", "2", "77", ""]))
    def somebody_writes_a_value(self, value: str) -> None:
        self.world.commit(value)

    @rule(looks=st.integers(1, 4))
    def git_is_late(self, looks: int) -> None:
        self.world.lag = looks

    @rule(actual=st.sampled_from(["", "1", "5"]))
    def what_runs_is_changed_underneath(self, actual: str) -> None:
        self.world.state.actual = actual

    @rule(is_suspended=st.booleans())
    def somebody_suspends_or_goes_on(self, is_suspended: bool) -> None:
        memory = self.store.load(self.trainer.name)
        pinned = memory.pinned if is_suspended else ""
        self.store.save(msgspec.structs.replace(memory, is_suspended=is_suspended, pinned=pinned))

    @precondition(lambda self: self.trainer.digest == "d1")
    @rule()
    def the_document_is_changed(self) -> None:
        self.trainer = msgspec.structs.replace(self.trainer, digest="d2", most_attempts=4)

    @invariant()
    def nothing_is_there_twice(self) -> None:
        for spec in (self.trainer, self.deployer):
            memory = self.store.peek(spec.name)
            assert sum(each.state == State.RUNNING for each in memory.attempts) <= 1
            assert sum(each.state == ProposalState.OPEN for each in memory.proposals) <= 1
            assert sum(each.state == ProposalState.OPEN for each in self.world.state.proposals) <= 1
            assert len(memory.conditions) in (0, 3)

    def ends_where_it_should(self) -> None:
        world = self.world
        self.left, world.lag, world.state.broken = None, 0, set()
        for _ in range(30):
            self.both()
            # Long enough for each back-off, cool-down and day.
            world.state.clock += max(longest(self.trainer), 90_000)
        deeds = len(world.state.deeds)
        for _ in range(3):
            _, trained, memory = self.one(self.trainer)
            _, deployed, _ = self.one(self.deployer)
            world.state.clock += 90_000
        assert len(world.state.deeds) == deeds, "it does not come to rest"
        self._has_the_true_reason(reason_of(trained.conditions), trained, memory)
        word = reason_of(deployed.conditions)
        wanted = world.state.git[0]
        assert word == ("Unknown" if not wanted else "InSync" if world.state.actual == wanted else "AttemptsUsedUp")

    def _has_the_true_reason(self, word: str, decision: Decision, memory: Memory) -> None:
        world = self.world
        if word == "InSync":
            assert world.reason().holds is False
        elif word == "ProposalOpen":
            open_ = world.open()
            assert open_ is not None
            assert open_.value == memory.proposals[-1].value
        elif word in ("GateRejected", "Rejected"):
            assert world.reason().holds
            assert any(not passed for passed in world.state.judged.values()) or memory.rejected
        elif word in ("ProposalRejected", "ProposalGone"):
            states = {each.state for each in world.state.proposals}
            taken_back = any("taken back" in why for why in memory.rejected.values())
            assert ProposalState(word.removeprefix("Proposal").lower()) in states or taken_back
        elif word == "PostconditionNotMet":
            assert world.reason().holds
            assert memory.finished
        elif word == "AttemptsUsedUp":
            assert memory.failures >= self.trainer.most_attempts or memory.failures >= 3
            assert memory.error in decision.why
        elif word == "Suspended":
            assert memory.is_suspended
        elif word == "Pinned":
            assert memory.pinned
        else:
            assert word == "Unknown"
            assert not world.state.git[0]


Machine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestConvergence = Machine.TestCase


@pytest.mark.slow
def test_it_converges_for_long() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=300, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_an_error_of_the_memory_s_file_is_told(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path / "reconcile")
    (tmp_path / "reconcile").write_text("in the way")
    with pytest.raises(NbmlopsError, match="cannot be read"):
        tick(trainer(), SimulatedWorld(), store, Lease(tmp_path / "reconcile", "labels-train"))
