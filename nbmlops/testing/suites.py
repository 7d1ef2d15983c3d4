"""What every adapter of a port has to do. An adapter proves itself by inheriting its port's suite:

class TestLocalEngine(EngineSuite):
    @pytest.fixture
    def engine(self) -> Engine:
        return LocalEngine()
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbmlops.lib.process import process_started
from nbmlops.lib.stop import Stop
from nbmlops.model.pipeline import StepResult, StepState
from nbmlops.ports import Engine, StepProgress, StepSpec
from nbmlops.testing.notebooks import notebook_file

GONE_SECONDS = 20.0
"""Within this time nothing of a stopped step may be left."""


class EngineSuite(ABC):
    """Steps are executed untracked: what a kernel tells MLflow is no business of an engine."""

    @pytest.fixture
    @abstractmethod
    def engine(self) -> Engine:
        """The adapter."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """Paths of people have spaces and more letters than ASCII."""
        folder = tmp_path / "Ma thèse – données"
        folder.mkdir()
        return folder

    def test_a_step_that_succeeds_leaves_its_executed_notebook(self, engine: Engine, place: Path) -> None:
        result, _ = run(engine, spec(place, "print('seen')"))
        assert (result.state, result.error) == (StepState.DONE, "")
        assert result.notebook == str(place / "out" / "étape 1.ipynb")
        assert result.seconds > 0
        assert "seen" in printed(result)

    def test_the_source_notebook_is_not_touched(self, engine: Engine, place: Path) -> None:
        wanted = spec(place, '# %% tags=["parameters"]\nn = 1\n# %%\nprint(n)', parameters={"n": 2})
        before = Path(wanted.notebook).read_bytes()
        run(engine, wanted)
        assert Path(wanted.notebook).read_bytes() == before

    def test_progress_names_the_step_and_each_cell_in_order(self, engine: Engine, place: Path) -> None:
        _, events = run(engine, spec(place, "# %%\nfirst = 1\n# %%\nsecond = 2"))
        assert {event.step for event in events} == {"step"}
        assert [event.preview for event in events] == ["first = 1", "second = 2"]
        assert [(event.cell, event.total) for event in events] == [(0, 2), (1, 2)]

    def test_parameters_arrive_as_the_values_they_are(self, engine: Engine, place: Path) -> None:
        values = {"text": "a 'b' \"c\" ü\n", "number": 2.5, "truth": True, "nothing": None, "some": [1, {"a": [2]}]}
        source = '# %% tags=["parameters"]\ntext = number = truth = nothing = some = 0\n# %%\n'
        result, _ = run(engine, spec(place, source + "print([text, number, truth, nothing, some])", parameters=values))
        assert repr(list(values.values())) in printed(result)

    def test_a_step_works_in_the_folder_it_was_given(self, engine: Engine, place: Path) -> None:
        wanted = spec(place, "import os\nprint(os.getcwd())\nopen('left here.txt', 'w').write('x')")
        result, _ = run(engine, wanted)
        assert wanted.folder in printed(result)
        assert (Path(wanted.folder) / "left here.txt").read_text() == "x"

    def test_a_step_sees_the_variables_it_was_given(self, engine: Engine, place: Path) -> None:
        wanted = spec(place, "import os\nprint(os.environ['A_VARIABLE'])", environment={"A_VARIABLE": "naïve value"})
        assert "naïve value" in printed(run(engine, wanted)[0])
        assert "A_VARIABLE" not in os.environ

    def test_a_cell_that_raises_fails_the_step_with_one_line_and_keeps_what_was_done(
        self, engine: Engine, place: Path
    ) -> None:
        source = "# %%\nprint('before')\n# %%\nraise ValueError('no such\\nthing')\n# %%\nprint('never')"
        result, _ = run(engine, spec(place, source))
        assert result.state is StepState.FAILED
        assert "ValueError: no such" in result.error
        assert "\n" not in result.error
        assert "before" in printed(result)
        assert "never" not in printed(result)

    def test_a_step_that_calls_exit_has_failed(self, engine: Engine, place: Path) -> None:
        result, _ = run(engine, spec(place, "# %%\nimport sys; sys.exit(2)\n# %%\nprint('never')"))
        assert result.state is StepState.FAILED
        assert "SystemExit" in result.error

    @pytest.mark.parametrize("death", ["os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)"])
    def test_a_kernel_that_dies_fails_the_step_and_is_named(self, engine: Engine, place: Path, death: str) -> None:
        source = f"# %%\nimport os, signal\nprint('before')\n# %%\n{death}\n# %%\nprint('never')"
        result, _ = run(engine, spec(place, source))
        assert result.state is StepState.FAILED
        assert re.search("kernel died", result.error, re.IGNORECASE)
        assert "\n" not in result.error
        assert "before" in printed(result)

    def test_a_kernel_that_was_killed_is_said_to_be(self, engine: Engine, place: Path) -> None:
        result, _ = run(engine, spec(place, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"))
        assert result.error == "the kernel died: SIGKILL, probably for lack of memory"
        result, _ = run(engine, spec(place, "import os\nos._exit(3)"))
        assert result.error == "the kernel died: it ended with code 3"

    @pytest.mark.parametrize("who", ["the kernel", "a child of it"])
    def test_a_step_that_uses_more_than_its_memory_is_ended_and_named(
        self, engine: Engine, place: Path, who: str
    ) -> None:
        use = "held = [b'x' * 10_000_000 + bytes([n]) for n in range(250) if not time.sleep(0.02)]"
        child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {f'import time; {use}'!r}])"
        source = f"# %%\nprint('before')\n# %%\nimport time\n{use if who == 'the kernel' else child}\nprint('never')"
        result, _ = run(engine, spec(place, source, memory=600 * 2**20))
        assert (result.state, result.error) == (StepState.FAILED, "it used more than its 600 MiB of memory")
        assert printed(result) == "before\n"

    def test_a_step_within_its_memory_runs_to_its_end(self, engine: Engine, place: Path) -> None:
        result, _ = run(engine, spec(place, "held = b'x' * 50_000_000\nprint(len(held))", memory=2**30))
        assert (result.state, result.error) == (StepState.DONE, "")

    @pytest.mark.parametrize("ask", ["input('name? ')", "import getpass; getpass.getpass()"])
    def test_a_step_that_waits_for_somebody_to_type_fails_at_once(self, engine: Engine, place: Path, ask: str) -> None:
        result, _ = run(engine, spec(place, f"{ask}\nprint('never')", timeout=60.0))
        assert result.state is StepState.FAILED
        assert "it waits for somebody to type; make what was typed a parameter" in result.error

    def test_a_step_opens_no_browser_and_notes_it(self, engine: Engine, place: Path) -> None:
        (place / "browser").write_text(f"#!/bin/sh\ntouch '{place}/opened'\n")
        (place / "browser").chmod(0o755)
        source = (
            "import webbrowser\nfrom webbrowser import open_new_tab\n"
            "print(webbrowser.open('http://127.0.0.1:1/a'), open_new_tab('http://127.0.0.1:1/b'))\n"
            "webbrowser.get().open('http://127.0.0.1:1/c')"
        )
        result, _ = run(engine, spec(place, source, environment={"BROWSER": str(place / "browser")}))
        assert printed(result) == "True True\n"
        assert not (place / "opened").exists()
        text = Path(result.notebook).read_text()
        assert text.count("nbmlops opens no browser in a step: http://127.0.0.1:1/") == 3

    def test_a_step_that_prints_without_end_keeps_a_part_and_says_so(self, engine: Engine, place: Path) -> None:
        source = (
            "# %%\nline = 'x' * 999_999\nfor _ in range(300):\n    print(line)\nprint('last')\n"
            "# %%\nprint('after')\nraise ValueError('and its errors are told')"
        )
        result, _ = run(engine, spec(place, source))
        assert "ValueError: and its errors are told" in result.error
        assert printed(result).endswith("after\n")
        assert "nbmlops left out 290," in Path(result.notebook).read_text()
        assert 9_000_000 < Path(result.notebook).stat().st_size < 30_000_000

    def test_a_notebook_that_is_not_there_fails_the_step(self, engine: Engine, place: Path) -> None:
        wanted = spec(place, "1")
        Path(wanted.notebook).unlink()
        result, _ = run(engine, wanted)
        assert result.state is StepState.FAILED
        assert Path(wanted.notebook).name in result.error

    def test_a_kernel_that_is_not_installed_fails_the_step_and_is_named(self, engine: Engine, place: Path) -> None:
        result, _ = run(engine, spec(place, "1", kernel="no-such-kernel"))
        assert result.state is StepState.FAILED
        assert "no-such-kernel" in result.error

    def test_much_output_neither_blocks_nor_gets_lost(self, engine: Engine, place: Path) -> None:
        source = "import sys\nfor i in range(20):\n    print('x' * 100_000)\n    print('y' * 100_000, file=sys.stderr)"
        result, _ = run(engine, spec(place, source))
        assert result.state is StepState.DONE
        assert printed(result).count("x") == 2_000_000

    def test_output_that_is_not_text_of_ours_does_not_disturb_the_reports(self, engine: Engine, place: Path) -> None:
        """A child of the kernel writes to the file descriptors of whoever started it."""
        source = 'import os\nos.system("echo not json; echo \'{broken\' >&2")\nos.write(1, b"\\xff\\xfe{}\\n")'
        assert run(engine, spec(place, source))[0].state is StepState.DONE

    def test_a_table_is_shown_as_in_any_kernel(self, engine: Engine, place: Path) -> None:
        """pandas asks for the shell when it is imported, and decides then how wide a table may be."""
        source = "import pandas as pd\nprint(pd.get_option('display.max_columns'))"
        engine.prepare([Path(spec(place, source).notebook)])
        for is_fresh in (False, True):
            assert printed(run(engine, spec(place, source, is_fresh=is_fresh))[0]) == "20\n"

    def test_two_steps_draw_different_random_numbers(self, engine: Engine, place: Path) -> None:
        source = "import random\nimport numpy as np\nprint(random.random(), np.random.rand())"
        engine.prepare([Path(spec(place, source).notebook)])
        drawn = [number for _ in range(2) for number in printed(run(engine, spec(place, source))[0]).split()]
        assert len(set(drawn)) == 4

    def test_an_earlier_executed_notebook_is_replaced(self, engine: Engine, place: Path) -> None:
        wanted = spec(place, "print('new')")
        Path(wanted.output).parent.mkdir(parents=True)
        Path(wanted.output).write_text("old")
        assert "new" in printed(run(engine, wanted)[0])

    @pytest.mark.parametrize("sleeper", ["time.sleep(600)", "stubborn()"])
    def test_an_interrupt_of_the_caller_ends_the_kernel_and_keeps_what_was_done(
        self, engine: Engine, place: Path, sleeper: str
    ) -> None:
        source = (
            "# %%\nimport os, time\nprint('before')\nopen('pid', 'w').write(str(os.getpid()))\n"
            "def stubborn():\n    while True:\n        try:\n            time.sleep(600)\n"
            f"        except KeyboardInterrupt:\n            pass\n# %%\n{sleeper}"
        )
        wanted = spec(place, source)
        pid = Path(wanted.folder) / "pid"
        with (
            interrupting(lambda: sleeper if pid.exists() and pid.read_text() else ""),
            pytest.raises(KeyboardInterrupt),
        ):
            engine.run(wanted, lambda event: None, Stop())
        kernel = int(pid.read_text())
        assert wait_until_gone(kernel), "the kernel outlives its step"
        if sleeper != "stubborn()":
            assert "before" in Path(wanted.output).read_text()

    def test_a_step_that_is_asked_to_stop_ends_with_its_kernel_and_keeps_what_was_done(
        self, engine: Engine, place: Path
    ) -> None:
        source = (
            "# %%\nimport os, time\nprint('before')\nopen('pid', 'w').write(str(os.getpid()))\n# %%\ntime.sleep(600)"
        )
        wanted, stop = spec(place, source), Stop()
        pid = Path(wanted.folder) / "pid"

        def ask() -> None:
            _wait_for(pid)
            stop.ask()

        watcher = threading.Thread(target=ask)
        watcher.start()
        result = engine.run(wanted, lambda event: None, stop)
        watcher.join()
        assert result.state is StepState.KILLED
        assert wait_until_gone(int(pid.read_text())), "the kernel outlives its step"
        assert "before" in Path(wanted.output).read_text()

    def test_a_step_that_takes_too_long_fails_by_name(self, engine: Engine, place: Path) -> None:
        source = "# %%\nprint('before')\n# %%\nimport time; time.sleep(600)"
        result, _ = run(engine, spec(place, source, timeout=8.0))
        assert (result.state, result.error) == (StepState.FAILED, "not done after 8 seconds, its timeout")
        assert "before" in printed(result)

    def test_two_steps_at_once_do_not_meet(self, engine: Engine, place: Path) -> None:
        results: dict[str, str] = {}

        def one(name: str) -> None:
            (place / name).mkdir()
            result, _ = run(engine, spec(place / name, f"import time\ntime.sleep(1)\nprint('{name}')"))
            results[name] = printed(result)

        threads = [threading.Thread(target=one, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == {"one": "one\n", "two": "two\n"}

    def test_it_says_in_a_few_words_where_it_runs(self, engine: Engine) -> None:
        assert 0 < len(engine.describe()) < 60
        assert "\n" not in engine.describe()


def spec(place: Path, source: str, **more: Any) -> StepSpec:
    """A step whose notebook is written from text, between folders of its own."""
    notebook = place / "étape 1.ipynb"
    notebook.write_text(notebook_file(source), encoding="utf-8")
    folder = place / "working here"
    folder.mkdir(exist_ok=True)
    return StepSpec(
        step="step",
        notebook=str(notebook),
        output=str(place / "out" / "étape 1.ipynb"),
        folder=str(folder),
        is_tracked=False,
        **more,
    )


def run(engine: Engine, wanted: StepSpec) -> tuple[StepResult, list[StepProgress]]:
    events: list[StepProgress] = []
    return engine.run(wanted, events.append, Stop()), events


def printed(result: StepResult) -> str:
    """Standard output of all cells of the executed notebook."""
    node = nbformat.read(result.notebook, as_version=4)
    outputs = [output for cell in node.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")


class interrupting:
    """Ctrl-C for this process a moment after `is_time` has said so for the first time."""

    def __init__(self, is_time: Any, seconds: float = 90.0) -> None:
        self._is_time = is_time
        self._until = time.monotonic() + seconds
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._is_over.wait(0.05):
            if self._is_time() or time.monotonic() > self._until:
                time.sleep(0.5)
                if not self._is_over.is_set():
                    os.kill(os.getpid(), signal.SIGINT)
                return

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._thread.join()
        signal.signal(signal.SIGINT, self._before)


def _wait_for(path: Path, seconds: float = 90.0) -> None:
    until = time.monotonic() + seconds
    while not (path.exists() and path.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.3)


def wait_until_gone(pid: int, seconds: float = GONE_SECONDS) -> bool:
    """Whether a process has ended within some time."""
    until = time.monotonic() + seconds
    while process_started(pid) > 0:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
