"""Which step runs when, and which not at all."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbmlops.model.pipeline import Pipeline, StepResult, StepState
from nbmlops.model.step_cache import StepEntry
from nbmlops.ops.step_results import step_cache
from nbmlops.pipeline.execute import Interrupted, Places, execute
from nbmlops.pipeline.plan import Action, plan
from nbmlops.pipeline.schedule import AS_NEEDED, Choice
from nbmlops.pipeline.selection import choose
from nbmlops.pipeline.step_cache import Found, Ran
from nbmlops.pipeline.step_key import identity_of
from nbmlops.project import Project
from tests.unit.pipeline.inline import InlineEngine, given, pipeline

CHAIN: dict[str, dict[str, Any]] = {
    "load": {"code": "rows = list(range(5))", "gives": ["rows"]},
    "clean": {"code": "clean = [r for r in rows if r]", "takes": {"rows": "load"}, "gives": ["clean"]},
    "train": {
        "code": "model = sum(clean) * lr",
        "takes": {"clean": "clean"},
        "gives": ["model"],
        "parameters": ("lr",),
    },
}
DIAMOND: dict[str, dict[str, Any]] = {
    "load": {"code": "x = 1", "gives": ["x"]},
    "left": {"code": "import time; time.sleep(0.2); a = x + 1", "takes": {"x": "load"}, "gives": ["a"]},
    "right": {"code": "import time; time.sleep(0.2); b = x + 2", "takes": {"x": "load"}, "gives": ["b"]},
    "join": {"code": "y = a + b", "takes": {"a": "left", "b": "right"}, "gives": ["y"]},
}


RAN = Ran(session="", executions=(), modules=(), packages={})
"""Nothing was seen of what it read."""


class Bench:
    """A project in which one pipeline is executed again and again."""

    def __init__(self, root: Path) -> None:
        self.project = Project.init(root)
        self.folder = root / "pipeline"
        self.number = 0
        self.engine = InlineEngine()
        self.handoff = root

    def run(
        self, pipeline: Pipeline, *, choice: Choice = AS_NEEDED, jobs: int = 1, is_cached: bool = True, **values: Any
    ) -> dict[str, StepResult]:
        """Steps by name. Each run has a folder of its own, as in use."""
        self.number += 1
        self.engine.executed.clear()
        places = Places(pipeline=self.folder, folder=self.project.root, work=self.project.root / f"run-{self.number}")
        self.handoff = places.handoff
        cache = step_cache(self.project, pipeline, self.folder, values)

        def keep(step: Any, result: StepResult, found: Found) -> None:
            entry = cache.keep(
                step,
                found,
                result,
                places.handoff / step.name,
                Ran(session="", executions=(), modules=(), packages={}),
                "",
            )
            cache.note(msgspec.structs.replace(entry, is_measured=True))  # there is no MLflow here that could be asked

        results = execute(
            pipeline, places=places, engine=self.engine, values=values, cache=cache if is_cached else None,
            choice=choice, jobs=jobs, on_done=keep,
        )  # fmt: skip
        return {result.step: result for result in results}

    def planned(self, pipeline: Pipeline, **values: Any) -> dict[str, tuple[Action, str]]:
        cache = step_cache(self.project, pipeline, self.folder, values)
        return {each.step: (each.action, each.why) for each in plan(pipeline, cache, AS_NEEDED)}

    def value(self, step: str, name: str) -> Any:
        return given(self.handoff, step, name)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "project")


def kept(results: dict[str, StepResult]) -> list[str]:
    return [name for name, result in results.items() if result.is_kept]


# Order


def test_steps_run_after_what_they_need(bench: Bench) -> None:
    chain = pipeline(bench.folder, dict(reversed(CHAIN.items())), lr=0.5)
    bench.run(chain, lr=0.5)
    assert bench.engine.executed == ["load", "clean", "train"]
    assert bench.value("train", "model") == 5.0


def test_branches_run_at_once_when_there_is_room(bench: Bench) -> None:
    diamond = pipeline(bench.folder, DIAMOND)
    bench.run(diamond, jobs=2, is_cached=False)
    assert bench.engine.most_at_once == 2
    assert bench.value("join", "y") == 5
    bench.engine.most_at_once = 0
    bench.run(diamond, jobs=1, is_cached=False)
    assert bench.engine.most_at_once == 1


def test_a_step_that_wants_cores_takes_as_many_places(bench: Bench) -> None:
    for cpu, most in ((1.0, 2), (2.0, 1), (16.0, 1)):
        bench.engine.most_at_once = 0
        wide = {**DIAMOND, "left": {**DIAMOND["left"], "cpu": cpu}}
        results = bench.run(pipeline(bench.folder, wide), jobs=2, is_cached=False)
        assert {result.state for result in results.values()} == {StepState.DONE}
        assert bench.engine.most_at_once == most


def test_a_failing_step_ends_what_needs_it_and_nothing_else(bench: Bench) -> None:
    broken = {**DIAMOND, "left": {**DIAMOND["left"], "code": "raise ValueError('no')"}}
    results = bench.run(pipeline(bench.folder, broken))
    states = {name: result.state for name, result in results.items()}
    assert states == {
        "load": StepState.DONE, "left": StepState.FAILED, "right": StepState.DONE, "join": StepState.SKIPPED,
    }  # fmt: skip
    assert results["join"].why == "left did not run"


def test_a_step_is_tried_again_as_often_as_it_says(bench: Bench) -> None:
    code = (
        "from pathlib import Path\nn = len(list(Path('.').glob('try-*')))\nPath(f'try-{n}').touch()\nassert n == 2, n"
    )
    os.chdir(bench.project.root)
    steps = {"flaky": {"code": code, "retries": 3, "backoff": 0.01}}
    result = bench.run(pipeline(bench.folder, steps), is_cached=False)["flaky"]
    assert (result.state, result.tries) == (StepState.DONE, 3)
    for path in bench.project.root.glob("try-*"):
        path.unlink()
    steps["flaky"]["retries"] = 1
    result = bench.run(pipeline(bench.folder, steps), is_cached=False)["flaky"]
    assert (result.state, result.tries, result.error) == (StepState.FAILED, 2, "AssertionError: 1")


def test_an_interrupt_ends_running_steps_and_tells_what_was_done(bench: Bench) -> None:
    steps = {
        "load": {"code": "x = 1", "gives": ["x"]},
        "long": {"code": "if stop.wait(60): raise KeyboardInterrupt", "takes": {"x": "load"}, "gives": ["y"]},
        "after": {"takes": {"y": "long"}},
    }
    steps["long"]["code"] += "\ny = 1"

    def interrupt() -> None:
        while "long" not in bench.engine.executed:
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(Interrupted) as caught:
        bench.run(pipeline(bench.folder, steps))
    thread.join()
    assert {result.step: result.state for result in caught.value.results} == {
        "load": StepState.DONE, "long": StepState.KILLED, "after": StepState.SKIPPED,
    }  # fmt: skip


# What is kept


def test_nothing_changed_nothing_is_executed(bench: Bench) -> None:
    chain = pipeline(bench.folder, CHAIN, lr=0.5)
    bench.run(chain, lr=0.5)
    results = bench.run(chain, lr=0.5)
    assert (bench.engine.executed, kept(results)) == ([], ["load", "clean", "train"])


def test_a_parameter_reaches_only_the_steps_that_use_it(bench: Bench) -> None:
    chain = pipeline(bench.folder, CHAIN, lr=0.5)
    bench.run(chain, lr=0.5)
    results = bench.run(chain, lr=2.0)
    assert bench.engine.executed == ["train"]
    assert results["train"].why == "parameter lr changed"
    assert bench.value("train", "model") == 20.0
    bench.run(chain, lr=0.5)
    assert bench.engine.executed == [], "an earlier value is still kept"


def test_a_comment_runs_nothing_and_a_change_runs_the_step(bench: Bench) -> None:
    bench.run(pipeline(bench.folder, CHAIN, lr=1.0), lr=1.0)
    commented = {**CHAIN, "clean": {**CHAIN["clean"], "code": "# why\n" + CHAIN["clean"]["code"]}}
    bench.run(pipeline(bench.folder, commented, lr=1.0), lr=1.0)
    assert bench.engine.executed == []
    changed = {**CHAIN, "clean": {**CHAIN["clean"], "code": "clean = [r for r in rows if r > 1]"}}
    results = bench.run(pipeline(bench.folder, changed, lr=1.0), lr=1.0)
    assert bench.engine.executed == ["clean", "train"]
    assert (results["clean"].why, results["train"].why) == ("cell 2 changed", "clean changed")


def test_the_same_results_cut_off_what_comes_after(bench: Bench) -> None:
    bench.run(pipeline(bench.folder, CHAIN, lr=1.0), lr=1.0)
    rewritten = {**CHAIN, "clean": {**CHAIN["clean"], "code": "clean = list(filter(None, rows))"}}
    results = bench.run(pipeline(bench.folder, rewritten, lr=1.0), lr=1.0)
    assert bench.engine.executed == ["clean"]
    assert kept(results) == ["load", "train"]


def test_a_step_that_runs_takes_what_kept_steps_gave(bench: Bench) -> None:
    bench.run(pipeline(bench.folder, CHAIN, lr=1.0), lr=1.0)
    bench.run(pipeline(bench.folder, CHAIN, lr=1.0), lr=3.0)
    assert bench.value("train", "model") == 30.0


@pytest.mark.parametrize("harm", ["flip", "lose"])
def test_damaged_results_are_made_again(bench: Bench, harm: str) -> None:
    chain = pipeline(bench.folder, CHAIN, lr=1.0)
    bench.run(chain, lr=1.0)
    for path in (bench.project.layout.objects / "packs").iterdir():
        data = bytearray(path.read_bytes())
        path.chmod(0o600)
        # The values of `clean` and of no other step are hit.
        place = data.find(b"[1, 2, 3, 4]")
        if harm == "flip" and place >= 0:
            data[place + 1] ^= 1
            path.write_bytes(data)
        elif harm == "lose" and place >= 0:
            path.unlink()
    bench.project = Project(bench.project.root)
    results = bench.run(chain, lr=7.0)
    assert bench.value("train", "model") == 70.0
    assert "clean" in bench.engine.executed
    if harm == "flip":
        assert bench.engine.executed == ["clean", "train"]
        assert results["clean"].why == "its kept values are damaged"


def test_what_it_measured_has_to_be_known(bench: Bench) -> None:
    """The run of `train` was killed before it could note that, and MLflow has not heard of it."""
    chain = pipeline(bench.folder, CHAIN, lr=1.0)
    bench.run(chain, lr=1.0)
    entry = next(each for each in bench.project.records.newest(StepEntry, limit=10) if each.step == "train")
    entry = msgspec.structs.replace(entry, is_measured=False)
    bench.project.records.put(entry, id=entry.id, subject=identity_of(entry.key))
    results = bench.run(chain, lr=1.0)
    assert bench.engine.executed == ["train"]
    assert results["train"].why == "what it measured is not known"


def test_a_step_may_ask_never_to_be_kept(bench: Bench) -> None:
    restless = {**CHAIN, "load": {**CHAIN["load"], "cache": False}}
    bench.run(pipeline(bench.folder, restless, lr=1.0), lr=1.0)
    results = bench.run(pipeline(bench.folder, restless, lr=1.0), lr=1.0)
    assert bench.engine.executed == ["load"]
    assert results["load"].why == "it is never kept"


def test_1_and_1_0_and_true_are_different_values(bench: Bench) -> None:
    chain = pipeline(bench.folder, CHAIN, lr=1.0)
    for value in (1.0, 1, True, None, "1"):
        if value is not None:
            bench.run(chain, lr=value)
            assert bench.engine.executed[-1] == "train"


# Choices


def test_from_a_step_on(bench: Bench) -> None:
    chain = pipeline(bench.folder, CHAIN, lr=1.0)
    bench.run(chain, lr=1.0)
    results = bench.run(chain, choice=choose(chain, start=["clean"]), lr=1.0)
    assert bench.engine.executed == ["clean", "train"]
    assert (results["clean"].why, results["train"].why) == ("asked for", "comes after clean")


def test_only_a_step(bench: Bench) -> None:
    chain = pipeline(bench.folder, CHAIN, lr=1.0)
    bench.run(chain, lr=1.0)
    results = bench.run(chain, choice=choose(chain, only=["clean"]), lr=1.0)
    assert bench.engine.executed == ["clean"]
    assert results["load"].is_kept


def test_only_a_step_whose_needs_are_not_kept_is_not_executed(bench: Bench) -> None:
    chain = pipeline(bench.folder, CHAIN, lr=1.0)
    results = bench.run(chain, choice=choose(chain, only=["train"]), lr=1.0)
    assert bench.engine.executed == []
    assert results["train"].why == "clean did not run"


def test_all_of_them(bench: Bench) -> None:
    chain = pipeline(bench.folder, CHAIN, lr=1.0)
    bench.run(chain, lr=1.0)
    bench.run(chain, choice=choose(chain, force=True), lr=1.0)
    assert bench.engine.executed == ["load", "clean", "train"]


# Before it runs


def test_the_plan_says_what_would_happen_and_why(bench: Bench) -> None:
    chain = pipeline(bench.folder, CHAIN, lr=1.0)
    assert bench.planned(chain, lr=1.0) == {
        "load": (Action.RUN, "it has not run before"),
        "clean": (Action.OPEN, "depends on what load will give"),
        "train": (Action.OPEN, "depends on what clean will give"),
    }
    bench.run(chain, lr=1.0)
    assert [action for action, _ in bench.planned(chain, lr=1.0).values()] == [Action.KEEP] * 3
    assert bench.planned(chain, lr=2.0)["train"] == (Action.RUN, "parameter lr changed")
    assert bench.engine.executed == ["load", "clean", "train"], "planning executes nothing"


@pytest.fixture(autouse=True)
def here(tmp_path: Path) -> Iterator[None]:
    before = Path.cwd()
    yield
    os.chdir(before)
