"""Many values of a pipeline's parameters are tried, by one process and by several, and again after a stop."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import Terminal, write

NOTEBOOK = """
# %%
%load_ext nbmlops
# %% tags=["parameters"]
x = 1.0
shape = "round"
# %% [markdown]
# # Prepare
# %%
from pathlib import Path

ground = sum(range(1000)) * 0
with open("prepared.txt", "a") as file:
    file.write("prepared\\n")
# %% [markdown]
# # Score
# %%
if x < -90:
    raise ValueError("too low")
score = ground - (x - 2) ** 2 - (1 if shape == "square" else 0)
%mlops log score={score}
Path("score.txt").write_text(str(score))
"""


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Iterator[Terminal]:
    folder = tmp_path_factory.mktemp("sweep")
    write(folder, "hill.ipynb", NOTEBOOK)
    terminal = Terminal(folder, variables)
    terminal.good("init")
    terminal.good("export", "hill.ipynb", "--no-verify")
    yield terminal
    terminal.close()


def sweep(terminal: Terminal, *words: str) -> dict[str, Any]:
    answer: dict[str, Any] = terminal.good("sweep", "pipelines/hill", *words)
    return answer


def test_a_grid_is_tried_once_and_its_best_can_be_run(terminal: Terminal) -> None:
    words = ("--space", "x=choice(0.0, 2.0)", "--space", "shape=choice(round, square)", "--sampler", "grid")
    answer = sweep(terminal, *words, "--name", "grid")
    assert len(answer["trials"]) == 4
    assert (answer["best"]["values"], answer["best"]["value"]) == ({"x": "2.0", "shape": "'round'"}, 0.0)
    assert [trial["value"] for trial in answer["trials"]] == [0.0, -1.0, -4.0, -5.0]
    prepared = (terminal.folder / "prepared.txt").read_text().splitlines()
    assert len(prepared) == 1, "what does not depend on the values is executed once"
    result = terminal.good("run", "pipelines/hill", "-f", answer["params_file"])
    assert not result["is_new"]
    assert result["result"]["parameters"] == {"x": 2.0, "shape": "round"}
    children = terminal.good("show", answer["best"]["run"])["run"]
    assert children["parent"] == answer["run"]
    assert terminal.good("show", answer["run"])["run"]["metrics"]["best"] == 0.0


@pytest.mark.slow
def test_a_sweep_goes_on_and_several_processes_share_it(terminal: Terminal) -> None:
    words = ("--space", "x=uniform(-5, 5)", "--name", "shared")
    first = sweep(terminal, *words, "--trials", "2")
    assert len(first["trials"]) == 2
    second = sweep(terminal, *words, "--trials", "6", "--jobs", "2")
    assert len(second["trials"]) >= 6
    numbers = [trial["number"] for trial in second["trials"]]
    assert sorted(numbers) == list(range(len(numbers)))
    assert {trial["run"] for trial in first["trials"]} <= {trial["run"] for trial in second["trials"]}
    assert second["best"]["value"] == max(trial["value"] for trial in second["trials"])


def test_another_space_needs_another_name(terminal: Terminal) -> None:
    sweep(terminal, "--space", "x=choice(1.0)", "--name", "taken", "--trials", "1")
    done = terminal.nbmlops("sweep", "pipelines/hill", "--space", "x=choice(3.0)", "--name", "taken")
    assert done.returncode != 0
    assert "There is a sweep taken already" in done.stderr


@pytest.mark.slow
def test_trials_that_fail_are_told_and_cost_only_themselves(terminal: Terminal) -> None:
    words = ("--space", "x=choice(1.0, -99.0)", "--sampler", "grid", "--name", "failing")
    answer = sweep(terminal, *words)
    assert {trial["state"] for trial in answer["trials"]} == {"complete", "fail"}
    assert answer["best"]["values"] == {"x": "1.0"}
    assert any("too low" in trial["error"] for trial in answer["trials"])
    done = terminal.nbmlops("sweep", "pipelines/hill", "--space", "x=uniform(-99, -98)", "--name", "hopeless", "--json")
    assert "too low" in json.loads(done.stdout)["message"]


def test_a_metric_that_is_not_there_is_named(terminal: Terminal) -> None:
    done = terminal.nbmlops("sweep", "pipelines/hill", "--space", "x=choice(1.0)", "--name", "no", "--metric", "f1")
    assert done.returncode != 0
    assert "no metric 'f1'. Name one with --metric: score" in done.stderr


def test_an_interrupted_sweep_keeps_its_trials(terminal: Terminal) -> None:
    name = f"stopped-{time.time_ns()}"  # the folder is shared: tried again, it is another sweep
    process = terminal.start("nbmlops", "sweep", "pipelines/hill", "--space", "x=uniform(-3, 9)", "--name", name,
                             "--trials", "200", "--jobs", "2")  # fmt: skip
    journal = terminal.folder / ".nbmlops" / "sweeps" / name / "journal.log"
    until = time.monotonic() + 120
    while time.monotonic() < until and not _told(journal, 3):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert f"the trials of sweep {name} are kept. Go on with the same command." in errors
    answer = sweep(terminal, "--space", "x=uniform(-3, 9)", "--name", name, "--trials", "3")
    assert sum(trial["state"] == "complete" for trial in answer["trials"]) >= 3
    assert not any(trial["state"] == "running" for trial in answer["trials"])


LEARNING = """
# %%
import time
import nbmlops
# %% tags=["parameters"]
rate = 1.0
# %%
loss = 100.0
for epoch in range(40):
    loss *= 1 - rate
    nbmlops.log_metric("loss", loss, epoch)
    if rate < 0.1:
        time.sleep(0.5)
"""


@pytest.mark.slow
def test_a_trial_that_is_worse_than_others_on_the_way_is_stopped(terminal: Terminal) -> None:
    write(terminal.folder, "learning.ipynb", LEARNING)
    terminal.good("export", "learning.ipynb", "--no-verify")
    words = ("sweep", "pipelines/learning", "--space", "rate=choice(0.5, 0.4, 0.3, 0.2, 0.01)", "--sampler", "grid")
    done = terminal.nbmlops(*words, "--pruner", "median")
    assert "which metric to look at. Name it with --metric" in done.stderr
    answer = terminal.good(*words, "--metric", "loss", "--direction", "minimize", "--pruner", "median")
    *good, bad = answer["trials"]
    assert [trial["state"] for trial in good] == ["complete"] * 4
    assert (bad["state"], bad["values"]) == ("pruned", {"rate": "0.01"})
    assert answer["best"]["values"] == {"rate": "0.5"}
    run = terminal.good("show", bad["run"])["run"]
    assert (run["status"], run["parent"]) == ("KILLED", answer["run"])
    assert terminal.good(*words, "--metric", "loss", "--direction", "minimize")["trials"] == answer["trials"]


def _told(journal: Path, count: int) -> bool:
    """Whether so many trials have a value."""
    return journal.exists() and journal.read_text(errors="replace").count('"values":[') >= count
