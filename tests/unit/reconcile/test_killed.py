"""Processes that are killed at each place where that can happen: what comes after them ends where they would have."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from nbmlops.lib import failpoints
from nbmlops.model.reconciler import PublishSpec, Reconciler, State
from nbmlops.reconcile.conditions import reason_of
from nbmlops.reconcile.lease import Lease
from nbmlops.reconcile.memory import MemoryStore
from nbmlops.reconcile.tick import tick
from tests.unit.reconcile.simulated import PLACE, SimulatedWorld, deployer, trainer

MOST_POINTS = 300
BOTH = """
import sys
from pathlib import Path
from nbmlops.reconcile.lease import Lease
from nbmlops.reconcile.memory import MemoryStore
from nbmlops.reconcile.tick import tick
from tests.unit.reconcile.simulated import SimulatedWorld, trainer
folder = Path(sys.argv[1])
print("begins", flush=True)
sys.stdin.readline()
for _ in range(30):
    world = SimulatedWorld(folder / "world")
    tick(trainer(publish=None), world, MemoryStore(folder), Lease(folder, "labels-train"))
"""


def in_child(point: int, work: Callable[[], object]) -> bool:
    """Whether a process that is killed at that point comes to the end of the work."""
    pid = os.fork()
    if pid == 0:
        try:
            failpoints._wish, failpoints._passed = f"kill@{point}", 0
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - nothing of the tests goes on in a child
            os._exit(9)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


def ticked(folder: Path, spec: Reconciler) -> str:
    world = SimulatedWorld(folder / "world", point=failpoints.failpoint)
    _, decision, _ = tick(spec, world, MemoryStore(folder), Lease(folder, spec.name))
    return reason_of(decision.conditions)


CASES = {
    "auto": (
        trainer(publish=PublishSpec(place=PLACE, approve="auto")),
        {"train": 1, "propose": 1, "adopt": 1},
        "InSync",
    ),
    "pr": (trainer(), {"train": 1, "propose": 1}, "ProposalOpen"),
    "no git": (trainer(publish=None), {"train": 1, "adopt": 1}, "InSync"),
    "refused": (trainer(), {"train": 1}, "GateRejected"),
    "deployer": (deployer(), {"deploy": 1}, "InSync"),
}


@pytest.mark.parametrize("case", CASES)
def test_killed_anywhere_it_ends_where_it_would_have(tmp_path: Path, case: str) -> None:
    spec, deeds, end = CASES[case]
    killed = 0
    for point in itertools.count(1):
        folder = tmp_path / str(point)
        folder.mkdir()
        world = SimulatedWorld(folder / "world")
        world.state.data, world.state.actual = "data-1", ""
        world.state.passes = case != "refused"
        world.save()
        if in_child(point, lambda folder=folder: ticked(folder, spec)):  # type: ignore[misc]
            break
        killed += 1
        assert point < MOST_POINTS
        words = [ticked(folder, spec) for _ in range(4)]
        assert words[-2:] == [end, end], (point, words)
        world.load()
        assert Counter(deed for deed, _ in world.state.deeds) == deeds, point
        memory = MemoryStore(folder).peek(spec.name)
        (attempt,) = memory.attempts
        assert (attempt.number, attempt.state) == (1, State.REJECTED if case == "refused" else State.SUCCEEDED)
        assert not list(folder.glob("*.broken-*"))
    assert killed >= 15


def test_a_deployment_heals_whenever_its_deployer_was_killed_and_it_was_broken_then(tmp_path: Path) -> None:
    spec = deployer()
    for point in itertools.count(1):
        folder = tmp_path / str(point)
        folder.mkdir()
        world = SimulatedWorld(folder / "world")
        world.state.actual = ""
        world.save()
        is_done = in_child(point, lambda folder=folder: ticked(folder, spec))  # type: ignore[misc]
        world.load()
        world.state.actual = ""
        world.save()
        words = [ticked(folder, spec) for _ in range(2)]
        assert words == ["InSync", "InSync"], point
        if is_done:
            break


def test_killed_while_a_proposal_is_adopted_closed_or_taken_back(tmp_path: Path) -> None:
    spec = trainer()

    def story(folder: Path, what: str) -> SimulatedWorld:
        world = SimulatedWorld(folder / "world")
        world.state.data = "data-1"
        world.save()
        ticked(folder, spec)
        world.load()
        if what == "close":
            world.close()
        else:
            world.merge()
        world.save()
        if what == "take back":
            ticked(folder, spec)
            world.load()
            world.commit("1")
            world.save()
        return world

    ends = {"merge": ("InSync", "2"), "close": ("ProposalRejected", "1"), "take back": ("Pinned", "1")}
    for what, (word, champion) in ends.items():
        for point in itertools.count(1):
            folder = tmp_path / what / str(point)
            folder.mkdir(parents=True)
            world = story(folder, what)
            is_done = in_child(point, lambda folder=folder: ticked(folder, spec))  # type: ignore[misc]
            words = [ticked(folder, spec) for _ in range(2)]
            world.load()
            assert (words[-1], world.state.champion) == (word, champion), (what, point)
            assert "2" in MemoryStore(folder).peek(spec.name).rejected or what == "merge"
            if is_done:
                break


def test_somebody_who_is_killed_each_time_is_not_followed_for_ever(tmp_path: Path) -> None:
    spec = trainer(most_attempts=3, publish=None)
    world = SimulatedWorld(tmp_path / "world")
    world.state.data = "data-1"
    world.save()

    def dies() -> None:
        def die(name: str) -> None:
            if name == "train-begin":
                os.kill(os.getpid(), signal.SIGKILL)

        mortal = SimulatedWorld(tmp_path / "world", point=die)
        tick(spec, mortal, MemoryStore(tmp_path), Lease(tmp_path, spec.name))

    ends = [in_child(1_000_000, dies) for _ in range(6)]
    assert ends == [False, False, False, False, True, True]
    memory = MemoryStore(tmp_path).peek(spec.name)
    assert [each.state for each in memory.attempts] == [State.FAILED]
    assert reason_of(memory.conditions) == "AttemptsUsedUp"
    assert memory.error == "whoever was at it was killed 4 times"


def test_two_processes_at_once_do_it_once(tmp_path: Path) -> None:
    world = SimulatedWorld(tmp_path / "world")
    world.state.data = "data-1"
    world.save()
    command = [sys.executable, "-c", BOTH, str(tmp_path)]
    root = str(Path(__file__).parents[3])
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
    assert [process.communicate("go\n")[0] for process in processes] == ["", ""]
    assert [process.returncode for process in processes] == [0, 0]
    world.load()
    assert [deed for deed, _ in world.state.deeds] == ["train", "adopt"]
    memory = MemoryStore(tmp_path).peek("labels-train")
    assert (len(memory.attempts), reason_of(memory.conditions)) == (1, "InSync")
