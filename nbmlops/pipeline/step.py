"""Executes one step: `python -m nbmlops.pipeline.step SPEC.json`. The same program on every engine.

It reads a StepSpec, executes the notebook with papermill, writes the executed notebook (also when a cell fails) and
reports as JSON lines on standard output: StepProgress while it goes, one StepResult at the end.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.lib.child import claim_output, end_with_parent
from nbmlops.lib.lean_imports import lean_imports
from nbmlops.model.pipeline import StepResult, StepState
from nbmlops.pipeline.namespace import VARIABLE, folder_of
from nbmlops.ports import StepProgress, StepSpec

LONGEST_ERROR = 500
SAME_HASHES = {"PYTHONHASHSEED": "0"}
"""Sets of text come in the same order in every step and every run, unless somebody has chosen otherwise."""


def main(spec_path: str) -> int:
    spec = msgspec.json.decode(Path(spec_path).read_bytes(), type=StepSpec)
    report = claim_output()
    end_with_parent()
    began = time.monotonic()
    state, error = StepState.DONE, ""
    try:
        _execute(spec, report)
    except KeyboardInterrupt:
        state, error = StepState.KILLED, "stopped by the user"
    except Exception as problem:  # noqa: BLE001 - whatever a notebook or its kernel does is the step's failure
        state, error = StepState.FAILED, _one_line(problem)
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
        on_cell=lambda cell, total, preview: report(
            StepProgress(step=spec.step, cell=cell, total=total, preview=preview)
        ),
    )


def _one_line(problem: BaseException) -> str:
    """What a person wants to know first: the exception of the cell, not of the machinery."""
    name, value = getattr(problem, "ename", ""), getattr(problem, "evalue", "")
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
