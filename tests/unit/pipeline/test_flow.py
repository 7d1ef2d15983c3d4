"""Conditions, steps for each item of a list, and steps at the end: what runs, what is left out, and why."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbmlops.errors import IntegrityError, StateError, UsageError
from nbmlops.model.pipeline import Pipeline, StepResult, StepState
from nbmlops.model.step_cache import StepEntry
from nbmlops.pipeline.conditions import with_needs
from nbmlops.pipeline.execute import Interrupted
from nbmlops.pipeline.handed import plain_value
from nbmlops.pipeline.handoff import Held, Manifest
from nbmlops.pipeline.plan import Action
from nbmlops.pipeline.selection import choose
from nbmlops.pipeline.step_cache import StepCache
from nbmlops.pipeline.step_key import identity_of
from tests.unit.pipeline.inline import pipeline
from tests.unit.pipeline.test_schedule import Bench, bench, kept

__all__ = ["bench"]
DONE, FAILED, SKIPPED = StepState.DONE, StepState.FAILED, StepState.SKIPPED


def made(bench: Bench, steps: dict[str, dict[str, Any]], **parameters: Any) -> Pipeline:
    return with_needs(pipeline(bench.folder, steps, **parameters))


def states(results: dict[str, StepResult]) -> dict[str, StepState]:
    return {name: result.state for name, result in results.items()}


# Conditions

CHOICE: dict[str, dict[str, Any]] = {
    "train": {"code": "score = quality", "gives": ["score"], "parameters": ("quality",)},
    "deploy": {"code": "place = 'there'", "when": "score > 0.9", "gives": ["place"]},
    "announce": {"code": "said = place", "takes": {"place": "deploy"}},
    "report": {"code": "pass", "needs": ("announce", "deploy")},
}


def test_a_step_whose_condition_is_false_is_left_out_with_the_reason(bench: Bench) -> None:
    results = bench.run(made(bench, CHOICE, quality=0.83), quality=0.83)
    assert states(results) == {"train": DONE, "deploy": SKIPPED, "announce": SKIPPED, "report": DONE}
    assert results["deploy"].why == "when: score > 0.9 is false: score is 0.83"
    assert results["announce"].why == "deploy was left out", "it rests on it; the report only comes after it"
    assert states(bench.run(made(bench, CHOICE, quality=0.95), quality=0.95)) == dict.fromkeys(CHOICE, DONE)


def test_a_step_that_reads_a_file_of_one_that_was_left_out_is_left_out_too(bench: Bench) -> None:
    steps = {
        "write": {"code": "pass", "when": "n > 1", "writes": ("out/rows.csv",)},
        "read": {"code": "pass", "needs": ("write",), "reads": ("./out/rows.csv",)},
    }
    assert states(bench.run(made(bench, steps, n=1), n=1)) == {"write": SKIPPED, "read": SKIPPED}


def test_a_condition_is_decided_by_kept_values_too(bench: Bench) -> None:
    chain = made(bench, CHOICE, quality=0.83)
    bench.run(chain, quality=0.83)
    planned = bench.planned(chain, quality=0.83)
    assert {name: action for name, (action, _) in planned.items()} == {
        "train": Action.KEEP, "deploy": Action.SKIP, "announce": Action.SKIP, "report": Action.KEEP,
    }  # fmt: skip
    assert planned["deploy"][1] == "when: score > 0.9 is false: score is 0.83"
    results = bench.run(chain, quality=0.83)
    assert bench.engine.executed == []
    assert kept(results) == ["train", "report"]


def test_what_a_condition_waits_for_is_said(bench: Bench) -> None:
    planned = bench.planned(made(bench, CHOICE, quality=0.5), quality=0.5)
    assert planned["deploy"] == (Action.OPEN, "depends on what train will give")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import numpy; score = numpy.float64(0.83)", "score is 0.83"),
        ("import numpy; score = numpy.mean([0.5, 1.0])", "score is 0.75"),
        ("import numpy; score = numpy.array(0.25)", "score is 0.25"),
    ],
)
def test_numbers_of_numpy_are_numbers(bench: Bench, code: str, why: str) -> None:
    steps = {"train": {"code": code, "gives": ["score"]}, "deploy": {"code": "pass", "when": "score > 0.9"}}
    assert bench.run(made(bench, steps))["deploy"].why == f"when: score > 0.9 is false: {why}"


def test_a_value_that_is_an_object_of_the_users_decides_nothing_and_runs_nothing(bench: Bench) -> None:
    code = "import pathlib\nclass Evil:\n    def __reduce__(self):\n        return (pathlib.Path.touch, (mark,))\n"
    mark = bench.project.root / "touched"
    steps = {
        "train": {"code": f"{code}mark = pathlib.Path({str(mark)!r})\nscore = Evil()", "gives": ["score"]},
        "deploy": {"code": "pass", "when": "score > 0.9"},
    }
    result = bench.run(made(bench, steps))["deploy"]
    assert result.state is FAILED
    assert result.error == "score of step train is more than numbers, text and lists of them: it is kept as pickle"
    assert not mark.exists()


def test_a_condition_on_values_that_do_not_fit_fails_the_step(bench: Bench) -> None:
    steps = {"train": {"code": "score = 'good'", "gives": ["score"]}, "deploy": {"code": "pass", "when": "score > 1"}}
    result = bench.run(made(bench, steps))["deploy"]
    assert result.state is FAILED
    assert result.error.startswith("`when: score > 1`: TypeError: ")
    with pytest.raises(UsageError, match="Step only: `when: n > 1`: TypeError"):
        bench.planned(made(bench, {"only": {"code": "pass", "when": "n > 1"}}, n="text"), n="text")


def test_damaged_kept_values_of_a_condition_are_made_again(bench: Bench) -> None:
    chain = made(bench, CHOICE, quality=0.83)
    bench.run(chain, quality=0.83)

    def handed(self: StepCache, entry: Any, name: str) -> Any:
        raise IntegrityError("It is damaged.", kind="object-damaged")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StepCache, "handed", handed)
        results = bench.run(chain, quality=0.83)
    assert bench.engine.executed == ["train"]
    assert results["train"].why == "its kept values are damaged"
    assert results["deploy"].state is SKIPPED


# For each item

FAN: dict[str, dict[str, Any]] = {
    "load": {"code": "seeds = list(range(count))", "gives": ["seeds"], "parameters": ("count",)},
    "train": {"code": "model = seed * factor", "foreach": "seed in seeds", "gives": ["model"],
              "parameters": ("factor",)},
    "join": {"code": "best = max(model, default=None)", "takes": {"model": "train"}, "gives": ["best"]},
}  # fmt: skip


def test_a_step_runs_once_for_each_item_and_the_next_takes_the_list(bench: Bench) -> None:
    results = bench.run(made(bench, FAN, count=3, factor=2), count=3, factor=2)
    assert list(results) == ["load", "train.0", "train.1", "train.2", "join"]
    assert bench.value("train", "model") == [0, 2, 4]
    assert bench.value("join", "best") == 4
    assert {Path(result.notebook).name for result in results.values()} == {
        "load.ipynb", "train.0.ipynb", "train.1.ipynb", "train.2.ipynb", "join.ipynb",
    }  # fmt: skip


def test_items_run_at_once_when_there_is_room(bench: Bench) -> None:
    steps = {"wait": {"code": "import time; time.sleep(0.3)", "foreach": "n in [1, 2, 3]"}}
    bench.run(made(bench, steps), jobs=3, is_cached=False)
    assert bench.engine.most_at_once == 3


def test_instances_are_kept_one_by_one_wherever_they_stand(bench: Bench) -> None:
    steps = {
        "train": {"code": "model = seed * 2", "foreach": "seed in seeds", "gives": ["model"]},
        "join": {"code": "total = sum(model)", "takes": {"model": "train"}, "gives": ["total"]},
    }
    bench.run(made(bench, steps, seeds=[1, 2]), seeds=[1, 2])
    results = bench.run(made(bench, steps, seeds=[1, 2]), seeds=[1, 2])
    assert (bench.engine.executed, kept(results)) == ([], ["train.0", "train.1", "join"])
    results = bench.run(made(bench, steps, seeds=[5, 2, 1]), seeds=[5, 2, 1])
    assert bench.engine.executed == ["train.0", "join"]
    assert bench.value("join", "total") == 16, "in the new order, with what was kept"
    planned = bench.planned(made(bench, steps, seeds=[2, 9]), seeds=[2, 9])
    assert {name: action for name, (action, _) in planned.items()} == {
        "train.0": Action.KEEP, "train.1": Action.RUN, "join": Action.OPEN,
    }  # fmt: skip


def test_no_items_are_fine(bench: Bench) -> None:
    results = bench.run(made(bench, FAN, count=0, factor=2), count=0, factor=2)
    assert states(results) == {"load": DONE, "train": DONE, "join": DONE}
    assert results["train"].why == "foreach seed: no items"
    assert bench.value("join", "best") is None
    again = bench.run(made(bench, FAN, count=0, factor=2), count=0, factor=2)
    assert bench.engine.executed == []
    assert states(again) == {"load": DONE, "train": DONE, "join": DONE}


def test_one_item_that_fails_ends_what_takes_from_them_and_no_other_item(bench: Bench) -> None:
    steps = {
        "train": {"code": "model = 1 / seed", "foreach": "seed in [1, 0, 2]", "gives": ["model"]},
        "join": {"code": "pass", "takes": {"model": "train"}},
    }
    results = bench.run(made(bench, steps))
    assert states(results) == {"train.0": DONE, "train.1": FAILED, "train.2": DONE, "join": SKIPPED}
    assert results["join"].why == "train did not run"
    bench.run(made(bench, steps))
    assert bench.engine.executed == ["train.1"]


@pytest.mark.parametrize(("value", "why"), [(3, "3 is no list"), ("abc", "'abc' is no list")])
def test_what_is_no_list_is_said(bench: Bench, value: Any, why: str) -> None:
    steps = {"load": {"code": f"seeds = {value!r}", "gives": ["seeds"]}, "train": {"foreach": "seed in seeds"}}
    assert bench.run(made(bench, steps))["train"].error == f"`foreach: seed in seeds`: {why}"


def test_too_many_items_are_refused_before_anything_runs(bench: Bench) -> None:
    with pytest.raises(UsageError, match="5,000 items are more than 1,000"):
        bench.planned(made(bench, {"train": {"foreach": "n in range(5000)"}}))


def test_a_fan_after_a_fan_and_a_condition_on_its_list(bench: Bench) -> None:
    steps = {
        "first": {"code": "a = n + 1", "foreach": "n in [1, 2]", "gives": ["a"]},
        "second": {"code": "b = each * 10", "foreach": "each in a", "gives": ["b"]},
        "end": {"code": "c = b", "takes": {"b": "second"}, "when": "max(a) == 3 and len(b) == 2", "gives": ["c"]},
    }
    bench.run(made(bench, steps))
    assert bench.value("end", "c") == [20, 30]


def test_an_item_with_damaged_values_is_made_again(bench: Bench) -> None:
    steps = {
        "train": {"code": "model = [seed] * 9", "foreach": "seed in [1, 2]", "gives": ["model"]},
        "join": {"code": "total = sum(map(len, model)) * factor", "takes": {"model": "train"}, "gives": ["total"],
                 "parameters": ("factor",)},
    }  # fmt: skip
    bench.run(made(bench, steps, factor=1), factor=1)
    original, damaged = bench.project.objects.restore, []

    def restore(digest: str, path: Path, **more: Any) -> None:
        if path.parent.name == "train.1" and not damaged:
            damaged.append(path)
            raise IntegrityError("It is damaged.", kind="object-damaged")
        original(digest, path, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.project.objects, "restore", restore)
        results = bench.run(made(bench, steps, factor=2), factor=2)
    assert bench.engine.executed == ["train.1", "join"]
    assert results["train.1"].why == "its kept values are damaged"
    assert bench.value("join", "total") == 36


def test_only_and_from_mean_all_instances(bench: Bench) -> None:
    chain = made(bench, FAN, count=2, factor=2)
    bench.run(chain, count=2, factor=2)
    results = bench.run(chain, choice=choose(chain, only=["train"]), count=2, factor=2)
    assert bench.engine.executed == ["train.0", "train.1"]
    assert results["join"].is_kept
    bench.run(chain, choice=choose(chain, start=["train"]), count=2, factor=2)
    assert bench.engine.executed == ["train.0", "train.1", "join"]


# At the end

SEEN = "import pathlib; pathlib.Path(spec.folder, 'seen').write_text(repr((status, failed_step, error)))"
ENDED: dict[str, dict[str, Any]] = {
    "work": {"code": "assert ok", "parameters": ("ok",)},
    "after": {"code": "pass", "needs": ("work",)},
    "tell": {"code": SEEN, "exit": True, "parameters": ("status", "failed_step", "error")},
}
NAMES = {"status": "", "failed_step": "", "error": ""}


def seen(bench: Bench) -> Any:
    return eval((bench.project.root / "seen").read_text())


def test_an_exit_step_runs_at_the_end_of_a_run_that_went_well(bench: Bench) -> None:
    results = bench.run(made(bench, ENDED, ok=True, **NAMES), ok=True, **NAMES)
    assert bench.engine.executed == ["work", "after", "tell"]
    assert results["tell"].why == "it ends the run"
    assert seen(bench) == ("done", "", "")


def test_an_exit_step_runs_after_a_failure_and_learns_of_it(bench: Bench) -> None:
    results = bench.run(made(bench, ENDED, ok=False, **NAMES), ok=False, **NAMES)
    assert states(results) == {"work": FAILED, "after": SKIPPED, "tell": DONE}
    assert seen(bench) == ("failed", "work", "AssertionError: ")


def test_an_exit_step_is_told_in_its_environment_and_may_have_a_condition(bench: Bench) -> None:
    code = "import pathlib; pathlib.Path(spec.folder, 'seen').write_text(repr(spec.environment['NBMLOPS_STATUS']))"
    steps = {"work": ENDED["work"], "tell": {"code": code, "exit": True, "when": "status == 'failed'"}}
    results = bench.run(made(bench, steps, ok=True), ok=True)
    assert results["tell"].why == "when: status == 'failed' is false: status is 'done'"
    bench.run(made(bench, steps, ok=False), ok=False)
    assert seen(bench) == "failed"


def test_an_exit_step_that_fails_fails_after_what_failed_before(bench: Bench) -> None:
    steps = {"work": ENDED["work"], "tell": {"code": "1 / 0", "exit": True}}
    results = bench.run(made(bench, steps, ok=False), ok=False)
    assert [name for name, result in results.items() if result.state is FAILED] == ["work", "tell"]


def test_where_nothing_is_executed_no_exit_step_is_needed(bench: Bench) -> None:
    chain = made(bench, ENDED, ok=True, **NAMES)
    assert bench.planned(chain, ok=True, **NAMES)["tell"] == (Action.RUN, "it ends the run")
    bench.run(chain, ok=True, **NAMES)
    assert bench.planned(chain, ok=True, **NAMES)["tell"] == (Action.LEAVE, "it ends a run, and there is none")


def test_an_exit_step_that_takes_a_value_is_left_out_where_there_is_none(bench: Bench) -> None:
    steps = {
        "work": {"code": "assert ok\nscore = 1", "parameters": ("ok",), "gives": ["score"]},
        "tell": {"code": "pass", "takes": {"score": "work"}, "exit": True},
    }
    assert states(bench.run(made(bench, steps, ok=True), ok=True)) == {"work": DONE, "tell": DONE}
    assert bench.run(made(bench, steps, ok=False), ok=False)["tell"].why == "work did not run"


@pytest.mark.parametrize("times", [1, 2])
def test_an_exit_step_runs_after_ctrl_c_and_another_one_ends_it(bench: Bench, times: int) -> None:
    slow = "import time\nfor _ in range(400):\n    time.sleep(0.05)\n    if stop.is_asked: raise KeyboardInterrupt"
    steps = {
        "work": {"code": slow},
        "tell": {"code": f"{slow if times == 2 else ''}\n{SEEN}", "exit": True, "parameters": tuple(NAMES)},
    }
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def press() -> None:
        for number in range(times):
            while len(bench.engine.executed) <= number:
                time.sleep(0.02)
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    try:
        with pytest.raises(Interrupted) as stopped:
            bench.run(made(bench, steps, **NAMES), is_cached=False, **NAMES)
    finally:
        pressing.join()
        signal.signal(signal.SIGINT, before)
    found = {result.step: result.state for result in stopped.value.results}
    assert found == {"work": StepState.KILLED, "tell": DONE if times == 1 else StepState.KILLED}
    if times == 1:
        assert seen(bench)[0] == "killed"


def test_only_one_step_leaves_the_exit_step_out(bench: Bench) -> None:
    chain = made(bench, ENDED, ok=True, **NAMES)
    results = bench.run(chain, choice=choose(chain, only=["work"]), ok=True, **NAMES)
    assert results["tell"].why == "not asked for"


def test_a_large_value_is_not_read_for_a_condition() -> None:
    held = Held(names=("big",), format="json", file="big.json", digest="", size=10**9)
    with pytest.raises(StateError, match="it has 1,000,000,000 bytes"):
        plain_value(Manifest(step="load", held=(held,)), "big", lambda each: b"")


def test_kept_values_of_another_version_are_made_again(bench: Bench) -> None:
    steps = {
        "load": {"code": "x = 1", "gives": ["x"]},
        "use": {"code": "y = x * n", "takes": {"x": "load"}, "gives": ["y"], "parameters": ("n",)},
    }
    bench.run(made(bench, steps, n=1), n=1)
    for entry in bench.project.records.newest(StepEntry, limit=10):
        newer = bench.project.objects.read(entry.manifest).replace(b'"version":1', b'"version":99')
        digest, _ = bench.project.objects.put_bytes(newer)
        bench.project.records.put(
            msgspec.structs.replace(entry, manifest=digest), id=entry.id, subject=identity_of(entry.key)
        )
    results = bench.run(made(bench, steps, n=1), n=1)
    assert bench.engine.executed == ["load", "use"]
    assert results["load"].why == "its kept values are damaged, or of another version"
