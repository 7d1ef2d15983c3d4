"""A pipeline with a fan-out, a condition and an exit step, from the first run to the tenth."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import Terminal, one_line, write
from tests.kernels import Kernel

NOTEBOOK = """
# %% tags=["parameters"]
least = 3
seed = 0
# %% [markdown]
# # Load
# %%
seeds = [int(text) for text in "1 2".split()]
# %% [markdown]
# # Train
# %%
import nbmlops

score = seed + 1.0
nbmlops.log_metric("score", score)
# %% [markdown]
# # Deploy
# %%
count = len(seeds)
best = max([score]) if isinstance(score, float) else max(score)
from pathlib import Path

Path("deployed.txt").write_text(f"{best} over {least}")
# %% [markdown]
# # Tell
# %%
import os
from pathlib import Path

Path("told.txt").write_text(os.environ.get("NBMLOPS_STATUS", "") + " " + os.environ.get("NBMLOPS_FAILED_STEP", ""))
"""


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Iterator[Terminal]:
    """An exported pipeline, edited by hand as the documentation says, that has run once."""
    folder = tmp_path_factory.mktemp("flow")
    write(folder, "work.ipynb", NOTEBOOK)
    terminal = Terminal(folder, variables)
    terminal.good("init")
    terminal.good("export", "work.ipynb", "--no-verify")
    document = folder / "pipelines" / "work" / "pipeline.yaml"
    text = document.read_text()
    for name, more in (
        ("train", "foreach: seed in seeds"),
        ("deploy", "when: max(score) > least"),
        ("tell", "exit: true"),
    ):
        text, count = re.subn(rf"(  - name: {name}\n)", rf"\1    {more}\n", text)
        assert count == 1, text
    document.write_text(text)
    terminal.good("run", "pipelines/work")
    yield terminal
    terminal.close()


def run(terminal: Terminal, *words: str) -> dict[str, Any]:
    result: dict[str, Any] = terminal.good("run", "pipelines/work", *words)["result"]
    return result


def states(result: dict[str, Any]) -> dict[str, str]:
    return {step["step"]: "kept" if step["is_kept"] else step["state"] for step in result["steps"]}


def test_a_pipeline_with_branches_executed_kept_and_with_other_values(terminal: Terminal) -> None:
    planned = terminal.good("run", "pipelines/work", "--force", "--dry-run")["plan"]
    assert {each["step"]: each["action"] for each in planned} == {
        "load": "run", "train": "open", "deploy": "open", "tell": "run",
    }  # fmt: skip
    result = run(terminal, "--force")
    assert states(result) == {
        "load": "done", "train.0": "done", "train.1": "done", "deploy": "skipped", "tell": "done",
    }  # fmt: skip
    why = {step["step"]: step["why"] for step in result["steps"]}
    assert why["deploy"] == "when: max(score) > least is false: score is [2.0, 3.0], least is 3"
    assert not (terminal.folder / "deployed.txt").exists()
    assert (terminal.folder / "told.txt").read_text() == "done "
    # Each instance has a run, a notebook and a page of its own.
    for step in result["steps"]:
        if step["state"] == "done":
            assert Path(step["notebook"]).is_file()
            assert Path(step["page"]).is_file()
    second = next(step for step in result["steps"] if step["step"] == "train.1")
    child = terminal.good("show", second["run"])["run"]
    assert (child["name"], child["metrics"], child["params"]["seed"]) == ("train.1", {"score": 3.0}, "2")
    assert result["metrics"] == {}, "what each instance measured is on its own run"

    answer = terminal.good("run", "pipelines/work")
    assert not answer["is_new"]
    assert states(answer["result"])["train.1"] == "kept"

    result = run(terminal, "-p", "least=2")
    assert states(result) == {
        "load": "kept", "train.0": "kept", "train.1": "kept", "deploy": "done", "tell": "done",
    }  # fmt: skip
    assert (terminal.folder / "deployed.txt").read_text() == "3.0 over 2"


@pytest.mark.slow
def test_such_a_run_can_be_reproduced(terminal: Terminal) -> None:
    """Instances that were kept count where they stand in this run, not in the one that executed them."""
    path = next((terminal.folder / "pipelines" / "work" / "steps").glob("*load.ipynb"))
    before = path.read_text()
    path.write_text(before.replace("1 2", "2 1"))
    assert path.read_text() != before
    result = run(terminal, "-p", "least=1", "--name", "turned")
    path.write_text(before)
    assert states(result)["train.0"] == states(result)["train.1"] == "kept"
    again = terminal.good("reproduce", "turned")["reproduction"]
    assert (again["verdict"], again["differences"]) == ("REPRODUCED", []), again


def test_the_exit_step_learns_what_failed_and_the_run_has_failed_all_the_same(terminal: Terminal) -> None:
    path = next((terminal.folder / "pipelines" / "work" / "steps").glob("*train.ipynb"))
    before = path.read_text()
    path.write_text(before.replace("score = seed + ", "assert seed < 2\\nscore = seed + "))
    done = terminal.nbmlops("run", "pipelines/work", "--name", "broken")
    assert done.returncode == 6
    assert "Step train.1 failed: " in one_line(done)
    assert (terminal.folder / "told.txt").read_text() == "failed train.1"
    statuses = {each["name"]: each["status"] for each in terminal.good("runs", "--limit", "50")["runs"]}
    assert statuses["broken"] == "FAILED"
    path.write_text(before)
    with Kernel(terminal.folder, terminal.variables) as kernel:
        kernel.run("%load_ext nbmlops")
        assert kernel.run("%mlops enter broken").error == ""
        assert kernel.run("print(seed)").text == "2\n", "the instance that failed"
    resumed = terminal.good("resume", "broken")
    assert json.dumps(resumed["result"]["state"]) == '"done"'
