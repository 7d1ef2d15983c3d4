"""Batch runs that go wrong: a cell that raises, a kernel that is killed, two that write at once."""

from __future__ import annotations

import os
import signal

import nbformat

from tests.journeys.conftest import Terminal, eventually, is_gone, write

SLOW = """
import os, time
from pathlib import Path
print("before")
Path("pid").write_text(str(os.getpid()))
time.sleep(600)
"""


def test_a_failing_cell_fails_papermill_and_the_run_and_keeps_what_was_done(terminal: Terminal) -> None:
    source = '# %% tags=["parameters"]\nn = 1\n# %%\nprint("before", n)\n# %%\nraise ValueError("on purpose")\n'
    write(terminal.folder, "failing.ipynb", source + '# %%\nprint("never")')
    done = terminal.papermill("failing.ipynb", "out.ipynb", "-p", "n", "5")
    assert done.returncode != 0
    assert "ValueError: on purpose" in done.stderr
    text = (terminal.folder / "out.ipynb").read_text()
    assert "before 5" in text
    outputs = [cell.get("outputs") for cell in nbformat.read(terminal.folder / "out.ipynb", 4).cells]
    assert outputs[-1] == []
    run = terminal.good("show", "failing")["run"]
    assert run["status"] == "FAILED"
    assert run["params"]["n"] == "5"
    assert "on purpose" in run["tags"]["nbmlops.failure"]
    kept = list((terminal.folder / ".nbmlops" / "artifacts").rglob("traceback.txt"))
    assert len(kept) == 1
    assert "ValueError: on purpose" in kept[0].read_text()


def test_a_killed_kernel_leaves_no_run_running(terminal: Terminal) -> None:
    write(terminal.folder, "slow.ipynb", SLOW)
    process = terminal.start("papermill", "slow.ipynb", "out.ipynb", "--engine", "nbmlops", "--no-progress-bar")
    pid = terminal.folder / "pid"
    assert eventually(lambda: pid.exists() and pid.read_text())
    os.kill(int(pid.read_text()), signal.SIGKILL)
    assert process.wait(60) != 0
    assert "before" in (terminal.folder / "out.ipynb").read_text()
    assert eventually(lambda: [run["status"] for run in terminal.good("runs")["runs"]] == ["KILLED"], 30)


def test_a_killed_papermill_leaves_neither_a_kernel_nor_a_running_run(terminal: Terminal) -> None:
    write(terminal.folder, "slow.ipynb", SLOW)
    process = terminal.start("papermill", "slow.ipynb", "out.ipynb", "--engine", "nbmlops", "--no-progress-bar")
    pid = terminal.folder / "pid"
    assert eventually(lambda: pid.exists() and pid.read_text())
    process.kill()
    process.wait(20)
    assert eventually(lambda: is_gone(int(pid.read_text())), 30)
    assert eventually(lambda: [run["status"] for run in terminal.good("runs")["runs"]] == ["KILLED"], 30)


def test_two_notebooks_may_track_into_one_project_at_once(terminal: Terminal) -> None:
    source = '# %%\nfor i in range(20):\n    get_ipython().run_line_magic("mlops", f"log {name}={i} --step {i}")'
    processes = []
    for name in ("one", "two"):
        write(terminal.folder, f"{name}.ipynb", f"name = {name!r}\n{source}")
        words = [f"{name}.ipynb", f"out-{name}.ipynb", "--engine", "nbmlops", "--no-progress-bar"]
        processes.append(terminal.start("papermill", *words))
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    runs = {run["name"]: run for run in terminal.good("runs")["runs"]}
    assert {name: run["status"] for name, run in runs.items()} == {"one": "FINISHED", "two": "FINISHED"}
    assert runs["one"]["metrics"] == {"one": 19.0}
    assert runs["two"]["metrics"] == {"two": 19.0}


def test_a_notebook_whose_project_is_broken_executes_untracked_and_says_so(terminal: Terminal) -> None:
    """Tracking that cannot be is one line, never a failed notebook."""
    (terminal.folder / "nbmlops.toml").write_text("[tracking\n")
    write(terminal.folder, "fine.ipynb", "print('it runs')")
    done = terminal.papermill("fine.ipynb", "out.ipynb")
    assert done.returncode == 0, done.stderr
    assert "nbmlops does not track this notebook: nbmlops.toml is not valid TOML" in done.stderr
    assert "it runs" in (terminal.folder / "out.ipynb").read_text()
