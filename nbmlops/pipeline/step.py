"""Executes one step: `python -m nbmlops.pipeline.step SPEC.json`. The same program on every engine.

It reads a StepSpec, executes the notebook with papermill, writes the executed notebook (also when a cell fails) and
reports as JSON lines on standard output: StepProgress while it goes, one StepResult at the end.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.lib.child import claim_output, end_with_parent
from nbmlops.lib.lean_imports import lean_imports
from nbmlops.lib.sizes import size_shown
from nbmlops.model.pipeline import StepResult, StepState
from nbmlops.pipeline.memory import oom_kills, watching, with_children
from nbmlops.pipeline.namespace import VARIABLE, folder_of
from nbmlops.pipeline.unattended import PRELUDE
from nbmlops.pipeline.warm.nursery import KERNEL_VARIABLE
from nbmlops.ports import StepProgress, StepSpec

LONGEST_ERROR = 500
NOBODY_TYPES = "StdinNotImplementedError"
"""What a kernel raises for input() and getpass() where nobody sits."""
SAME_HASHES = {"PYTHONHASHSEED": "0"}
"""Sets of text come in the same order in every step and every run, unless somebody has chosen otherwise."""


def main(spec_path: str) -> int:
    spec = msgspec.json.decode(Path(spec_path).read_bytes(), type=StepSpec)
    report = claim_output()
    end_with_parent()
    began = time.monotonic()
    state, error = StepState.DONE, ""
    watch = None
    ended_before = oom_kills()
    try:
        with watching(spec.memory, _kernels()) as watch:
            _execute(spec, report)
    except KeyboardInterrupt:
        state, error = StepState.KILLED, "stopped by the user"
    except Exception as problem:  # noqa: BLE001 - whatever a notebook or its kernel does is the step's failure
        state, error = StepState.FAILED, _one_line(problem)
        if watch is not None and watch.is_over:
            error = f"it used more than its {size_shown(spec.memory)} of memory"
        elif isinstance(code := getattr(problem, "kernel_code", None), int):
            error = _death(code, is_out_of_memory=oom_kills() > ended_before)
        if getattr(problem, "ename", "") == "KeyboardInterrupt":
            state, error = StepState.KILLED, "stopped by the user"
    report(
        StepResult(
            step=spec.step,
            state=state,
            seconds=round(time.monotonic() - began, 3),
            notebook=spec.output if Path(spec.output).is_file() else "",
            error=error,
        )
    )
    return 0 if state is StepState.DONE else 1


def _execute(spec: StepSpec, report: Any) -> None:
    with lean_imports():
        import papermill

    os.environ.update({**SAME_HASHES, **os.environ, **spec.environment})
    os.environ[VARIABLE] = str(folder_of(Path(spec.output)))
    Path(spec.output).parent.mkdir(parents=True, exist_ok=True)
    papermill.execute_notebook(
        spec.notebook,
        spec.output,
        parameters=spec.parameters,
        engine_name="nbmlops",
        kernel_name=spec.kernel,
        cwd=spec.folder,
        progress_bar=False,
        is_tracked=spec.is_tracked,
        prelude=PRELUDE,
        on_cell=lambda cell, total, preview: report(
            StepProgress(step=spec.step, cell=cell, total=total, preview=preview)
        ),
    )


def _kernels() -> Callable[[], list[int]]:
    """The processes in which the step's code runs: one that was forked with this step, and whatever this one starts."""
    waiting = os.environ.get(KERNEL_VARIABLE, "").split(":")
    forked = [int(waiting[1])] if len(waiting) > 1 else []

    def processes() -> list[int]:
        return [*forked, *(each for each in with_children([os.getpid()]) if each != os.getpid())]

    return processes


def _death(code: int, *, is_out_of_memory: bool) -> str:
    if code == -signal.SIGKILL:
        why = "the system has ended it for lack of memory" if is_out_of_memory else "probably for lack of memory"
        return f"the kernel died: SIGKILL, {why}"
    how = signal.Signals(-code).name if code < 0 else f"it ended with code {code}"
    return f"the kernel died: {how}"


def _one_line(problem: BaseException) -> str:
    """What a person wants to know first: the exception of the cell, not of the machinery."""
    name, value = getattr(problem, "ename", ""), getattr(problem, "evalue", "")
    if name == NOBODY_TYPES:
        value = "it waits for somebody to type; make what was typed a parameter"
    if name:
        count = getattr(problem, "exec_count", None)
        where = f"cell [{count}]: " if count else ""
        return f"{where}{name}: {_flat(value)}"
    return f"{type(problem).__name__}: {_flat(problem)}"


def _flat(text: object) -> str:
    """An exception's words may be many lines: the traceback in the executed notebook has them all."""
    return " ".join(str(text).split())[:LONGEST_ERROR]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
