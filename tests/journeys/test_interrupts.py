"""Ctrl-C and SIGTERM in the middle of a pipeline run and of an export."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from tests.journeys.conftest import Terminal, eventually, is_gone, one_line, write

TWO_STEPS = """
# %% [markdown]
# # First
# %%
import os, time
from pathlib import Path
started = sum([1])
# %% [markdown]
# # Second
# %%
print("in the middle", started)
Path("pid").write_text(str(os.getpid()))
time.sleep({seconds})
ended = started + 1
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_is_killed_its_kernel_gone_and_what_was_done_kept(
    terminal: Terminal, number: signal.Signals
) -> None:
    write(terminal.folder, "slow.ipynb", TWO_STEPS.format(seconds=600))
    exported = terminal.good("export", "slow.ipynb", "--no-verify")
    last = exported["pipeline"]["steps"][-1]["name"]
    process = terminal.start("nbmlops", "run", "pipelines/slow", "--json")
    pid = terminal.folder / "pid"
    assert eventually(lambda: pid.exists() and pid.read_text())
    kernel = int(pid.read_text())
    process.send_signal(number)
    out, errors = process.communicate(timeout=40)
    assert process.returncode == 130, out + errors
    assert json.loads(out)["kind"] == "interrupted"
    assert "Traceback" not in errors
    assert eventually(lambda: is_gone(kernel), 10)
    runs = {run["name"]: run for run in terminal.good("runs")["runs"]}
    assert runs["slow"]["status"] == "KILLED"
    assert runs[last]["status"] == "KILLED"
    assert {run["status"] for run in runs.values()} <= {"KILLED", "FINISHED"}
    kept = [path.read_text() for path in (terminal.folder / ".nbmlops" / "runs").rglob("*.ipynb")]
    assert any("in the middle 1" in text for text in kept)
    assert len(list((terminal.folder / ".nbmlops" / "runs").rglob("result.json"))) == 1


def test_an_exit_step_runs_after_ctrl_c_and_learns_of_it(terminal: Terminal) -> None:
    tell = "\n# %% [markdown]\n# # Tell\n# %%\nimport os\nopen('told', 'w').write(os.environ['NBMLOPS_STATUS'])"
    write(terminal.folder, "slow.ipynb", TWO_STEPS.format(seconds=600) + tell)
    terminal.good("export", "slow.ipynb", "--no-verify")
    document = terminal.folder / "pipelines" / "slow" / "pipeline.yaml"
    text = document.read_text()
    assert "- name: tell\n" in text
    document.write_text(text.replace("- name: tell\n", "- name: tell\n    exit: true\n"))
    process = terminal.start("nbmlops", "run", "pipelines/slow", "--json")
    pid = terminal.folder / "pid"
    assert eventually(lambda: pid.exists() and pid.read_text())
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 130, out + errors
    assert json.loads(out)["message"].startswith("Stopped in step second")
    assert (terminal.folder / "told").read_text() == "killed"
    runs = {run["name"]: run["status"] for run in terminal.good("runs")["runs"]}
    assert (runs["slow"], runs["second"], runs["tell"]) == ("KILLED", "KILLED", "FINISHED")


@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.2, 2.5])
def test_a_run_that_is_stopped_early_leaves_nothing_running(terminal: Terminal, seconds: float) -> None:
    """While it imports, opens its run, or starts a kernel."""
    import time

    write(terminal.folder, "slow.ipynb", TWO_STEPS.format(seconds=600))
    terminal.good("export", "slow.ipynb", "--no-verify")
    process = terminal.start("nbmlops", "run", "pipelines/slow")
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT), errors
    # On a fast machine the first step is done by then.
    runs = {run["name"]: run["status"] for run in terminal.good("runs")["runs"]}
    assert runs.pop("slow", "KILLED") == "KILLED"
    assert set(runs.values()) <= {"KILLED", "FINISHED"}


BETWEEN = """
from pathlib import Path
from nbmlops.errors import InterruptedRunError
from nbmlops.ops.call import Call
from nbmlops.ops.run import Request, run

def stop(progress):
    if progress.state == "done" and progress.task != "mlflow":
        raise KeyboardInterrupt

try:
    run(Call(Path.cwd(), progress=stop), Request(pipeline="pipelines/slow"))
except InterruptedRunError:
    print("stopped")
"""


def test_a_run_that_is_stopped_between_two_steps_does_not_look_finished(terminal: Terminal) -> None:
    write(terminal.folder, "slow.ipynb", TWO_STEPS.format(seconds=600))
    terminal.good("export", "slow.ipynb", "--no-verify")
    command = [sys.executable, "-c", BETWEEN]
    done = subprocess.run(
        command, cwd=terminal.folder, env=terminal.variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "stopped\n", done.stderr
    assert {run["name"]: run["status"] for run in terminal.good("runs")["runs"]}["slow"] == "KILLED"


def test_a_run_that_is_killed_outright_takes_its_kernel_along_and_does_not_stay_running(terminal: Terminal) -> None:
    write(terminal.folder, "slow.ipynb", TWO_STEPS.format(seconds=600))
    terminal.good("export", "slow.ipynb", "--no-verify")
    process = terminal.start("nbmlops", "run", "pipelines/slow")
    pid = terminal.folder / "pid"
    assert eventually(lambda: pid.exists() and pid.read_text())
    kernel = int(pid.read_text())
    process.kill()
    process.communicate(timeout=40)
    assert eventually(lambda: is_gone(kernel), 30)
    assert eventually(lambda: {run["status"] for run in terminal.good("runs")["runs"]} <= {"KILLED", "FINISHED"}, 30)


def test_a_stopped_export_writes_nothing(terminal: Terminal) -> None:
    write(terminal.folder, "slow.ipynb", TWO_STEPS.format(seconds=600))
    # The proof executes in a copy of the project: the kernel tells where it is by its name for the file.
    marker = terminal.folder.parent / "pid"
    text = (terminal.folder / "slow.ipynb").read_text().replace('Path(\\"pid\\")', f'Path(\\"{marker}\\")')
    (terminal.folder / "slow.ipynb").write_text(text)
    process = terminal.start("nbmlops", "export", "slow.ipynb")
    assert eventually(lambda: marker.exists() and marker.read_text())
    kernel = int(marker.read_text())
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=40)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "Stopped while verifying; nothing was exported." in errors
    assert eventually(lambda: is_gone(kernel), 10)
    parent = terminal.folder / "pipelines"
    assert not parent.exists() or not list(parent.iterdir())


def test_a_step_that_fails_fails_the_run_with_one_line(terminal: Terminal) -> None:
    source = TWO_STEPS.format(seconds=0) + '# %%\nPath("never").write_text(str([][ended]))'
    write(terminal.folder, "broken.ipynb", source)
    terminal.good("export", "broken.ipynb", "--no-verify")
    done = terminal.nbmlops("run", "pipelines/broken")
    assert done.returncode == 6
    assert "IndexError: list index out of range" in one_line(done)
    runs = {run["name"]: run["status"] for run in terminal.good("runs")["runs"]}
    assert runs["broken"] == "FAILED"
    assert sorted(runs.values()) == ["FAILED", "FAILED", "FINISHED"]
