"""A pipeline's run and a sweep while they go, seen from another process; and a run that is killed outright."""

from __future__ import annotations

from typing import Any

from tests.journeys.conftest import Terminal, eventually, write

WAITING = """
# %%
%load_ext nbmlops
# %% tags=["parameters"]
x = 1
# %% [markdown]
# # First
# %%
import os
from pathlib import Path
started = x + len(os.sep)
# %%
%mlops log begun={started}
# %% [markdown]
# # Second
# %%
import time
more = started + 1
# %%
Path("there").write_text("yes")
while not Path("go").exists():
    time.sleep(0.1)
# %%
%mlops log score={-more * more}
"""


def running(terminal: Terminal) -> Any:
    """The newest execution, and the step that is running."""
    execution = terminal.good("pipelines")["executions"][0]
    return execution, next((step for step in execution["steps"] if step["state"] == "running"), None)


def test_a_run_is_seen_while_it_goes_and_after_it_was_killed(terminal: Terminal) -> None:
    write(terminal.folder, "slow.ipynb", WAITING)
    terminal.good("export", "slow.ipynb", "--no-verify")
    process = terminal.start("nbmlops", "run", "pipelines/slow", "-p", "x=5")
    there = terminal.folder / "there"
    assert eventually(there.exists)

    def in_the_middle() -> bool:
        execution, step = running(terminal)
        return bool(
            step and step["step"] == "second" and "there" in step["preview"] and step["run"] and execution["run"]
        )

    assert eventually(in_the_middle)
    execution, step = running(terminal)
    assert (execution["state"], execution["is_live"], execution["parameters"]["x"]) == ("running", True, 5)
    assert execution["steps"][0]["state"] == "done"
    assert 0 < step["done"] < step["total"]
    refused = terminal.nbmlops("resume", execution["run"])
    assert "is under way" in refused.stderr
    process.kill()
    process.communicate(timeout=40)
    execution, step = running(terminal)
    assert (execution["state"], execution["is_live"], execution["is_resumable"], step) == ("killed", False, True, None)
    (terminal.folder / "go").write_text("")
    result = terminal.good("resume", "last")["result"]
    assert (result["state"], result["parameters"]["x"]) == ("done", 5)
    assert [each["is_kept"] for each in result["steps"]] == [True, False]
    assert result["metrics"] == {"begun": 6, "score": -49}
    states = [each["state"] for each in terminal.good("pipelines", "slow")["executions"]]
    assert states == ["done", "killed"]


def test_a_sweep_is_seen_while_it_goes_and_afterwards(terminal: Terminal) -> None:
    write(terminal.folder, "slow.ipynb", WAITING)
    terminal.good("export", "slow.ipynb", "--no-verify")
    words = ("sweep", "pipelines/slow", "--space", "x=choice(3, 1, 2)", "--sampler", "grid", "--name", "tune",
             "--metric", "score")  # fmt: skip
    process = terminal.start("nbmlops", *words, "--json")
    assert eventually((terminal.folder / "there").exists)
    (sweep,) = terminal.good("pipelines")["sweeps"]
    assert (sweep["state"], sweep["trials"], sweep["done"], sweep["best"]) == ("running", 3, 0, None)
    (terminal.folder / "go").write_text("")
    out, errors = process.communicate(timeout=240)
    assert process.returncode == 0, out + errors
    found = terminal.good("pipelines")
    (sweep,) = found["sweeps"]
    assert (sweep["state"], sweep["done"], sweep["best"]["values"]) == ("done", 3, {"x": "1"})
    assert sweep["params_file"].endswith("best.yaml")
    assert found["executions"] == []
