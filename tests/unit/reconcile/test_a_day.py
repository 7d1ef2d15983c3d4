"""Twenty-four hours of a trainer and a deployer, looked at each minute, with trouble by a seed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from nbmlops.model.reconciler import GuardSpec, Outcome, ProposalState, State
from nbmlops.reconcile.conditions import reason_of
from nbmlops.reconcile.lease import Lease
from nbmlops.reconcile.memory import MemoryStore
from nbmlops.reconcile.ticks import Rounds
from tests.unit.reconcile.simulated import SimulatedWorld, deployer, trainer

BREAKABLE = ("look", "needs", "git", "train", "judge", "propose", "adopt", "deploy")


@pytest.mark.parametrize("seed", range(2))
def test_a_day_with_trouble_ends_in_sync(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    world = SimulatedWorld()
    store = MemoryStore(tmp_path)
    specs = [
        deployer(depends_on=("labels-train",), interval=300.0),
        trainer(
            interval=600.0, retry_interval=120.0, most_attempts=20, guard=GuardSpec(cooldown=1800, most_runs_a_day=12)
        ),
    ]
    rounds = Rounds(world, store, lambda name: Lease(tmp_path, name, beats=False))
    proposed = []
    for minute in range(24 * 60):
        world.state.clock += 60
        if chance.random() < 0.01:
            world.state.data = f"data-{minute}"
        if chance.random() < 0.02:
            world.state.broken ^= {chance.choice(BREAKABLE)}
        if chance.random() < 0.05:
            world.state.broken.clear()
        world.state.passes = chance.random() < 0.8
        if chance.random() < 0.02:
            chance.choice([world.merge, world.merge, world.close])()
        if chance.random() < 0.002:
            world.state.clock -= chance.choice([300, 7200])
        if chance.random() < 0.003:
            world.state.actual = ""
        rounds.due(specs)
        memory = store.peek("labels-train")
        assert sum(each.state == State.RUNNING for each in memory.attempts) <= 1
        assert sum(each.state == ProposalState.OPEN for each in memory.proposals) <= 1
        proposed = [version for deed, version in world.state.deeds if deed == "propose"]
        assert len(proposed) == len(set(proposed))
    runs = sum(deed == "train" for deed, _ in world.state.deeds)
    assert 3 <= runs <= 13
    world.state.broken.clear()
    world.state.passes = True
    world.state.data = "data-at-the-end"
    for _ in range(48):
        world.state.clock += 3600
        world.merge()
        done = rounds.due(specs)
    assert {each.outcome for each in done} == {Outcome.IN_SYNC}
    for name in ("labels-train", "labels-deploy"):
        assert reason_of(store.peek(name).conditions) == "InSync"
    assert world.state.champion == world.state.git[0] == world.state.actual
    assert world.state.versions[world.state.champion] == "data-at-the-end"
